//! An allocator that counts, so that a test can show that something does not allocate, and a trap for system calls.
//!
//! What it is not: it is part of nothing that ships.

#![allow(unsafe_code)]

#[cfg(target_os = "linux")]
pub mod trap;

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

thread_local! {
    /// Of this thread only, so that the test runner's own threads do not count.
    static CALLS: Cell<u64> = const { Cell::new(0) };
    static LIVE: Cell<i64> = const { Cell::new(0) };
}

/// The system's allocator, counting. Make it the `#[global_allocator]` of a test.
pub struct Counting;

fn count(bytes: i64) {
    // While a thread ends its counters are gone; nobody looks at them any more.
    let _ = CALLS.try_with(|calls| calls.set(calls.get() + 1));
    let _ = LIVE.try_with(|live| live.set(live.get() + bytes));
}

// SAFETY: every call goes to the system's allocator with the caller's own arguments.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size() as i64);
        // SAFETY: the caller's contract is the same.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        count(-(layout.size() as i64));
        // SAFETY: the caller's contract is the same.
        unsafe { System.dealloc(at, layout) }
    }

    unsafe fn realloc(&self, at: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count(size as i64 - layout.size() as i64);
        // SAFETY: the caller's contract is the same.
        unsafe { System.realloc(at, layout, size) }
    }
}

/// Calls of the allocator that `work` makes on this thread: allocate, free and grow alike.
pub fn calls_of(work: impl FnOnce()) -> u64 {
    let before = CALLS.get();
    work();
    CALLS.get() - before
}

/// Bytes that `make` leaves allocated on this thread, beside what it returns.
pub fn bytes_of<T>(make: impl FnOnce() -> T) -> (i64, T) {
    let before = LIVE.get();
    let made = make();
    (LIVE.get() - before, made)
}
