//! A piece of a buffer, by offsets.

use bytes::Bytes;

/// Half-open range of offsets into the buffer that its owner holds. Total: a span that does not
/// fit its buffer reads as empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Span {
    start: u32,
    end: u32,
}

impl Span {
    /// From `start` up to `end`. Messages are capped far below 4 GiB (see [`crate::Limits`]).
    pub(crate) fn new(start: usize, end: usize) -> Self {
        Self {
            start: start as u32,
            end: end as u32,
        }
    }

    pub(crate) fn start(self) -> usize {
        self.start as usize
    }

    pub(crate) fn end(self) -> usize {
        self.end as usize
    }

    pub(crate) fn is_empty(self) -> bool {
        self.start >= self.end
    }

    /// The bytes it covers.
    pub(crate) fn of(self, buffer: &[u8]) -> &[u8] {
        buffer.get(self.start()..self.end()).unwrap_or_default()
    }

    /// The bytes it covers, as text; empty when they are none.
    pub(crate) fn text(self, buffer: &[u8]) -> &str {
        core::str::from_utf8(self.of(buffer)).unwrap_or_default()
    }

    /// A share of `buffer` that covers the same bytes.
    pub(crate) fn share(self, buffer: &Bytes) -> Bytes {
        if self.is_empty() || self.end() > buffer.len() {
            return Bytes::new();
        }
        buffer.slice(self.start()..self.end())
    }
}
