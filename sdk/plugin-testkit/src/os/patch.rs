//! Sees what a library asks of the C library: its table of imported functions is rewritten, after loading, to
//! point to ours, which count on the thread that is watched and pass the call on.
//!
//! Why so: a counting allocator of Rust does not see into a foreign library, and a `malloc` of our own in the
//! program would count for the whole phone.

use core::cell::Cell;
use core::ffi::{CStr, c_int, c_void};
use std::collections::BTreeSet;

/// Calls seen while watched.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Seen {
    /// Bytes asked for.
    pub(crate) bytes: usize,
    /// Times memory was asked for.
    pub(crate) allocations: u32,
    /// Times memory was given back.
    pub(crate) frees: u32,
    /// Times a lock was asked for.
    pub(crate) locks: u32,
}

thread_local! {
    static NOW: Cell<Option<Seen>> = const { Cell::new(None) };
}

/// Runs `call` and says what it asked for.
pub(crate) fn watched(call: &mut dyn FnMut()) -> Seen {
    NOW.set(Some(Seen::default()));
    call();
    NOW.take().unwrap_or_default()
}

fn note(change: impl FnOnce(&mut Seen)) {
    if let Some(mut seen) = NOW.get() {
        change(&mut seen);
        NOW.set(Some(seen));
    }
}

fn allocates(bytes: usize) {
    note(|seen| {
        seen.allocations += 1;
        seen.bytes += bytes;
    });
}

fn locks() {
    note(|seen| seen.locks += 1);
}

/// Each passes the caller's own arguments on, unchanged.
macro_rules! ours {
    ($($name:ident($($arg:ident: $type:ty),*) -> $out:ty, $note:expr;)*) => {
        $(unsafe extern "C" fn $name($($arg: $type),*) -> $out {
            $note;
            // SAFETY: the caller's arguments, unchanged.
            unsafe { libc::$name($($arg),*) }
        })*
        const OURS: &[(&CStr, *const c_void)] = &[
            $((match CStr::from_bytes_with_nul(concat!(stringify!($name), "\0").as_bytes()) {
                Ok(name) => name,
                Err(_) => panic!("a name without zero"),
            }, $name as *const c_void),)*
        ];
    };
}

ours! {
    malloc(size: usize) -> *mut c_void, allocates(size);
    calloc(count: usize, size: usize) -> *mut c_void, allocates(count.saturating_mul(size));
    realloc(at: *mut c_void, size: usize) -> *mut c_void, allocates(size);
    posix_memalign(at: *mut *mut c_void, align: usize, size: usize) -> c_int, allocates(size);
    aligned_alloc(align: usize, size: usize) -> *mut c_void, allocates(size);
    free(at: *mut c_void) -> (), if !at.is_null() { note(|seen| seen.frees += 1) };
    pthread_mutex_lock(lock: *mut libc::pthread_mutex_t) -> c_int, locks();
    pthread_rwlock_rdlock(lock: *mut libc::pthread_rwlock_t) -> c_int, locks();
    pthread_rwlock_wrlock(lock: *mut libc::pthread_rwlock_t) -> c_int, locks();
    sem_wait(lock: *mut libc::sem_t) -> c_int, locks();
}

/// Relocations that hold the address of one imported function.
#[cfg(target_arch = "x86_64")]
const SLOTS: [u64; 3] = [1, 6, 7];
#[cfg(target_arch = "aarch64")]
const SLOTS: [u64; 3] = [257, 1025, 1026];
#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
const SLOTS: [u64; 0] = [];

/// Rewrites the imports of everything that `load` brings in. Gives what `load` gave, and how many imports there
/// were.
pub(crate) fn watch<T>(load: impl FnOnce() -> T) -> (T, usize) {
    let before: BTreeSet<usize> = objects().into_iter().map(|object| object.0).collect();
    let loaded = load();
    let mut count = 0;
    for (base, dynamic) in objects() {
        if !before.contains(&base) {
            // SAFETY: an object that the loader has just mapped, and that is never unloaded.
            count += unsafe { patch(base, dynamic) };
        }
    }
    (loaded, count)
}

/// Every loaded object: where it lies, and its dynamic section.
fn objects() -> Vec<(usize, *const [u64; 2])> {
    unsafe extern "C" fn one(info: *mut libc::dl_phdr_info, _: usize, all: *mut c_void) -> c_int {
        // SAFETY: the loader lends the info; `all` is the vector below.
        unsafe {
            let (info, all) = (&*info, &mut *all.cast::<Vec<(usize, *const [u64; 2])>>());
            let heads = core::slice::from_raw_parts(info.dlpi_phdr, usize::from(info.dlpi_phnum));
            let dynamic = heads.iter().find(|head| head.p_type == libc::PT_DYNAMIC);
            if let Some(dynamic) = dynamic {
                let base = info.dlpi_addr as usize;
                all.push((base, (base + dynamic.p_vaddr as usize) as *const [u64; 2]));
            }
        }
        0
    }
    let mut all = Vec::<(usize, *const [u64; 2])>::new();
    // SAFETY: the function takes what it is given here.
    unsafe { libc::dl_iterate_phdr(Some(one), core::ptr::from_mut(&mut all).cast()) };
    all
}

/// Source: System V ABI, generic part, chapter 5 (dynamic section, relocation).
///
/// # Safety
/// `base` and `dynamic` must be those of a loaded object.
unsafe fn patch(base: usize, dynamic: *const [u64; 2]) -> usize {
    let (mut symbols, mut strings) = (0, 0);
    let mut tables = [(0, 0), (0, 0)];
    let mut at = dynamic;
    // SAFETY: the section ends with a zero tag; the tables it names are mapped.
    unsafe {
        while (*at)[0] != 0 {
            let [tag, value] = *at;
            let value = value as usize;
            match tag {
                5 => strings = value,
                6 => symbols = value,
                7 => tables[0].0 = value,
                8 => tables[0].1 = value,
                23 => tables[1].0 = value,
                2 => tables[1].1 = value,
                _ => {}
            }
            at = at.add(1);
        }
        // Some loaders leave the section as it stands in the file.
        let place = |value: usize| if value < base { base + value } else { value };
        let mut count = 0;
        for (table, bytes) in tables {
            for n in 0..bytes / 24 {
                let [offset, info, _] = *((place(table) + n * 24) as *const [u64; 3]);
                let symbol = (info >> 32) as usize;
                if symbol == 0 || !SLOTS.contains(&(info & 0xFFFF_FFFF)) {
                    continue;
                }
                let name = *((place(symbols) + symbol * 24) as *const u32) as usize;
                let name = CStr::from_ptr((place(strings) + name) as *const _);
                let Some((_, ours)) = OURS.iter().find(|(known, _)| *known == name) else {
                    continue;
                };
                count += usize::from(write((base + offset as usize) as *mut *const c_void, *ours));
            }
        }
        count
    }
}

/// # Safety
/// `slot` must be a slot of a loaded object's table of imports.
unsafe fn write(slot: *mut *const c_void, ours: *const c_void) -> bool {
    // SAFETY: the page is mapped; it may have been made read-only after relocation.
    unsafe {
        let page = libc::sysconf(libc::_SC_PAGESIZE) as usize;
        let start = (slot as usize) & !(page - 1);
        let length = slot as usize + size_of::<usize>() - start;
        let both = libc::PROT_READ | libc::PROT_WRITE;
        if libc::mprotect(start as *mut c_void, length, both) != 0 {
            return false;
        }
        slot.write(ours);
        true
    }
}
