//! Structs that a callee fills, as much of them as the caller knows.

use crate::Status;

/// Copies what has room of `value` and sets its size to what was written.
///
/// # Safety
/// `out` must be null or point to a struct whose first field is its size (`u32`, bytes) and of which that
/// many bytes are writable. `T` must be one of the boundary's structs, which start with that field.
pub(crate) unsafe fn write<T: Copy>(out: *mut T, value: T) -> Status {
    if out.is_null() {
        return Status::BAD_ARGUMENT;
    }
    // SAFETY: not null, and the caller has set the size.
    let room = unsafe { out.cast::<u32>().read() };
    let length = room.min(size_of::<T>() as u32);
    if (length as usize) < size_of::<u32>() {
        return Status::BAD_ARGUMENT;
    }
    // SAFETY: `length` bytes are readable here and writable there, and hold at least the size.
    unsafe {
        let from = core::ptr::from_ref(&value).cast::<u8>();
        core::ptr::copy_nonoverlapping(from, out.cast(), length as usize);
        out.cast::<u32>().write(length);
    }
    Status::OK
}
