//! A thread that may make only the system calls it was given; another one ends the process and is named.
//!
//! Linux only. It is for a process of its own that a test starts: there is no way back.

/// Where a signal's information has the number of the system call. Source: sigaction(2), `si_syscall`.
const NUMBER_AT: usize = 24;

/// From now on the thread that calls this may only make the system calls `allowed`, write to standard error and
/// end the process. Any other ends the process with status 99 and its number on standard error. There is no way
/// back.
pub fn only(allowed: &[libc::c_long]) -> std::io::Result<()> {
    let filter = program(allowed);
    let whole = libc::sock_fprog {
        len: filter.len() as u16,
        filter: filter.as_ptr().cast_mut(),
    };
    let handler: extern "C" fn(i32, *const u8, *const u8) = named;
    // SAFETY: all zeroes is a value of it.
    let mut action: libc::sigaction = unsafe { core::mem::zeroed() };
    action.sa_sigaction = handler as usize;
    action.sa_flags = libc::SA_SIGINFO;
    // SAFETY: the handler only calls what a handler may; the program lives over the call, which reads it.
    let done = unsafe {
        libc::sigaction(libc::SIGSYS, &raw const action, core::ptr::null_mut()) == 0
            && libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0
            && libc::prctl(
                libc::PR_SET_SECCOMP,
                libc::SECCOMP_MODE_FILTER as libc::c_ulong,
                core::ptr::from_ref(&whole),
            ) == 0
    };
    if done {
        Ok(())
    } else {
        Err(std::io::Error::last_os_error())
    }
}

/// Ends the process at once, which a trapped thread may.
pub fn end(status: i32) -> ! {
    // SAFETY: it ends the process and touches nothing of it.
    unsafe { libc::_exit(status) }
}

/// The number of the call, then what is allowed one after the other, then the trap.
fn program(allowed: &[libc::c_long]) -> Vec<libc::sock_filter> {
    use libc::{BPF_ABS, BPF_JEQ, BPF_JMP, BPF_K, BPF_LD, BPF_RET, BPF_W};
    let one = |code: u32, jt: u8, jf: u8, k: u32| libc::sock_filter {
        code: code as u16,
        jt,
        jf,
        k,
    };
    let equal = |number: u32, yes: u8, no: u8| one(BPF_JMP | BPF_JEQ | BPF_K, yes, no, number);
    let end = |with: u32| one(BPF_RET | BPF_K, 0, 0, with);
    let load = |at: u32| one(BPF_LD | BPF_W | BPF_ABS, 0, 0, at);
    let mut all = vec![load(0)];
    for &number in allowed.iter().chain(&[libc::SYS_exit_group]) {
        all.extend([equal(number as u32, 0, 1), end(libc::SECCOMP_RET_ALLOW)]);
    }
    // The first argument of a write is where to.
    all.extend([
        equal(libc::SYS_write as u32, 0, 3),
        load(16),
        equal(libc::STDERR_FILENO as u32, 0, 1),
        end(libc::SECCOMP_RET_ALLOW),
        end(libc::SECCOMP_RET_TRAP),
    ]);
    all
}

/// Says which call it was, without the allocator and without a lock.
extern "C" fn named(_signal: i32, info: *const u8, _context: *const u8) {
    // SAFETY: the kernel hands a signal's information over, which is longer than this.
    let number = unsafe { info.add(NUMBER_AT).cast::<i32>().read_unaligned() };
    let mut text = *b"system call 0000 is not allowed here\n";
    let mut rest = number.unsigned_abs();
    for digit in text[12..16].iter_mut().rev() {
        *digit = b'0' + (rest % 10) as u8;
        rest /= 10;
    }
    // SAFETY: the text is that long.
    unsafe { libc::write(libc::STDERR_FILENO, text.as_ptr().cast(), text.len()) };
    end(99)
}
