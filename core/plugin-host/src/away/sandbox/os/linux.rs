//! The filter of system calls, as the kernel takes it. `unsafe` only hands a finished array to it.
//!
//! What is not listed fails with EPERM, so that a plugin that tries is told and not killed. Source:
//! seccomp(2), BPF_JEQ and its like in linux/bpf_common.h.

use libc::{
    BPF_ABS, BPF_ALU, BPF_AND, BPF_JEQ, BPF_JMP, BPF_K, BPF_LD, BPF_RET, BPF_W, SECCOMP_RET_ALLOW,
    SECCOMP_RET_ERRNO, SECCOMP_RET_KILL_PROCESS, c_long, sock_filter, sock_fprog,
};
use std::io;
use std::os::fd::{AsRawFd, BorrowedFd};

/// What may be called beside computing.
#[derive(Debug, Clone, Copy)]
pub(in super::super) struct Calls {
    /// Files may be written and made.
    pub(in super::super) write: bool,
    /// Devices may be told what only they know.
    pub(in super::super) device: bool,
    /// Sockets may be made.
    pub(in super::super) net: bool,
}

/// AUDIT_ARCH of linux/audit.h.
#[cfg(target_arch = "x86_64")]
const ARCH: u32 = 0xC000_003E;
#[cfg(target_arch = "aarch64")]
const ARCH: u32 = 0xC000_00B7;

/// Offsets into `seccomp_data`. The low half of an argument stands first on both machines.
const NUMBER: u32 = 0;
const MACHINE: u32 = 4;
const fn argument(n: u32) -> u32 {
    16 + 8 * n
}

const ALWAYS: &[c_long] = &[
    libc::SYS_read,
    libc::SYS_write,
    libc::SYS_readv,
    libc::SYS_writev,
    libc::SYS_pread64,
    libc::SYS_close,
    libc::SYS_fstat,
    libc::SYS_newfstatat,
    libc::SYS_statx,
    libc::SYS_lseek,
    libc::SYS_faccessat,
    libc::SYS_readlinkat,
    libc::SYS_getdents64,
    libc::SYS_getcwd,
    libc::SYS_mmap,
    libc::SYS_mprotect,
    libc::SYS_munmap,
    libc::SYS_mremap,
    libc::SYS_madvise,
    libc::SYS_brk,
    libc::SYS_membarrier,
    libc::SYS_rt_sigaction,
    libc::SYS_rt_sigprocmask,
    libc::SYS_rt_sigreturn,
    libc::SYS_sigaltstack,
    libc::SYS_restart_syscall,
    libc::SYS_futex,
    libc::SYS_set_robust_list,
    libc::SYS_rseq,
    libc::SYS_sched_yield,
    libc::SYS_sched_getaffinity,
    libc::SYS_clock_gettime,
    libc::SYS_clock_getres,
    libc::SYS_clock_nanosleep,
    libc::SYS_nanosleep,
    libc::SYS_gettimeofday,
    libc::SYS_getrandom,
    libc::SYS_getpid,
    libc::SYS_gettid,
    libc::SYS_getuid,
    libc::SYS_geteuid,
    libc::SYS_getgid,
    libc::SYS_getegid,
    libc::SYS_uname,
    libc::SYS_sysinfo,
    libc::SYS_getrusage,
    libc::SYS_dup,
    libc::SYS_dup3,
    libc::SYS_pipe2,
    libc::SYS_eventfd2,
    libc::SYS_ppoll,
    libc::SYS_epoll_create1,
    libc::SYS_epoll_ctl,
    libc::SYS_epoll_pwait,
    libc::SYS_sendmsg,
    libc::SYS_recvmsg,
    libc::SYS_sendto,
    libc::SYS_recvfrom,
    libc::SYS_exit,
    libc::SYS_exit_group,
];

/// Older names that this machine still has.
#[cfg(target_arch = "x86_64")]
const OLDER: &[c_long] = &[
    libc::SYS_poll,
    libc::SYS_stat,
    libc::SYS_lstat,
    libc::SYS_access,
    libc::SYS_readlink,
    libc::SYS_epoll_wait,
    libc::SYS_time,
    libc::SYS_arch_prctl,
];
#[cfg(not(target_arch = "x86_64"))]
const OLDER: &[c_long] = &[];

const WRITING: &[c_long] = &[
    libc::SYS_pwrite64,
    libc::SYS_ftruncate,
    libc::SYS_fsync,
    libc::SYS_fdatasync,
    libc::SYS_mkdirat,
    libc::SYS_unlinkat,
    libc::SYS_renameat2,
    libc::SYS_fallocate,
    libc::SYS_flock,
];

const NET: &[c_long] = &[
    libc::SYS_socket,
    libc::SYS_connect,
    libc::SYS_bind,
    libc::SYS_listen,
    libc::SYS_accept4,
    libc::SYS_getsockname,
    libc::SYS_getpeername,
    libc::SYS_setsockopt,
    libc::SYS_getsockopt,
    libc::SYS_shutdown,
];

/// What `fcntl` may be asked: nothing that names a process, and `F_SETFL` is looked at by itself. A descriptor with
/// an owner of another process (`F_SETOWN`, `F_SETSIG`) would send that one any signal.
const DESCRIPTORS: &[i32] = &[
    libc::F_DUPFD,
    libc::F_DUPFD_CLOEXEC,
    libc::F_GETFD,
    libc::F_SETFD,
    libc::F_GETFL,
];
/// The same, of files that may be written.
const LOCKS: &[i32] = &[
    libc::F_GETLK,
    libc::F_SETLK,
    libc::F_SETLKW,
    libc::F_OFD_GETLK,
    libc::F_OFD_SETLK,
    libc::F_OFD_SETLKW,
];
/// What a device may not be told: who gets signals for it, and what a person at a terminal would have typed.
/// Source: asm-generic/ioctls.h, asm-generic/sockios.h.
const NOT_OF_DEVICES: &[u32] = &[
    0x5452, // FIOASYNC
    0x8901, // FIOSETOWN
    0x8902, // SIOCSPGRP
    0x5410, // TIOCSPGRP
    0x540E, // TIOCSCTTY
    0x5412, // TIOCSTI
    0x541C, // TIOCLINUX
];

/// What opens a file for more than reading.
const NOT_READING: u32 =
    (libc::O_WRONLY | libc::O_RDWR | libc::O_CREAT | libc::O_TRUNC | libc::O_APPEND) as u32;
/// `PR_SET_VMA`, with which allocators name their memory.
const PR_SET_VMA: u32 = 0x5356_4d41;

fn load(from: u32) -> sock_filter {
    one(BPF_LD | BPF_W | BPF_ABS, from, 0, 0)
}

fn equal(to: u32, yes: u8, no: u8) -> sock_filter {
    one(BPF_JMP | BPF_JEQ | BPF_K, to, yes, no)
}

fn end(with: u32) -> sock_filter {
    one(BPF_RET | BPF_K, with, 0, 0)
}

fn one(code: u32, k: u32, jt: u8, jf: u8) -> sock_filter {
    sock_filter {
        code: code as u16,
        jt,
        jf,
        k,
    }
}

fn refuse(errno: i32) -> sock_filter {
    end(SECCOMP_RET_ERRNO | errno as u32)
}

/// The program: machine, then one call after the other, then no.
fn program(calls: Calls, own_process: u32) -> Vec<sock_filter> {
    let mut all = vec![
        load(MACHINE),
        equal(ARCH, 1, 0),
        end(SECCOMP_RET_KILL_PROCESS),
        load(NUMBER),
    ];
    let when = |condition: bool, list: &'static [c_long]| if condition { list } else { &[] };
    let lists = [
        ALWAYS,
        OLDER,
        when(calls.write, WRITING),
        when(calls.net, NET),
        when(calls.write, &[libc::SYS_openat]),
    ];
    for &number in lists.into_iter().flatten() {
        all.extend([equal(number as u32, 0, 1), end(SECCOMP_RET_ALLOW)]);
    }
    // Each of these looks at an argument; behind it stands what is refused.
    let argument_is = |call: c_long, at: u32, mask: u32, wanted: &[u32]| {
        let mut part = vec![
            load(argument(at)),
            one(BPF_ALU | BPF_AND | BPF_K, mask, 0, 0),
        ];
        for &value in wanted {
            part.extend([equal(value, 0, 1), end(SECCOMP_RET_ALLOW)]);
        }
        part.push(refuse(libc::EPERM));
        part.insert(0, equal(call as u32, 0, part.len() as u8));
        part
    };
    let thread = libc::CLONE_THREAD as u32;
    all.extend(argument_is(libc::SYS_clone, 0, thread, &[thread]));
    all.extend(argument_is(libc::SYS_tgkill, 0, u32::MAX, &[own_process]));
    let named = [libc::PR_SET_NAME as u32, PR_SET_VMA];
    all.extend(argument_is(libc::SYS_prctl, 0, u32::MAX, &named));
    all.extend(fcntl(calls.write));
    all.extend(own_limits());
    if calls.device {
        all.extend(ioctl());
    }
    if !calls.write {
        all.extend(argument_is(libc::SYS_openat, 2, NOT_READING, &[0]));
    }
    // The C library then uses clone, whose arguments can be seen.
    all.extend([equal(libc::SYS_clone3 as u32, 0, 1), refuse(libc::ENOSYS)]);
    all.push(refuse(libc::EPERM));
    all
}

/// These instructions, for this call only. They end with an answer, whichever way they are gone.
fn of(call: c_long, mut part: Vec<sock_filter>) -> Vec<sock_filter> {
    part.insert(0, equal(call as u32, 0, part.len() as u8));
    part
}

/// `F_SETFL` without `O_ASYNC`, and what only concerns the descriptor.
fn fcntl(write: bool) -> Vec<sock_filter> {
    let mut part = vec![load(argument(1))];
    let locks = if write { LOCKS } else { &[] };
    for &command in DESCRIPTORS.iter().chain(locks) {
        part.extend([equal(command as u32, 0, 1), end(SECCOMP_RET_ALLOW)]);
    }
    part.extend([
        equal(libc::F_SETFL as u32, 1, 0),
        refuse(libc::EPERM),
        load(argument(2)),
        one(BPF_ALU | BPF_AND | BPF_K, libc::O_ASYNC as u32, 0, 0),
        equal(0, 0, 1),
        end(SECCOMP_RET_ALLOW),
        refuse(libc::EPERM),
    ]);
    of(libc::SYS_fcntl, part)
}

/// `prlimit64` of this process, to read.
fn own_limits() -> Vec<sock_filter> {
    let mut part = Vec::new();
    // The process, and both halves of the address of new limits.
    for at in [argument(0), argument(2), argument(2) + 4] {
        part.extend([load(at), equal(0, 1, 0), refuse(libc::EPERM)]);
    }
    part.push(end(SECCOMP_RET_ALLOW));
    of(libc::SYS_prlimit64, part)
}

fn ioctl() -> Vec<sock_filter> {
    let mut part = vec![load(argument(1))];
    for &request in NOT_OF_DEVICES {
        part.extend([equal(request, 0, 1), refuse(libc::EPERM)]);
    }
    part.push(end(SECCOMP_RET_ALLOW));
    of(libc::SYS_ioctl, part)
}

/// A file that would become too large is told to the plugin by an error, not by the signal that ends it.
pub(in super::super) fn survive_large_files() -> io::Result<()> {
    // SAFETY: no handler is set, the signal is only ignored.
    match unsafe { libc::signal(libc::SIGXFSZ, libc::SIG_IGN) } {
        libc::SIG_ERR => Err(io::Error::last_os_error()),
        _ => Ok(()),
    }
}

/// Lets this process call nothing else from now on.
pub(in super::super) fn filter_calls(calls: Calls) -> io::Result<()> {
    let filter = program(calls, std::process::id());
    let whole = sock_fprog {
        len: filter.len() as u16,
        filter: filter.as_ptr().cast_mut(),
    };
    // SAFETY: the program lives over the call, which only reads it.
    let done = unsafe {
        libc::prctl(
            libc::PR_SET_SECCOMP,
            libc::SECCOMP_MODE_FILTER as libc::c_ulong,
            core::ptr::from_ref(&whole),
        )
    };
    if done == 0 {
        Ok(())
    } else {
        Err(io::Error::last_os_error())
    }
}

/// Closes what was inherited, but for the three standard ones and `line`.
pub(in super::super) fn close_all_but(line: BorrowedFd<'_>) {
    let keep = line.as_raw_fd() as u32;
    for (first, last) in [(3, keep - 1), (keep + 1, u32::MAX)] {
        if first <= last {
            // SAFETY: at the start of the program nothing of ours owns another descriptor. An older
            // kernel does not know the call; then what was inherited stays.
            let _ = unsafe { libc::syscall(libc::SYS_close_range, first, last, 0) };
        }
    }
}
