//! From text to a tone.

use super::{NoTone, Node};

/// Most parts and frequencies of a tone together.
const MOST: usize = 64;
/// What an error shows of a text. Unit: characters.
const SHOWN: usize = 80;
/// How deep functions may stand in each other.
const DEEPEST: usize = 4;
/// The longest part: a day. Unit: ms.
const LONGEST_MS: u32 = 86_400_000;
/// Half of the lowest rate at which calls are mixed. Unit: Hz.
const HIGHEST: f32 = 4_000.0;
/// How far a sine of full scale is above 0 dBm0. Source: ITU-T G.711 §4. Unit: 1/100 dB.
const FULL_SCALE_CENTI_DBM0: f32 = 314.0;

/// Where the text goes wrong, and what is wrong there.
type Wrong = (usize, &'static str);

struct Reader<'a> {
    text: &'a [u8],
    at: usize,
    /// Parts and frequencies so far.
    parts: usize,
}

pub(super) fn tone(text: &str) -> Result<Node, NoTone> {
    let mut reader = Reader {
        text: text.as_bytes(),
        at: 0,
        parts: 0,
    };
    let read = reader.function(Inside::default()).and_then(|node| {
        reader.spaces();
        match reader.at == reader.text.len() {
            true => Ok(node),
            false => Err((reader.at, "nothing may follow the tone")),
        }
    });
    read.map_err(|(at, why)| NoTone {
        at: text
            .char_indices()
            .take_while(|(byte, _)| *byte < at)
            .count()
            + 1,
        text: text.chars().take(SHOWN).collect(),
        why,
    })
}

/// What a function stands in.
#[derive(Debug, Clone, Copy, Default)]
struct Inside {
    depth: usize,
    periodic: bool,
}

impl Reader<'_> {
    fn spaces(&mut self) {
        while self.text.get(self.at).is_some_and(u8::is_ascii_whitespace) {
            self.at += 1;
        }
    }

    fn is_next(&mut self, byte: u8) -> bool {
        self.spaces();
        let is_next = self.text.get(self.at) == Some(&byte);
        self.at += usize::from(is_next);
        is_next
    }

    fn need(&mut self, byte: u8, why: &'static str) -> Result<(), Wrong> {
        match self.is_next(byte) {
            true => Ok(()),
            false => Err((self.at, why)),
        }
    }

    fn function(&mut self, inside: Inside) -> Result<Node, Wrong> {
        self.spaces();
        let begin = self.at;
        while self.text.get(self.at).is_some_and(u8::is_ascii_alphabetic) {
            self.at += 1;
        }
        if inside.depth >= DEEPEST {
            return Err((begin, "functions stand too deep in each other"));
        }
        match &self.text[begin..self.at] {
            b"sine" => self.sine(),
            b"silence" => {
                self.need(b'(', "a bracket is missing")?;
                let ms = self.duration()?;
                self.need(b')', "silence has a duration alone")?;
                Ok(Node::Silence { ms })
            }
            b"wav" => self.file(),
            b"compound" => {
                let parts = self.list(inside)?;
                match parts.len() {
                    0 | 1 => Err((begin, "compound has two tones or more")),
                    _ => Ok(Node::Compound(parts)),
                }
            }
            b"periodic" if inside.periodic => {
                Err((begin, "what is periodic in periodic never ends"))
            }
            b"periodic" => {
                let inside = Inside {
                    periodic: true,
                    ..inside
                };
                self.list(inside).map(Node::Periodic)
            }
            _ => Err((begin, "no function is called so")),
        }
    }

    fn file(&mut self) -> Result<Node, Wrong> {
        self.need(b'(', "a bracket is missing")?;
        let missing = "wav has a file's name in quotes";
        self.need(b'"', missing)?;
        let begin = self.at;
        while self.text.get(self.at).is_some_and(|&byte| byte != b'"') {
            self.at += 1;
        }
        let name = core::str::from_utf8(&self.text[begin..self.at]).unwrap_or_default();
        let name = name.trim().to_owned();
        self.need(b'"', "the quotes of a file's name do not end")?;
        if name.is_empty() {
            return Err((begin, missing));
        }
        self.need(b')', "wav has a name alone")?;
        Ok(Node::File { name, sound: None })
    }

    fn sine(&mut self) -> Result<Node, Wrong> {
        self.need(b'(', "a bracket is missing")?;
        let ms = self.duration()?;
        self.need(b',', "sine has an amplitude")?;
        let amplitude = self.amplitude()?;
        let mut hertz = Vec::new();
        self.need(b',', "sine has a frequency")?;
        loop {
            let begin = self.at;
            hertz.push(self.frequency()?);
            self.count(begin)?;
            if self.is_next(b')') {
                return Ok(Node::Sine {
                    ms,
                    amplitude,
                    hertz,
                });
            }
            self.need(b',', "a comma or the end of sine is missing")?;
        }
    }

    /// Tones in brackets.
    fn list(&mut self, inside: Inside) -> Result<Vec<Node>, Wrong> {
        self.need(b'(', "a bracket is missing")?;
        let inside = Inside {
            depth: inside.depth + 1,
            ..inside
        };
        let mut parts = Vec::new();
        loop {
            let begin = self.at;
            parts.push(self.function(inside)?);
            self.count(begin)?;
            if self.is_next(b')') {
                return Ok(parts);
            }
            self.need(b',', "a comma or a bracket is missing")?;
        }
    }

    /// One part or frequency more.
    fn count(&mut self, begin: usize) -> Result<(), Wrong> {
        self.parts += 1;
        match self.parts > MOST {
            true => Err((begin, "these are too many parts")),
            false => Ok(()),
        }
    }

    fn duration(&mut self) -> Result<u32, Wrong> {
        let (begin, value) = self.number()?;
        let fits = value.fract() == 0.0 && (1.0..=LONGEST_MS as f32).contains(&value);
        match fits {
            true => Ok(value as u32),
            false => Err((begin, "a duration is 1 to 86400000 milliseconds")),
        }
    }

    /// Of a sample.
    fn amplitude(&mut self) -> Result<f32, Wrong> {
        let (begin, value) = self.number()?;
        match value {
            _ if (-100.0..0.0).contains(&value) => {
                Ok(32_767.0 * 10f32.powf((value * 100.0 - FULL_SCALE_CENTI_DBM0) / 2_000.0))
            }
            _ if (1.0..=32_767.0).contains(&value) => Ok(value),
            _ => Err((
                begin,
                "an amplitude is 1 to 32767, or from -100 to below 0 dBm0",
            )),
        }
    }

    fn frequency(&mut self) -> Result<f32, Wrong> {
        let (begin, value) = self.number()?;
        match value > 0.0 && value < HIGHEST {
            true => Ok(value),
            false => Err((begin, "a frequency is above 0 and below 4000 hertz")),
        }
    }

    /// A number; letters behind it mean nothing. Where it begins, and what it is.
    fn number(&mut self) -> Result<(usize, f32), Wrong> {
        self.spaces();
        let begin = self.at;
        let is_of_it = |byte: &u8| byte.is_ascii_digit() || matches!(byte, b'-' | b'+' | b'.');
        while self.text.get(self.at).is_some_and(is_of_it) {
            self.at += 1;
        }
        let digits = core::str::from_utf8(&self.text[begin..self.at]).unwrap_or_default();
        let value = digits.parse().map_err(|_| (begin, "a number is missing"))?;
        while self.text.get(self.at).is_some_and(u8::is_ascii_alphabetic) {
            self.at += 1;
        }
        Ok((begin, value))
    }
}
