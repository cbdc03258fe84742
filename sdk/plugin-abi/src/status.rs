//! Result codes.

/// How a call across the boundary ended.
///
/// Unit: none. Range: 0 is success, above 0 success with a remark, below 0 a failure. A number and not
/// an enum, because a value that the other side does not know must not be undefined behaviour.
#[repr(transparent)]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Status(pub i32);

impl Status {
    /// Done.
    pub const OK: Self = Self(0);
    /// Done, and there will be no more: the source has ended. What was asked for is silence now.
    pub const ENDED: Self = Self(1);
    /// The callee cannot do this at all. Asking again will not help.
    pub const UNSUPPORTED: Self = Self(-1);
    /// An argument is out of its range, or text cannot be read.
    pub const BAD_ARGUMENT: Self = Self(-2);
    /// The caller's buffer is too small for the result.
    pub const BUFFER_TOO_SMALL: Self = Self(-3);
    /// The payload is not one of this format.
    pub const BAD_PAYLOAD: Self = Self(-4);
    /// What was named does not exist: a file, a device, an index.
    pub const NOT_FOUND: Self = Self(-5);
    /// What was named exists and cannot be used now.
    pub const UNAVAILABLE: Self = Self(-6);
    /// The device was lost while in use; it may come back.
    pub const LOST: Self = Self(-7);
    /// Failed for a reason that fits none of these.
    pub const FAILED: Self = Self(-8);
    /// The callee returned something impossible, such as a count beyond the buffer. Made by the host.
    pub const GARBAGE: Self = Self(-99);
    /// The callee panicked now or earlier; every later call on the same instance says so again.
    pub const PANIC: Self = Self(-100);
}
