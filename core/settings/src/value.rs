//! What each kind of value allows.

use crate::lines::{Lines, Wrong};
use crate::settings::{Accept, Device, Listen, PluginValue};
use crate::tones;
use audio::call_tone::Signal;

/// A checked value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Value {
    Switch(bool),
    Number(u64),
    /// Of a codec's option, which may be below zero.
    Integer(i64),
    Text(String),
    List(Vec<String>),
    /// An option of a plugin: what it may be, only its manifest says.
    Plugin(PluginValue),
}

/// What stands in a file, a variable or an option, before it is checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Raw {
    Switch(bool),
    Number(i64),
    Text(String),
    List(Vec<String>),
    /// A number that is not whole, as written.
    Fraction(String),
    /// A kind of value that no key takes.
    Other(&'static str),
}

/// What a key takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Switch,
    Number {
        min: u64,
        max: u64,
        step: u64,
    },
    /// One line of text, possibly empty.
    Text,
    Choice(&'static [&'static str]),
    /// Names of plugins or methods, without repeats.
    Names,
    /// Names of codecs, without repeats, each with its clock rate or without.
    Codecs,
    /// Lines of text, such as folders.
    Texts,
    /// Addresses to listen on, at least one.
    Listen,
    /// Empty, host, or host:port.
    Server,
    /// Empty, or an account's id.
    Id,
    /// A plugin's id, with an argument or without.
    Device,
    /// Empty, or one of these.
    OptionalDevice,
    /// Several of these.
    Devices,
    /// Lines that each have a meaning.
    Lines(Lines),
    /// Digits that are put before numbers, or none.
    Digits,
    /// Empty, or where a call can be sent: a number or a SIP URI.
    Target,
    /// Empty, or an access number and what is keyed in there.
    CallThrough,
    /// Minutes east of Greenwich, or empty for local time.
    GmtOffset,
    /// Empty, a tone, or a country for its own where countries have one.
    Tone(Option<Signal>),
    /// What becomes of an incoming call.
    Incoming,
    /// What a codec's option may be: its plugin checks more.
    Option,
    /// A password. Never shown.
    Secret,
    /// 64 hexadecimal digits.
    Sha256,
    /// An option of a plugin.
    PluginOption,
}

/// Longest text. Unit: bytes.
const MAX_TEXT: usize = 4096;
/// Longest list.
const MAX_LIST: usize = 64;
/// Longest list of what is only text: extensions that are watched (M-094).
const MAX_TEXTS: usize = 1000;

impl Kind {
    /// Checks what was written; `None` when it is not allowed.
    pub(crate) fn check(self, raw: &Raw) -> Option<Value> {
        match (self, raw) {
            (Self::Switch | Self::Option, Raw::Switch(on)) => Some(Value::Switch(*on)),
            (Self::Option, Raw::Number(number)) => Some(Value::Integer(*number)),
            (Self::Number { min, max, step }, Raw::Number(number)) => {
                let number = u64::try_from(*number).ok()?;
                let fits = (min..=max).contains(&number) && number % step == 0;
                fits.then_some(Value::Number(number))
            }
            (Self::GmtOffset, Raw::Number(number)) => {
                let fits = (-720..=840).contains(number);
                fits.then(|| Value::Text(number.to_string()))
            }
            (Self::Lines(_), Raw::List(items)) => {
                let fits = items.iter().all(|item| is_line(item));
                (fits && self.wrong_lines(items).is_empty()).then(|| Value::List(items.clone()))
            }
            (_, Raw::Text(text)) if !is_line(text) => None,
            (Self::PluginOption, raw) => option(raw).map(Value::Plugin),
            (_, Raw::Text(text)) if self.takes_text(text) => Some(Value::Text(text.clone())),
            (_, Raw::List(items)) => {
                let most = match matches!(self, Self::Texts) {
                    true => MAX_TEXTS,
                    false => MAX_LIST,
                };
                let fits = items.len() <= most && items.iter().all(|item| is_line(item));
                (fits && self.takes_list(items)).then(|| Value::List(items.clone()))
            }
            (
                _,
                Raw::Switch(_) | Raw::Number(_) | Raw::Text(_) | Raw::Fraction(_) | Raw::Other(_),
            ) => None,
        }
    }

    fn takes_text(self, text: &str) -> bool {
        match self {
            Self::Text | Self::Option | Self::Secret => true,
            Self::Choice(words) => words.contains(&text),
            Self::Server => text.is_empty() || is_server(text),
            Self::Id => text.is_empty() || is_id(text),
            Self::Device => Device::read(text).is_some(),
            Self::OptionalDevice => text.is_empty() || Device::read(text).is_some(),
            Self::Incoming => Accept::read(text).is_some(),
            Self::Tone(signal) => tones::wrong(text, signal).is_none(),
            Self::Digits => text.len() <= 8 && text.bytes().all(|b| b.is_ascii_digit()),
            Self::Target => text.is_empty() || policy::forward::is_target(text),
            Self::CallThrough => {
                text.is_empty() || policy::action::CallThrough::read(text).is_some()
            }
            Self::GmtOffset => text.is_empty(),
            Self::Sha256 => text.len() == 64 && text.bytes().all(|b| b.is_ascii_hexdigit()),
            Self::Switch
            | Self::Number { .. }
            | Self::Names
            | Self::Codecs
            | Self::Texts
            | Self::Listen
            | Self::Devices
            | Self::Lines(_)
            | Self::PluginOption => false,
        }
    }

    /// Lines of a list that cannot be; none where lines have no meaning of their own.
    pub(crate) fn wrong_lines(self, items: &[String]) -> Vec<Wrong> {
        match self {
            Self::Lines(lines) => lines.wrong(items),
            Self::Switch
            | Self::Number { .. }
            | Self::Text
            | Self::Choice(_)
            | Self::Names
            | Self::Codecs
            | Self::Texts
            | Self::Listen
            | Self::Server
            | Self::Id
            | Self::Device
            | Self::OptionalDevice
            | Self::Devices
            | Self::Digits
            | Self::Target
            | Self::CallThrough
            | Self::GmtOffset
            | Self::Incoming
            | Self::Tone(_)
            | Self::Option
            | Self::Secret
            | Self::Sha256
            | Self::PluginOption => Vec::new(),
        }
    }

    fn takes_list(self, items: &[String]) -> bool {
        let repeats = |(index, item): (usize, &String)| {
            let mut before = items.iter().take(index);
            before.any(|other| other.eq_ignore_ascii_case(item))
        };
        match self {
            Self::Names => {
                items.iter().all(|item| is_id(item)) && !items.iter().enumerate().any(repeats)
            }
            Self::Codecs => {
                items.iter().all(|item| is_codec(item)) && !items.iter().enumerate().any(repeats)
            }
            Self::Texts => items.iter().all(|item| !item.is_empty()),
            Self::Devices => items.iter().all(|item| Device::read(item).is_some()),
            Self::Listen => {
                !items.is_empty() && items.iter().all(|item| Listen::read(item).is_some())
            }
            Self::Switch
            | Self::Number { .. }
            | Self::Text
            | Self::Choice(_)
            | Self::Server
            | Self::Id
            | Self::Device
            | Self::OptionalDevice
            | Self::Lines(_)
            | Self::Digits
            | Self::Target
            | Self::CallThrough
            | Self::GmtOffset
            | Self::Incoming
            | Self::Tone(_)
            | Self::Sha256
            | Self::PluginOption
            | Self::Option
            | Self::Secret => false,
        }
    }

    /// What is allowed, for a complaint.
    pub(crate) fn allowed(self) -> String {
        match self {
            Self::Switch => "allowed: true or false".to_owned(),
            Self::Number { min, max, step: 1 } => format!("allowed: {min} to {max}"),
            Self::Number { min, max, step } => {
                format!("allowed: {min} to {max} in steps of {step}")
            }
            Self::Text => format!("allowed: one line of text, at most {MAX_TEXT} bytes"),
            Self::Choice(words) => format!("allowed: {}", words.join(", ")),
            Self::Names => {
                r#"allowed: a list of names without repeats, such as ["rfc2833", "info"]"#.to_owned()
            }
            Self::Codecs => {
                r#"allowed: a list of names without repeats, such as ["PCMU", "L16/16000"]"#.to_owned()
            }
            Self::Texts => r#"allowed: a list of text, such as ["/usr/lib/offhook"]"#.to_owned(),
            Self::Listen => {
                r#"allowed: a list such as ["udp:0.0.0.0:5060", "tcp:[::]:5060"]"#.to_owned()
            }
            Self::Server => "allowed: host or host:port, such as pbx.example:5060".to_owned(),
            Self::Id => "allowed: 1 to 64 of letters, digits, - _ . @".to_owned(),
            Self::Device => {
                "allowed: a plugin's id, such as audio-system or audio-file:FILE".to_owned()
            }
            Self::OptionalDevice => {
                "allowed: a plugin's id, such as audio-system or audio-file:FILE, or nothing".to_owned()
            }
            Self::Devices => {
                r#"allowed: a list of plugins' ids, such as ["filter-gain"] or ["filter-gain:OPTIONS"]"#.to_owned()
            }
            Self::Lines(lines) => lines.allowed(),
            Self::Digits => "allowed: at most 8 digits, or nothing".to_owned(),
            Self::Target => "allowed: number or SIP URI, or nothing".to_owned(),
            Self::CallThrough => {
                "allowed: dial characters, a comma for each pause of 2 s, and %targetNumber% behind the first, or nothing".to_owned()
            }
            Self::GmtOffset => {
                "allowed: integer -720 to 840, or nothing for local time".to_owned()
            }
            Self::Incoming => {
                "allowed: ring, talk, silent, echo, play=FILE, record=FOLDER".to_owned()
            }
            Self::Tone(signal) => tones::allowed(signal),
            Self::Option => "allowed: text, a number, true or false".to_owned(),
            Self::Secret => "allowed: the password as one line of text".to_owned(),
            Self::Sha256 => "allowed: 64 hexadecimal digits, as sha256sum prints them".to_owned(),
            Self::PluginOption => "allowed: a number, a text, true or false".to_owned(),
        }
    }

    /// Reads what a variable or an option says; lists are parted by commas.
    pub(crate) fn read_text(self, text: &str) -> Raw {
        match self {
            Self::Option => match text {
                "true" => Raw::Switch(true),
                "false" => Raw::Switch(false),
                text => text
                    .parse()
                    .map_or_else(|_| Raw::Text(text.to_owned()), Raw::Number),
            },
            Self::Switch => match text {
                "true" | "1" | "yes" | "on" => Raw::Switch(true),
                "false" | "0" | "no" | "off" => Raw::Switch(false),
                _ => Raw::Text(text.to_owned()),
            },
            // A rule has commas of its own: one line of the variable is one.
            Self::Lines(
                Lines::Rewriting | Lines::IncomingRewriting | Lines::Schedule | Lines::Headers,
            ) => {
                let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
                Raw::List(lines.map(str::to_owned).collect())
            }
            Self::Number { .. } | Self::GmtOffset => text
                .parse()
                .map_or_else(|_| Raw::Text(text.to_owned()), Raw::Number),
            Self::Devices => Raw::List(outside_braces(text)),
            Self::Names | Self::Codecs | Self::Texts | Self::Listen | Self::Lines(_) => {
                let items = text
                    .split(',')
                    .map(str::trim)
                    .filter(|item| !item.is_empty());
                Raw::List(items.map(str::to_owned).collect())
            }
            Self::Text
            | Self::Choice(_)
            | Self::Server
            | Self::Id
            | Self::Device
            | Self::OptionalDevice
            | Self::Digits
            | Self::Target
            | Self::CallThrough
            | Self::Incoming
            | Self::Tone(_)
            | Self::Sha256
            | Self::PluginOption
            | Self::Secret => Raw::Text(text.to_owned()),
        }
    }
}

/// Parted by commas, but for those within the JSON of a plugin's options.
fn outside_braces(text: &str) -> Vec<String> {
    let (mut depth, mut is_quoted, mut is_escaped) = (0_u32, false, false);
    let parts = text.split(|c: char| {
        let within = is_quoted;
        match c {
            '"' if depth > 0 && !is_escaped => is_quoted = !is_quoted,
            '{' if !within => depth += 1,
            '}' if !within => depth = depth.saturating_sub(1),
            _ => {}
        }
        is_escaped = within && c == '\\' && !is_escaped;
        c == ',' && depth == 0
    });
    let parts = parts.map(str::trim).filter(|part| !part.is_empty());
    parts.map(str::to_owned).collect()
}

impl Raw {
    /// What was written, for a complaint about a key that is not secret.
    pub(crate) fn show(&self) -> String {
        /// A complaint shows no more of a long text. Unit: characters.
        const SHOWN: usize = 60;
        match self {
            Self::Switch(on) => on.to_string(),
            Self::Number(number) => number.to_string(),
            Self::Text(text) if text.chars().count() > SHOWN => {
                format!("{:?}…", text.chars().take(SHOWN).collect::<String>())
            }
            Self::Text(text) => format!("{text:?}"),
            Self::List(items) => {
                let items: Vec<String> = items.iter().take(8).map(|i| format!("{i:?}")).collect();
                format!("[{}]", items.join(", "))
            }
            Self::Fraction(_) => "a fraction".to_owned(),
            Self::Other(kind) => (*kind).to_owned(),
        }
    }
}

impl core::fmt::Display for Value {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Switch(on) => write!(f, "{on}"),
            Self::Number(number) => write!(f, "{number}"),
            Self::Integer(number) => write!(f, "{number}"),
            Self::Text(text) => write!(f, "{text:?}"),
            Self::List(items) => write!(f, "{items:?}"),
            Self::Plugin(option) => option.fmt(f),
        }
    }
}

fn option(raw: &Raw) -> Option<PluginValue> {
    match raw {
        Raw::Switch(on) => Some(PluginValue::Switch(*on)),
        Raw::Number(number) => Some(PluginValue::Whole(*number)),
        Raw::Fraction(number) => {
            let finite = number.parse::<f64>().is_ok_and(f64::is_finite);
            finite.then(|| PluginValue::Fraction(number.clone()))
        }
        Raw::Text(text) => Some(PluginValue::Text(text.clone())),
        Raw::List(_) | Raw::Other(_) => None,
    }
}

fn is_line(text: &str) -> bool {
    text.len() <= MAX_TEXT && !text.chars().any(char::is_control)
}

/// Whether this can name an account, a codec or a plugin.
pub(crate) fn is_id(text: &str) -> bool {
    let of_id = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '@');
    (1..=64).contains(&text.len()) && text.chars().all(of_id)
}

/// An encoding name as SDP has it, with its clock rate in Hz or without.
fn is_codec(text: &str) -> bool {
    match text.split_once('/') {
        Some((name, rate)) => is_id(name) && rate.parse::<u32>().is_ok_and(|rate| rate > 0),
        None => is_id(text),
    }
}

/// Host or address, with a port or without.
fn is_server(text: &str) -> bool {
    let (host, port) = match text.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((v6, rest)) => {
            if v6.parse::<core::net::Ipv6Addr>().is_err() {
                return false;
            }
            (
                "v6",
                rest.strip_prefix(':').or((!rest.is_empty()).then_some("x")),
            )
        }
        None => match text.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (text, None),
        },
    };
    let of_host = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let port_fits = port.is_none_or(|port| port.parse::<u16>().is_ok_and(|port| port != 0));
    !host.is_empty() && host.len() <= 253 && host.chars().all(of_host) && port_fits
}
