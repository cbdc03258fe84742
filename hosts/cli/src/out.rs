//! Lines and JSON on standard output, notes on standard error, colour, plain ASCII.

use crate::args::Global;
use crate::error::Error;
use control::Code;
use serde::Serialize;
use std::collections::BTreeMap;
use std::io::{ErrorKind, IsTerminal as _, Write};

/// How a verb tells what it did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// Lines for people.
    Text,
    /// One JSON object.
    Json,
    /// One JSON object a line, as things happen.
    Stream,
}

impl Form {
    /// As the options say.
    pub(crate) const fn of(global: &Global) -> Self {
        if global.json {
            Self::Json
        } else if global.json_stream {
            Self::Stream
        } else {
            Self::Text
        }
    }
}

/// Colours of terminals, by what they say. Never the only sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Colour {
    /// It is well.
    Good,
    /// It should be looked at.
    Doubtful,
    /// It is not well.
    Bad,
}

/// Standard output, in one form.
#[derive(Debug)]
pub(crate) struct Out {
    form: Form,
    ascii: bool,
    colour: bool,
    colour_of_errors: bool,
    broken: bool,
    lost: Option<std::io::Error>,
}

impl Out {
    /// Standard output as this terminal and the options want it.
    pub(crate) fn new(form: Form, global: &Global) -> Self {
        let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
        let plain = global.no_color
            || set("NO_COLOR").is_some()
            || set("TERM").is_none_or(|term| term == "dumb");
        Self {
            form,
            ascii: global.ascii || !speaks_utf8(set),
            colour: !plain && std::io::stdout().is_terminal(),
            colour_of_errors: !plain && std::io::stderr().is_terminal(),
            broken: false,
            lost: None,
        }
    }

    /// How is told.
    pub(crate) const fn form(&self) -> Form {
        self.form
    }

    /// Nobody reads any more.
    pub(crate) const fn is_broken(&self) -> bool {
        self.broken
    }

    /// Why something could not be written that somebody wanted to read: a disk that is full, not a reader who
    /// left.
    pub(crate) fn lost(&mut self) -> Option<Error> {
        let why = self.lost.take()?;
        Some(Error::new(Code::OUTPUT_LOST, why.to_string()))
    }

    /// Only ASCII is wanted.
    pub(crate) const fn is_ascii(&self) -> bool {
        self.ascii
    }

    /// A line for people; nothing in the JSON forms.
    pub(crate) fn line(&mut self, text: &str) {
        if self.form == Form::Text {
            let text = shown(text, self.ascii);
            self.write(&text);
        }
    }

    /// Text that keeps its line ends and is nobody else's, such as a picture.
    pub(crate) fn raw(&mut self, text: &str) {
        self.write(text.trim_end_matches('\n'));
    }

    /// The object that a verb ends with; nothing for people.
    pub(crate) fn object(&mut self, value: &impl Serialize) {
        if self.form != Form::Text {
            let text = serde_json::to_string(value);
            self.write(&text.expect("our words have string keys and nothing that can fail"));
        }
    }

    /// A line of the engine as it came, where things are told as they happen.
    pub(crate) fn stream(&mut self, line: &[u8]) {
        if self.form == Form::Stream {
            self.write(&String::from_utf8_lossy(line));
        }
    }

    /// An error: four lines on standard error, or an object on standard output. An object that cannot be written
    /// is told on standard error after all.
    pub(crate) fn error(&mut self, error: &Error) {
        let Some(told) = error.object() else { return };
        if self.form != Form::Text {
            self.object(&BTreeMap::from([("error", told)]));
        }
        if self.form == Form::Text || self.lost.is_some() {
            self.complain(error);
        }
    }

    /// An error as four lines on standard error, whatever the form.
    pub(crate) fn complain(&self, error: &Error) {
        let Some(told) = error.object() else { return };
        for (at, line) in told.to_string().split('\n').enumerate() {
            let line = shown(line, self.ascii);
            let line = match self.colour_of_errors && at == 0 {
                true => painted(&line, Colour::Bad),
                false => line,
            };
            tell(&line);
        }
    }

    /// A line for people with one coloured word in it.
    pub(crate) fn signed(&mut self, before: &str, sign: &str, colour: Colour, behind: &str) {
        if self.form == Form::Text {
            let [before, sign, behind] = [before, sign, behind].map(|text| shown(text, self.ascii));
            let sign = match self.colour {
                true => painted(&sign, colour),
                false => sign,
            };
            self.write(&format!("{before}{sign}{behind}"));
        }
    }

    fn write(&mut self, text: &str) {
        let mut out = std::io::stdout().lock();
        if let Err(why) = writeln!(out, "{text}").and_then(|()| out.flush()) {
            self.broken = true;
            if why.kind() != ErrorKind::BrokenPipe {
                self.lost.get_or_insert(why);
            }
        }
    }
}

fn painted(text: &str, colour: Colour) -> String {
    let number = match colour {
        Colour::Bad => 31,
        Colour::Good => 32,
        Colour::Doubtful => 33,
    };
    format!("\x1b[{number}m{text}\x1b[0m")
}

/// A remark on standard error; the verb goes on.
pub(crate) fn note(text: &str) {
    tell(&shown(&format!("note: {text}"), false));
}

fn tell(line: &str) {
    // Nobody reads standard error: there is nobody to tell that.
    let _ = writeln!(std::io::stderr().lock(), "{line}");
}

/// Whether the terminal speaks UTF-8: the first of the three variables that is set says so (POSIX).
fn speaks_utf8(set: impl Fn(&str) -> Option<std::ffi::OsString>) -> bool {
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find_map(set);
    let locale = locale.map(|value| value.to_string_lossy().to_ascii_lowercase());
    locale.is_some_and(|value| value.contains("utf-8") || value.contains("utf8"))
}

/// Text of others cannot command the terminal, nor turn the line's direction.
fn shown(text: &str, ascii: bool) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        let commands = c.is_control()
            || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}');
        if commands {
            shown.push('?');
        } else if ascii && !c.is_ascii() {
            shown.push_str(in_ascii(c));
        } else {
            shown.push(c);
        }
    }
    shown
}

const fn in_ascii(c: char) -> &'static str {
    match c {
        '→' => "->",
        '↔' => "<->",
        '·' => "|",
        '—' => "-",
        '…' => "...",
        _ => "?",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_others_send_does_not_command_the_terminal() {
        assert_eq!(shown("a\x1b[31mb\u{202e}c\n", false), "a?[31mb?c?");
        assert_eq!(shown("INVITE → é", true), "INVITE -> ?");
        assert_eq!(shown("INVITE → é", false), "INVITE → é");
    }

    #[test]
    fn the_first_variable_that_is_set_names_the_characters() {
        let of = |all: &'static str, lang: &'static str| {
            speaks_utf8(|name| {
                let value = match name {
                    "LC_ALL" => all,
                    "LANG" => lang,
                    _ => "",
                };
                (!value.is_empty()).then(|| value.into())
            })
        };
        assert!(of("", "en_GB.UTF-8"));
        assert!(of("C.utf8", "C"));
        assert!(!of("C", "en_GB.UTF-8"));
        assert!(!of("", ""));
    }
}
