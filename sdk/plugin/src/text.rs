//! Strings, in and out.

use crate::Refusal;
use plugin_abi::{Status, Text, TextOut};

/// Lends `text` across the boundary for as long as it lives, which is for ever.
pub(crate) const fn lend(text: &'static str) -> Text {
    Text {
        ptr: text.as_ptr(),
        len: text.len(),
    }
}

/// Passes `text` across the boundary for the length of a call.
pub(crate) fn pass(text: &str) -> Text {
    Text {
        ptr: text.as_ptr(),
        len: text.len(),
    }
}

/// A host's name and version, lent for ever; for whoever builds a [`plugin_abi::Host`].
#[doc(hidden)]
pub struct RawHostText;

impl RawHostText {
    /// See [`lend`].
    #[doc(hidden)]
    pub const fn lend(text: &'static str) -> Text {
        lend(text)
    }
}

/// Reads text handed over as pointer and length. `None` when it is not UTF-8 or null with a length.
///
/// # Safety
/// `ptr` must be null or point to `len` readable bytes that live and do not change for `'a`.
pub(crate) unsafe fn borrow<'a>(ptr: *const u8, len: usize) -> Option<&'a str> {
    if len == 0 {
        return Some("");
    }
    if ptr.is_null() || isize::try_from(len).is_err() {
        return None;
    }
    // SAFETY: the caller vouches for `len` bytes at `ptr`, which is not null.
    let bytes = unsafe { core::slice::from_raw_parts(ptr, len) };
    core::str::from_utf8(bytes).ok()
}

/// Text that was handed over for a call. What opens, looks up or draws is asked in text: JSON objects as the
/// manifest's `config` describes them.
///
/// # Safety
/// `text` must be lent for `'a`.
pub(crate) unsafe fn lent<'a>(text: Text) -> Result<&'a str, Refusal> {
    // SAFETY: the caller vouches for it.
    unsafe { borrow(text.ptr, text.len) }
        .ok_or_else(|| Refusal::new(Status::BAD_ARGUMENT, "what was asked is not text"))
}

/// Writes `text` into the caller's buffer, cut at a character; `false` when it was cut.
///
/// # Safety
/// `out` must be null or a valid `TextOut` whose buffer is writable.
pub(crate) unsafe fn write(out: *mut TextOut, text: &str) -> bool {
    // SAFETY: the caller vouches for `out` being null or valid and not aliased during the call.
    let Some(out) = (unsafe { out.as_mut() }) else {
        return text.is_empty();
    };
    out.len = text.len();
    let mut cut = text
        .len()
        .min(if out.ptr.is_null() { 0 } else { out.capacity });
    while !text.is_char_boundary(cut) {
        cut -= 1;
    }
    if cut > 0 {
        // SAFETY: `out.ptr` is not null (`cut` would be 0), has room for `capacity >= cut` bytes, and
        // does not overlap `text`, which is ours.
        unsafe { core::ptr::copy_nonoverlapping(text.as_ptr(), out.ptr, cut) };
    }
    cut == text.len()
}

/// Writes the result of a call; [`Status::BUFFER_TOO_SMALL`] when it was cut.
///
/// # Safety
/// As [`write`].
pub(crate) unsafe fn give(out: *mut TextOut, text: &str) -> Status {
    // SAFETY: the caller vouches for `out`.
    if unsafe { write(out, text) } {
        Status::OK
    } else {
        Status::BUFFER_TOO_SMALL
    }
}

/// `text` without characters that would break a line.
pub(crate) fn one_line(text: &str) -> String {
    text.replace(char::is_control, " ")
}

/// A buffer on the reading side: lent to a callee, then read back.
pub(crate) struct Reading {
    bytes: Vec<u8>,
}

/// Longest text taken from a plugin. Unit: bytes. What is longer is cut.
const LONGEST: usize = 1 << 20;

impl Reading {
    /// With room for `capacity` bytes.
    pub(crate) fn with_capacity(capacity: usize) -> Self {
        Self {
            bytes: vec![0; capacity.min(LONGEST)],
        }
    }

    /// What to hand to the callee; valid until the next use of `self`.
    pub(crate) fn out(&mut self) -> TextOut {
        TextOut {
            ptr: self.bytes.as_mut_ptr(),
            capacity: self.bytes.len(),
            len: 0,
        }
    }

    /// What the callee wrote, with anything that is not UTF-8 replaced.
    pub(crate) fn take(self, len: usize) -> String {
        let end = len.min(self.bytes.len());
        let written = self.bytes.get(..end).unwrap_or_default();
        String::from_utf8_lossy(written)
            .trim_end_matches('\0')
            .to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_text_is_cut_at_a_character_and_its_length_told() {
        let mut reading = Reading::with_capacity(4);
        let mut out = reading.out();
        // SAFETY: `out` lends the buffer of `reading`, which lives.
        assert!(!unsafe { write(&mut out, "abcé") });
        assert_eq!(out.len, 5);
        let len = out.len;
        assert_eq!(reading.take(len), "abc");
    }

    #[test]
    fn null_with_a_length_is_refused() {
        // SAFETY: null is allowed.
        assert_eq!(unsafe { borrow(core::ptr::null(), 3) }, None);
        // SAFETY: as above.
        assert_eq!(unsafe { borrow(core::ptr::null(), 0) }, Some(""));
    }
}
