//! Sees system calls: a seccomp filter on this thread traps all but those that memory, the verdict and the end
//! need. The handler says which call it was and ends the process.

use super::linux::report;
use core::cell::Cell;
use core::ffi::{c_int, c_void};

thread_local! {
    /// What runs; read by the handler.
    static DOING: Cell<&'static str> = const { Cell::new("") };
}

/// Runs `call` under the name that the handler will say.
pub(crate) fn guarded(name: &'static str, call: &mut dyn FnMut()) {
    DOING.set(name);
    call();
    DOING.set("");
}

/// What the allocator does between calls (it is watched by other means), the verdict, the end.
const PERMITTED: &[i64] = &[
    libc::SYS_mmap,
    libc::SYS_munmap,
    libc::SYS_mremap,
    libc::SYS_mprotect,
    libc::SYS_madvise,
    libc::SYS_brk,
    libc::SYS_rt_sigreturn,
    libc::SYS_exit_group,
];

const LOAD: u16 = (libc::BPF_LD | libc::BPF_W | libc::BPF_ABS) as u16;
const EQUAL: u16 = (libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K) as u16;
const RETURN: u16 = (libc::BPF_RET | libc::BPF_K) as u16;

/// From here on this thread may compute, and nothing else, until the process ends.
pub(crate) fn no_system_calls() -> Result<(), String> {
    let (fd, _) = report();
    let op = |code, k, jt, jf| libc::sock_filter { code, jt, jf, k };
    let mut filter = vec![op(LOAD, 0, 0, 0)];
    for &number in PERMITTED {
        filter.push(op(EQUAL, number as u32, 0, 1));
        filter.push(op(RETURN, libc::SECCOMP_RET_ALLOW, 0, 0));
    }
    // Writing, to the verdict's descriptor only. Its number is at 0, its first argument at 16.
    filter.push(op(EQUAL, libc::SYS_write as u32, 0, 3));
    filter.push(op(LOAD, 16, 0, 0));
    filter.push(op(EQUAL, fd as u32, 0, 1));
    filter.push(op(RETURN, libc::SECCOMP_RET_ALLOW, 0, 0));
    filter.push(op(RETURN, libc::SECCOMP_RET_TRAP, 0, 0));
    let program = libc::sock_fprog {
        len: filter.len() as u16,
        filter: filter.as_mut_ptr(),
    };
    // SAFETY: the handler calls only what a handler may; the program is readable for the call.
    unsafe {
        let mut action: libc::sigaction = core::mem::zeroed();
        action.sa_sigaction = trapped as *const () as usize;
        action.sa_flags = libc::SA_SIGINFO;
        let set = libc::sigaction(libc::SIGSYS, &action, core::ptr::null_mut());
        let quiet = libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
        let mode = libc::SECCOMP_MODE_FILTER;
        let on = libc::prctl(libc::PR_SET_SECCOMP, mode, core::ptr::from_ref(&program));
        if set != 0 || quiet != 0 || on != 0 {
            return Err(std::io::Error::last_os_error().to_string());
        }
    }
    Ok(())
}

extern "C" fn trapped(_: c_int, info: *mut libc::siginfo_t, _: *mut c_void) {
    // Where the kernel puts the number of the call: after three ints and the address of the instruction.
    // SAFETY: the kernel lends the info of a SIGSYS, which is at least that long.
    let number = unsafe { info.cast::<i32>().add(6).read() };
    let (fd, begin) = report();
    let name = name(i64::from(number));
    let words = [
        begin,
        DOING.get(),
        "() made the system call ",
        name,
        " on the audio thread\n",
    ];
    for word in words {
        // SAFETY: readable for its length; permitted by the filter.
        unsafe { libc::write(fd, word.as_ptr().cast(), word.len()) };
    }
    // SAFETY: does not return.
    unsafe { libc::_exit(0) }
}

fn name(number: i64) -> &'static str {
    match number {
        libc::SYS_read => "read",
        libc::SYS_write => "write",
        libc::SYS_openat => "open",
        libc::SYS_close => "close",
        libc::SYS_futex => "futex (it waits for a lock or wakes one who waits)",
        libc::SYS_clock_nanosleep | libc::SYS_nanosleep => "nanosleep",
        libc::SYS_sched_yield => "sched_yield",
        libc::SYS_clock_gettime => "clock_gettime",
        libc::SYS_getrandom => "getrandom",
        libc::SYS_sendto => "send",
        libc::SYS_socket => "socket",
        libc::SYS_ioctl => "ioctl",
        libc::SYS_newfstatat | libc::SYS_fstat => "stat",
        libc::SYS_getpid | libc::SYS_gettid => "getpid",
        libc::SYS_ppoll => "poll",
        _ => "(of another name)",
    }
}
