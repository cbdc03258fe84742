//! What a plugin of its own process can do to the engine behind its host's back: write over the memory and
//! into the sockets that both share.
//!
//! Of the memory nothing need be known. Of the sockets: each message begins with the length of its JSON, of the
//! bytes beside it, and the number of its request.

use core::sync::atomic::{AtomicU32, Ordering::Relaxed};
use rustix::fs::{Stat, fstat};
use rustix::mm::{MapFlags, ProtFlags, mmap};
use rustix::net::{SendFlags, send};
use std::os::fd::BorrowedFd;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// What is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scribble {
    /// Counts and numbers that nothing has room for.
    OutOfRange,
    /// Sizes that are wrong: a little in memory, by gigabytes on a line.
    WrongSize,
    /// What is no number: the bits of a float's NaN in memory, the word on a line.
    NotANumber,
    /// What was true before: memory as it was, and the answer to an earlier request.
    Stale,
}

/// The shared memory of the instance that was opened last.
static MEMORY: Mutex<Option<&'static [AtomicU32]>> = Mutex::new(None);

fn descriptors() -> impl Iterator<Item = (BorrowedFd<'static>, Stat)> {
    (3..64).filter_map(|number| {
        // SAFETY: it is none of ours to close, and one that is closed meanwhile only makes a call fail.
        let fd = unsafe { BorrowedFd::borrow_raw(number) };
        fstat(fd).ok().map(|stat| (fd, stat))
    })
}

fn is_of(stat: &Stat, kind: u32) -> bool {
    stat.st_mode & 0o170_000 == kind
}

/// Finds the memory that an instance is being opened over, which is at hand only then.
pub fn look_for_memory() {
    let Some((fd, stat)) = descriptors().find(|(_, stat)| is_of(stat, 0o100_000)) else {
        return;
    };
    let both = ProtFlags::READ | ProtFlags::WRITE;
    let bytes = stat.st_size as usize;
    // SAFETY: a new mapping at a place of the kernel's choice touches nothing that is there.
    let at = unsafe { mmap(core::ptr::null_mut(), bytes, both, MapFlags::SHARED, fd, 0) };
    let Ok(at) = at else {
        return;
    };
    // SAFETY: it is mapped that long and for good, and both sides have atomics only there.
    let words = unsafe { core::slice::from_raw_parts(at.cast::<AtomicU32>(), bytes / 4) };
    *MEMORY.lock().unwrap_or_else(PoisonError::into_inner) = Some(words);
}

/// Writes it over the memory for a while, beside whatever the host does.
pub fn over_memory(what: Scribble) {
    let memory = *MEMORY.lock().unwrap_or_else(PoisonError::into_inner);
    let words = memory.expect("it was looked for");
    let before: Vec<u32> = words.iter().map(|word| word.load(Relaxed)).collect();
    std::thread::spawn(move || {
        let end = Instant::now() + Duration::from_secs(1);
        while Instant::now() < end {
            for (word, before) in words.iter().zip(&before) {
                match what {
                    Scribble::OutOfRange => word.store(u32::MAX, Relaxed),
                    Scribble::WrongSize => word.store(word.load(Relaxed).wrapping_add(1), Relaxed),
                    Scribble::NotANumber => word.store(f32::NAN.to_bits(), Relaxed),
                    Scribble::Stale => word.store(*before, Relaxed),
                }
            }
        }
    });
}

/// Writes it into every socket but the host's own.
pub fn into_lines(what: Scribble) {
    let (length, json) = match what {
        Scribble::OutOfRange => (0, r#"{"Closed":{"status":99999999999,"said":""}}"#),
        Scribble::WrongSize => (u32::MAX, ""),
        Scribble::NotANumber => (0, r#"{"Closed":{"status":NaN,"said":""}}"#),
        Scribble::Stale => (0, r#""Done""#),
    };
    let head = [length.max(json.len() as u32), 0, 0];
    let mut message: Vec<u8> = head.into_iter().flat_map(u32::to_le_bytes).collect();
    message.extend_from_slice(json.as_bytes());
    let main = fstat(rustix::stdio::stdin()).map(|stat| stat.st_ino);
    for (fd, stat) in descriptors().filter(|(_, stat)| is_of(stat, 0o140_000)) {
        if main != Ok(stat.st_ino) {
            // A socket of another kind takes none, and need not.
            let _ = send(fd, &message, SendFlags::DONTWAIT);
        }
    }
}
