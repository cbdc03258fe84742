//! Strings, in and out.

/// Text lent to the reader. UTF-8, no terminating zero; `ptr` may be null only when `len` is 0.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct Text {
    /// First byte.
    pub ptr: *const u8,
    /// Unit: bytes.
    pub len: usize,
}

/// A caller's buffer for text.
///
/// The callee writes at most `capacity` bytes, cut at a character, and sets `len` to what the whole
/// text needs, so that `len > capacity` says both that the text was cut and how much to ask for.
#[repr(C)]
#[derive(Debug)]
pub struct TextOut {
    /// Where to write. May be null only when `capacity` is 0.
    pub ptr: *mut u8,
    /// Unit: bytes.
    pub capacity: usize,
    /// Set by the callee. Unit: bytes.
    pub len: usize,
}
