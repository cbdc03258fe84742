//! Memory shared with a plugin's process, and sleep and wake-up by it. The one file of this folder with `unsafe`.

use core::ptr::NonNull;
pub(crate) use core::sync::atomic::AtomicU32;
use rustix::fs::{MemfdFlags, SealFlags, fcntl_add_seals, fstat, ftruncate, memfd_create};
use rustix::mm::{MapFlags, ProtFlags, mmap, munmap};
use rustix::thread::{Timespec, futex};
use rustix::time::{ClockId, clock_gettime};
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::time::Duration;

/// Shared words, all read and written as atomics: what the other side does to them is never undefined
/// behaviour, only wrong.
#[derive(Debug)]
pub(crate) struct Region {
    at: NonNull<AtomicU32>,
    words: usize,
}

// SAFETY: the mapping belongs to this value alone and holds atomics only.
unsafe impl Send for Region {}
// SAFETY: as above.
unsafe impl Sync for Region {}

impl Region {
    /// New zeroed memory, which nobody can make shorter under the feet of the other side.
    pub(crate) fn make(words: usize) -> io::Result<(Self, OwnedFd)> {
        let flags = MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING;
        let fd = memfd_create(c"offhook-plugin", flags)?;
        ftruncate(&fd, (words * size_of::<u32>()) as u64)?;
        fcntl_add_seals(&fd, SealFlags::SHRINK | SealFlags::GROW | SealFlags::SEAL)?;
        Ok((Self::map(&fd, words)?, fd))
    }

    /// Memory that the other side has made.
    pub(crate) fn of(fd: &impl AsFd) -> io::Result<Self> {
        let bytes = usize::try_from(fstat(fd)?.st_size).map_err(io::Error::other)?;
        Self::map(fd, bytes / size_of::<u32>())
    }

    fn map(fd: &impl AsFd, words: usize) -> io::Result<Self> {
        let both = ProtFlags::READ | ProtFlags::WRITE;
        let bytes = words * size_of::<u32>();
        // SAFETY: a new mapping at a place of the kernel's choice touches nothing that is there.
        let at = unsafe { mmap(core::ptr::null_mut(), bytes, both, MapFlags::SHARED, fd, 0) }?;
        let at = NonNull::new(at.cast()).ok_or_else(|| io::Error::other("mapped nowhere"))?;
        Ok(Self { at, words })
    }

    /// All of it.
    pub(crate) fn words(&self) -> &[AtomicU32] {
        // SAFETY: the mapping is that long, page-aligned, lives as long as `self`, and its file cannot
        // shrink; zero is a value of an atomic.
        unsafe { core::slice::from_raw_parts(self.at.as_ptr(), self.words) }
    }
}

impl Drop for Region {
    fn drop(&mut self) {
        // SAFETY: the mapping is this value's own, and no borrow of it is left.
        let _ = unsafe { munmap(self.at.as_ptr().cast(), self.words * size_of::<u32>()) };
    }
}

/// Sleeps while `word` is `value`, `at_most` so long. May end early: whoever sleeps looks again.
pub(crate) fn sleep_while(word: &AtomicU32, value: u32, at_most: Duration) {
    let wait = Timespec {
        tv_sec: at_most.as_secs() as i64,
        tv_nsec: i64::from(at_most.subsec_nanos()),
    };
    // Woken, too late, changed meanwhile, interrupted: all the same.
    let _ = futex::wait(word, futex::Flags::empty(), value, Some(&wait));
}

/// Wakes who sleeps while `word` is what it was, in whichever process.
pub(crate) fn wake(word: &AtomicU32) {
    // This can only fail for an address that is none.
    let _ = futex::wake(word, futex::Flags::empty(), 1);
}

/// The same clock in all processes. Unit: ns.
pub(crate) fn monotonic_ns() -> u64 {
    let now = clock_gettime(ClockId::Monotonic);
    (now.tv_sec as u64)
        .wrapping_mul(1_000_000_000)
        .wrapping_add(now.tv_nsec as u64)
}
