//! Linux: counts from /proc, signals, the end of a process.

use std::os::unix::process::ExitStatusExt as _;
use std::process::ExitStatus;
use std::sync::OnceLock;

/// Descriptor that the verdict goes out on; the plugin does not know it.
static REPORT: OnceLock<(i32, String)> = OnceLock::new();

/// Takes a second handle of standard output, and what a verdict of failure begins with.
pub(crate) fn remember(begin: String) {
    // SAFETY: a call without pointers.
    let fd = unsafe { libc::fcntl(1, libc::F_DUPFD_CLOEXEC, 900) };
    REPORT.get_or_init(|| (fd, begin));
}

/// Where the verdict goes, and how one of failure begins.
pub(crate) fn report() -> (i32, &'static str) {
    REPORT.get().map_or((1, ""), |(fd, begin)| (*fd, begin))
}

/// Writes `line` and ends the process at once: no destructor, no handler of the plugin runs.
pub(crate) fn end(line: &str) -> ! {
    let (fd, _) = report();
    let fd = if fd < 0 { 1 } else { fd };
    // SAFETY: the line is readable for its length; the second call does not return.
    unsafe {
        libc::write(fd, line.as_ptr().cast(), line.len());
        libc::_exit(0)
    }
}

/// Ends a process and all that it started, but for those who left its group.
pub(crate) fn end_group(leader: u32) {
    if let Ok(leader @ 1..) = libc::pid_t::try_from(leader) {
        // SAFETY: a call without pointers.
        unsafe { libc::kill(-leader, libc::SIGKILL) };
    }
}

/// How a process ended, in words.
pub(crate) fn ending(status: ExitStatus) -> String {
    let Some(signal) = status.signal() else {
        return format!(
            "exit {} from inside the plugin",
            status.code().unwrap_or(-1)
        );
    };
    let name = match signal {
        libc::SIGSEGV => "segmentation fault",
        libc::SIGABRT => "abort",
        libc::SIGILL => "illegal instruction",
        libc::SIGFPE => "division by zero",
        libc::SIGBUS => "bus error",
        libc::SIGXFSZ => "file too large, not handled",
        libc::SIGPIPE => "broken pipe",
        _ => "signal",
    };
    format!("{name} (signal {signal})")
}

/// Memory in use by this process. Unit: KiB.
pub(crate) fn resident_kib() -> u64 {
    let text = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok())
        .unwrap_or(0)
}

/// Open descriptors.
pub(crate) fn descriptors() -> usize {
    std::fs::read_dir("/proc/self/fd").map_or(0, Iterator::count)
}

/// Threads.
pub(crate) fn threads() -> usize {
    std::fs::read_dir("/proc/self/task").map_or(0, Iterator::count)
}

/// Which signals have a handler.
pub(crate) fn signal_handlers() -> Vec<(i32, usize)> {
    (1..=31)
        .map(|signal| {
            // SAFETY: zero is a value of the struct, which the call fills.
            let action = unsafe {
                let mut action: libc::sigaction = core::mem::zeroed();
                libc::sigaction(signal, core::ptr::null(), &mut action);
                action
            };
            (signal, action.sa_sigaction)
        })
        .collect()
}

/// No file may grow beyond `bytes`; who tries gets an error, as on a full disk.
pub(crate) fn limit_files(bytes: u64) {
    let limit = libc::rlimit {
        rlim_cur: bytes,
        rlim_max: bytes,
    };
    // SAFETY: the struct is readable; the signal is ignored so that the error is seen.
    unsafe {
        libc::signal(libc::SIGXFSZ, libc::SIG_IGN);
        libc::setrlimit(libc::RLIMIT_FSIZE, &limit);
    }
}

/// What this thread has computed so far. Unit: ns.
pub(crate) fn cpu_ns() -> u64 {
    let mut time = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: the struct is writable.
    unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &mut time) };
    time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64
}
