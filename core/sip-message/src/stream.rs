//! Framing of messages on TCP, TLS and other streams by Content-Length.
//!
//! Source: RFC 3261 §18.3, §20.14; keep-alives: RFC 5626 §3.5.1, §4.4.1.

use bytes::{Buf, Bytes, BytesMut};

use crate::parse::Head;
use crate::{Limits, Malformed, Message};

/// One thing that came on a stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Frame {
    /// A message.
    Message(Message),
    /// CR LF CR LF: the peer wants a [`Frame::Pong`] back.
    Ping,
    /// CR LF: the peer answers a ping.
    Pong,
}

/// Which end of the connection this is. Only the end that opened it sends pings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// We opened it: a single CR LF is a pong, at once.
    Opened,
    /// The peer opened it: a single CR LF is the first half of a ping.
    Accepted,
}

/// What came on a stream so far, and not yet as a frame.
///
/// Bound: one head and one body of [`Limits`], and what was pushed last.
#[derive(Debug)]
pub struct Stream {
    buffer: BytesMut,
    /// No empty line ends before here.
    scanned: usize,
    /// Size of the message at the front, once its head is known.
    needed: Option<usize>,
    broken: Option<Malformed>,
    limits: Limits,
    end: End,
}

impl Stream {
    /// A stream on which nothing came yet.
    pub fn new(limits: Limits, end: End) -> Self {
        Self {
            buffer: BytesMut::new(),
            scanned: 0,
            needed: None,
            broken: None,
            limits,
            end,
        }
    }

    /// Takes what came.
    pub fn push(&mut self, bytes: &[u8]) {
        if self.broken.is_none() {
            self.buffer.extend_from_slice(bytes);
        }
    }

    /// The next frame, once it is complete.
    ///
    /// After an error the stream is lost: nobody knows where a message begins, so the connection
    /// has to be closed. Where the broken message can still be answered it comes first, with its
    /// [`Message::defect`], and the error on the next call.
    // Not an iterator: `None` means not yet.
    #[expect(clippy::should_implement_trait)]
    pub fn next(&mut self) -> Result<Option<Frame>, Malformed> {
        if let Some(error) = self.broken {
            return Err(error);
        }
        if self.needed.is_none() {
            if let Some(frame) = self.keep_alive() {
                return Ok(Some(frame));
            }
            let Some(end) = self.head_end() else {
                return match self.buffer.len() > self.limits.head {
                    true => self.fail(Malformed::new("head size", self.limits.head)),
                    false => Ok(None),
                };
            };
            if let Some(answerable) = self.measure(end)? {
                return Ok(Some(Frame::Message(answerable)));
            }
        }
        match self.needed {
            Some(needed) if self.buffer.len() >= needed => self.take(needed),
            _ => Ok(None),
        }
    }

    /// How many bytes wait for more.
    pub fn waiting(&self) -> usize {
        self.buffer.len()
    }

    fn keep_alive(&mut self) -> Option<Frame> {
        while self.buffer.first() == Some(&b'\n') {
            self.buffer.advance(1);
        }
        match (self.buffer.as_ref(), self.end) {
            ([b'\r', b'\n', b'\r', b'\n', ..], _) => {
                self.buffer.advance(4);
                Some(Frame::Ping)
            }
            ([b'\r', b'\n'] | [b'\r', b'\n', b'\r'], End::Accepted) => None,
            ([b'\r', b'\n', ..], End::Opened) => {
                self.buffer.advance(2);
                Some(Frame::Pong)
            }
            ([b'\r', b'\n', ..], End::Accepted) => {
                self.buffer.advance(2);
                self.keep_alive()
            }
            _ => None,
        }
    }

    /// Where the empty line ends. Looks at every byte once, however small the pieces are.
    fn head_end(&mut self) -> Option<usize> {
        if matches!(self.buffer.first(), None | Some(b'\r')) {
            return None;
        }
        while let Some(hit) = memchr::memchr(b'\n', &self.buffer[self.scanned..]) {
            let at = self.scanned + hit;
            match &self.buffer[at + 1..] {
                [b'\n', ..] => return Some(at + 2),
                [b'\r', b'\n', ..] => return Some(at + 3),
                [] | [b'\r'] => {
                    self.scanned = at;
                    return None;
                }
                _ => self.scanned = at + 1,
            }
        }
        self.scanned = self.buffer.len();
        None
    }

    /// Learns the size of the message whose head ends at `end`; gives it back at once where its
    /// size cannot be known.
    fn measure(&mut self, end: usize) -> Result<Option<Message>, Malformed> {
        if end > self.limits.head {
            return self.fail(Malformed::new("head size", self.limits.head));
        }
        let bytes = Bytes::copy_from_slice(&self.buffer[..end]);
        let mut head = match Head::parse(&bytes, &self.limits) {
            Ok(head) => head,
            Err(error) => return self.fail(error),
        };
        let error = match head.length {
            Ok(Some(length)) if length <= self.limits.body => {
                self.needed = Some(end + length);
                return Ok(None);
            }
            Ok(Some(_)) => Malformed::new("body size", end),
            Ok(None) => Malformed::new("Content-Length", end),
            Err(error) => error,
        };
        head.defect.get_or_insert(error);
        self.broken = Some(error);
        self.buffer = BytesMut::new();
        Ok(Some(head.finish(bytes, 0)))
    }

    fn take(&mut self, needed: usize) -> Result<Option<Frame>, Malformed> {
        let bytes = self.buffer.split_to(needed).freeze();
        self.needed = None;
        self.scanned = 0;
        match Head::parse(&bytes, &self.limits) {
            Ok(head) => {
                let length = needed - head.end;
                Ok(Some(Frame::Message(head.finish(bytes, length))))
            }
            Err(error) => self.fail(error),
        }
    }

    fn fail<T>(&mut self, error: Malformed) -> Result<T, Malformed> {
        self.broken = Some(error);
        self.buffer = BytesMut::new();
        Err(error)
    }
}

#[cfg(test)]
mod tests;
