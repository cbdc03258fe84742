//! The scanner: from bytes to the spans of a message.
//!
//! Two kinds of fault are kept apart. Where nobody could be answered (no start line, an impossible
//! status code) there is no message but [`Malformed`]. Where the start line stands, there is a
//! message that carries the first fault found as its defect, so that a request can be refused with
//! 400 in its own dialog.

use bytes::Bytes;

use crate::header::{Field, HeaderName};
use crate::message::{Envelope, Message, Request, Response};
use crate::scan;
use crate::span::Span;
use crate::{Limits, Malformed, Method, Status};

/// Most messages have fewer headers than this.
const USUAL_HEADERS: usize = 24;

/// Reads the one message a datagram holds. What stands behind its body is left out.
pub fn parse_datagram(bytes: Bytes, limits: &Limits) -> Result<Message, Malformed> {
    if bytes.len() > limits.datagram {
        return Err(Malformed::new("datagram size", limits.datagram));
    }
    let blank = bytes
        .iter()
        .take_while(|byte| matches!(byte, b'\r' | b'\n'));
    let start = blank.count();
    let bytes = if start > 0 {
        bytes.slice(start..)
    } else {
        bytes
    };
    let head = Head::parse(&bytes, limits)?;
    Ok(head.with_body(bytes))
}

/// Spans of everything before the body.
pub(crate) struct Head {
    line: StartLine,
    fields: Vec<Field>,
    /// Where the body begins.
    pub(crate) end: usize,
    /// What Content-Length says. A fault in it also breaks the framing of a stream.
    pub(crate) length: Result<Option<usize>, Malformed>,
    /// First fault elsewhere in the head.
    pub(crate) defect: Option<Malformed>,
    /// Some value holds line ends: a fold, or a stray CR.
    folded: bool,
}

enum StartLine {
    Request {
        method: Method,
        uri: Span,
        version: Span,
    },
    Response {
        status: Status,
        reason: Span,
    },
}

/// One line without its end, and where the next begins.
struct Line {
    end: usize,
    next: usize,
    /// It ended with the bytes, not with a line end.
    cut: bool,
    stray: bool,
}

impl Head {
    /// Reads a start line and headers up to the empty line.
    pub(crate) fn parse(bytes: &Bytes, limits: &Limits) -> Result<Self, Malformed> {
        let line = line_at(bytes, 0);
        if line.end > limits.line {
            return Err(Malformed::new("start line size", limits.line));
        }
        let mut head = Self {
            line: start_line(bytes, line.end)?,
            fields: Vec::with_capacity(USUAL_HEADERS),
            end: line.next,
            length: Ok(None),
            defect: None,
            folded: false,
        };
        if line.stray {
            head.fault("stray CR", 0);
        }
        head.headers(bytes, limits);
        Ok(head)
    }

    fn headers(&mut self, bytes: &[u8], limits: &Limits) {
        loop {
            let start = self.end;
            let mut line = line_at(bytes, start);
            if line.end == start {
                self.end = line.next;
                if line.cut {
                    self.fault("empty line", start);
                }
                return;
            }
            while bytes
                .get(line.next)
                .is_some_and(|&byte| scan::is_space(byte))
            {
                self.folded = true;
                let stray = line.stray;
                line = line_at(bytes, line.next);
                line.stray |= stray;
            }
            self.end = line.next;
            if line.stray {
                self.folded = true;
                self.fault("stray CR", start);
            }
            self.header(bytes, Span::new(start, line.end), limits);
        }
    }

    /// Takes in one header line, folds and all. What passes a cap is left out, so that an answer
    /// does not repeat it.
    fn header(&mut self, bytes: &[u8], line: Span, limits: &Limits) {
        let text = line.of(bytes);
        if text.len() > limits.line {
            return self.fault("header line size", line.start());
        }
        let name_len = text
            .iter()
            .take_while(|&&byte| scan::is_token(byte))
            .count();
        let gap = text[name_len..]
            .iter()
            .take_while(|&&byte| scan::is_space(byte));
        let colon = name_len + gap.count();
        if name_len == 0 || text.get(colon) != Some(&b':') {
            return self.fault("header name", line.start());
        }
        if self.fields.len() == limits.headers {
            return self.fault("number of headers", line.start());
        }
        let field = Field {
            known: HeaderName::parse(&text[..name_len]),
            name: Span::new(line.start(), line.start() + name_len),
            value: trim_line(bytes, line.start() + colon + 1, line.end()),
        };
        if field.known == Some(HeaderName::ContentLength) {
            self.content_length(field.value.of(bytes), line.start());
        }
        self.fields.push(field);
    }

    fn content_length(&mut self, value: &[u8], at: usize) {
        let length = scan::number(value, u64::from(u32::MAX));
        self.length = match (&self.length, length) {
            (Ok(None), Some(length)) => Ok(Some(length as usize)),
            _ => Err(Malformed::new("Content-Length", at)),
        };
    }

    fn fault(&mut self, what: &'static str, at: usize) {
        self.defect.get_or_insert(Malformed::new(what, at));
    }

    /// The message of a datagram: this head and what follows it in `bytes`.
    fn with_body(mut self, bytes: Bytes) -> Message {
        let there = bytes.len() - self.end;
        let length = match self.length {
            Ok(Some(length)) if length <= there => length,
            Ok(Some(_)) => {
                self.fault("Content-Length", self.end);
                there
            }
            Ok(None) => there,
            Err(error) => {
                self.fault(error.what, error.at);
                there
            }
        };
        self.finish(bytes, length)
    }

    /// The message of this head and the `length` bytes of body after it.
    pub(crate) fn finish(self, bytes: Bytes, length: usize) -> Message {
        let end = self.end + length;
        let bytes = match self.folded {
            true => self.unfold(&bytes[..end]),
            false if end < bytes.len() => bytes.slice(..end),
            false => bytes,
        };
        let envelope = Envelope::new(bytes, self.fields, length, self.defect);
        match self.line {
            StartLine::Request {
                method,
                uri,
                version,
            } => Message::Request(Request::new(method, uri, version, envelope)),
            StartLine::Response { status, reason } => {
                Message::Response(Response::new(status, reason, envelope))
            }
        }
    }

    /// A copy whose folds are spaces, which mean the same (RFC 3261 §7.3.1). Nobody after this has
    /// to think of line ends in values.
    fn unfold(&self, bytes: &[u8]) -> Bytes {
        let mut copy = bytes.to_vec();
        for field in &self.fields {
            for byte in &mut copy[field.value.start()..field.value.end()] {
                if matches!(byte, b'\r' | b'\n') {
                    *byte = b' ';
                }
            }
        }
        copy.into()
    }
}

/// The line that begins at `start`. A lone LF ends it as CR LF does; a lone CR does not.
fn line_at(bytes: &[u8], start: usize) -> Line {
    let mut from = start;
    loop {
        let rest = bytes.get(from..).unwrap_or_default();
        let stray = from > start;
        let Some(hit) = memchr::memchr2(b'\r', b'\n', rest) else {
            return Line {
                end: bytes.len(),
                next: bytes.len(),
                cut: true,
                stray,
            };
        };
        let at = from + hit;
        let len = match &rest[hit..] {
            [b'\n', ..] => 1,
            [b'\r', b'\n', ..] => 2,
            _ => {
                from = at + 1;
                continue;
            }
        };
        return Line {
            end: at,
            next: at + len,
            cut: false,
            stray,
        };
    }
}

/// The value between `start` and `end` without white space and folds at either side.
fn trim_line(bytes: &[u8], start: usize, end: usize) -> Span {
    let blank = |byte: &&u8| matches!(byte, b' ' | b'\t' | b'\r' | b'\n');
    let text = &bytes[start..end];
    let front = text.iter().take_while(blank).count();
    let back = text[front..].iter().rev().take_while(blank).count();
    Span::new(start + front, end - back)
}

/// Reads the first line. What it says is checked later, except what makes it a start line.
fn start_line(bytes: &Bytes, end: usize) -> Result<StartLine, Malformed> {
    let line = bytes.get(..end).unwrap_or_default();
    if line
        .get(..4)
        .is_some_and(|start| start.eq_ignore_ascii_case(b"SIP/"))
    {
        return status_line(line);
    }
    let line = line.trim_ascii_end();
    let first = memchr::memchr(b' ', line).ok_or(Malformed::new("Request-Line", 0))?;
    let last = memchr::memrchr(b' ', line).unwrap_or(first);
    let version = Span::new(last + 1, line.len());
    if !is_version(version.of(line)) || last == first {
        return Err(Malformed::new("SIP-Version", last + 1));
    }
    Ok(StartLine::Request {
        method: Method::parse(bytes.slice(..first))?,
        uri: Span::new(first + 1, last),
        version,
    })
}

/// `SIP/` and two numbers.
fn is_version(text: &[u8]) -> bool {
    let number = |digits: &[u8]| !digits.is_empty() && digits.iter().all(u8::is_ascii_digit);
    let Some((name, numbers)) = text.split_at_checked(4) else {
        return false;
    };
    let Some(dot) = memchr::memchr(b'.', numbers) else {
        return false;
    };
    name.eq_ignore_ascii_case(b"SIP/") && number(&numbers[..dot]) && number(&numbers[dot + 1..])
}

/// `SIP/2.0 200 OK`; the reason may be empty, and so may the space before it.
fn status_line(line: &[u8]) -> Result<StartLine, Malformed> {
    const CODE: usize = 8;
    const REASON: usize = 12;
    if line.get(4..CODE) != Some(b"2.0 ") {
        return Err(Malformed::new("SIP-Version", 4));
    }
    let code = line.get(CODE..REASON - 1).unwrap_or_default();
    let status = scan::number(code, 699).and_then(|code| Status::new(code as u16));
    let (Some(status), None | Some(b' ')) = (status, line.get(REASON - 1)) else {
        return Err(Malformed::new("Status-Code", CODE));
    };
    let reason = Span::new(REASON.min(line.len()), line.len());
    Ok(StartLine::Response { status, reason })
}
