//! One TOML text to checked values, and complaints about the rest.

use crate::complaint::{Complaints, Origin};
use crate::keys::{self, Key};
use crate::tones;
use crate::value::{Kind, Raw, Value, is_id};
use core::ops::Range;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// One checked value of a layer.
pub(crate) struct Entry {
    pub(crate) key: String,
    pub(crate) value: Value,
    pub(crate) origin: Origin,
}

/// Which text is read.
pub(crate) enum Text<'a> {
    Defaults(&'a str),
    Profile(&'a str, &'a str),
    File(&'a str, &'a str),
}

impl Text<'_> {
    const fn text(&self) -> &str {
        match self {
            Self::Defaults(text) | Self::Profile(_, text) | Self::File(_, text) => text,
        }
    }

    fn origin(&self, at: usize) -> Origin {
        let before = self.text().get(..at).unwrap_or(self.text());
        let line = before.matches('\n').count() + 1;
        let start = before.rfind('\n').map_or(0, |at| at + 1);
        let column = before.get(start..).unwrap_or("").chars().count() + 1;
        match self {
            Self::Defaults(_) => Origin::Default,
            Self::Profile(name, _) => Origin::Profile {
                name: (*name).to_owned(),
                line,
                column,
            },
            Self::File(path, _) => Origin::File {
                path: (*path).to_owned(),
                line,
                column,
            },
        }
    }
}

/// Reads one text. What is wrong goes into `complaints`, what is right comes back.
pub(crate) fn read(text: &Text<'_>, complaints: &mut Complaints) -> Vec<Entry> {
    let (table, errors) = DeTable::parse_recoverable(text.text());
    let mut broken = Vec::new();
    for error in errors {
        let origin = text.origin(error.span().map_or(0, |span| span.start));
        complaints.error(&origin, "", error.message(), "expected: TOML");
        broken.extend(origin.line());
    }
    let mut reader = Reader {
        text,
        broken,
        complaints,
        entries: Vec::new(),
    };
    reader.table("", table.get_ref());
    reader.entries
}

struct Reader<'a, 'b> {
    text: &'a Text<'b>,
    /// Lines that are no TOML: what the parser made of them is not complained about again.
    broken: Vec<usize>,
    complaints: &'a mut Complaints,
    entries: Vec<Entry>,
}

impl Reader<'_, '_> {
    fn table(&mut self, path: &str, table: &DeTable<'_>) {
        let mut children: Vec<_> = table.iter().collect();
        children.sort_by_key(|(key, _)| key.span().start);
        for (key, value) in children {
            let name = key.get_ref();
            let child = if path.is_empty() {
                name.to_string()
            } else {
                format!("{path}.{name}")
            };
            self.child(path, &child, key.span(), value);
        }
    }

    fn child(&mut self, parent: &str, path: &str, key: Range<usize>, value: &Spanned<DeValue<'_>>) {
        let of_options = path.starts_with("plugins.options.");
        if let (true, DeValue::Table(table)) = (of_options, value.get_ref()) {
            // Ids with dots are tables in tables.
            return self.table(path, table);
        }
        if let Some(kind) = keys::kind_of(path) {
            return self.leaf(path, kind, value);
        }
        let is_account = parent == "accounts";
        if let Some(id) = path
            .strip_prefix("accounts.")
            .filter(|id| is_account && !is_id(id))
        {
            let what = format!("{id:?} cannot be an account's id");
            return self.complain(path, key.start, what, Kind::Id.allowed());
        }
        if is_account || is_table(path) {
            return match value.get_ref() {
                DeValue::Table(table) if is_account && table.is_empty() => {
                    self.complain(path, key.start, "is empty", "the account needs its user");
                }
                DeValue::Table(table) => self.table(path, table),
                DeValue::String(_)
                | DeValue::Integer(_)
                | DeValue::Float(_)
                | DeValue::Boolean(_)
                | DeValue::Datetime(_)
                | DeValue::Array(_) => {
                    let allowed = match path {
                        "accounts" => {
                            "each account is a table with its id: [accounts.alice]".to_owned()
                        }
                        _ => format!("write it as [{path}] with keys below"),
                    };
                    self.complain(path, value.span().start, "is a table", allowed);
                }
            };
        }
        if !self.broken.is_empty() {
            // A broken table header puts the keys below it into the wrong table.
            return;
        }
        let hint = match keys::nearest(path) {
            Some(near) => format!("did you mean {near}?"),
            None => format!("there are: {}", keys::beside(path).join(", ")),
        };
        self.complain(path, key.start, "there is no such key", hint);
    }

    fn leaf(&mut self, path: &str, kind: Kind, value: &Spanned<DeValue<'_>>) {
        let raw = raw(value.get_ref());
        let origin = self.text.origin(value.span().start);
        if let (DeValue::Array(items), Raw::List(lines)) = (value.get_ref(), &raw) {
            let wrong = kind.wrong_lines(lines);
            for (at, what, allowed) in &wrong {
                let start = items
                    .get(*at)
                    .map_or(value.span().start, |i| i.span().start);
                self.complain(path, start, what.as_str(), allowed.as_str());
            }
            if !wrong.is_empty() {
                return;
            }
        }
        match kind.check(&raw) {
            Some(value) => self.entries.push(Entry {
                key: path.to_owned(),
                value,
                origin,
            }),
            None if origin
                .line()
                .is_some_and(|line| self.broken.contains(&line)) => {}
            None => complain_about_value(self.complaints, &origin, path, kind, &raw),
        }
    }

    fn complain(
        &mut self,
        path: &str,
        at: usize,
        what: impl Into<String>,
        allowed: impl Into<String>,
    ) {
        let origin = self.text.origin(at);
        self.complaints.error(&origin, path, what, allowed);
    }
}

/// Says what was written, unless it is secret, and what is allowed.
pub(crate) fn complain_about_value(
    complaints: &mut Complaints,
    origin: &Origin,
    key: &str,
    kind: Kind,
    raw: &Raw,
) {
    let what = match kind {
        Kind::Secret => "the value is not allowed".to_owned(),
        Kind::Tone(signal) => match raw {
            Raw::Text(text) => tones::wrong(text, signal).unwrap_or_default(),
            Raw::Switch(_) | Raw::Number(_) | Raw::List(_) | Raw::Fraction(_) | Raw::Other(_) => {
                format!("{} is not a tone", raw.show())
            }
        },
        Kind::Switch
        | Kind::Number { .. }
        | Kind::Text
        | Kind::Choice(_)
        | Kind::Names
        | Kind::Codecs
        | Kind::Texts
        | Kind::Listen
        | Kind::Server
        | Kind::Id
        | Kind::Device
        | Kind::OptionalDevice
        | Kind::Devices
        | Kind::Lines(_)
        | Kind::Digits
        | Kind::CallThrough
        | Kind::Target
        | Kind::GmtOffset
        | Kind::Sha256
        | Kind::PluginOption
        | Kind::Option
        | Kind::Incoming => format!("{} is not allowed", raw.show()),
    };
    complaints.error(origin, key, what, kind.allowed());
}

/// Whether keys may stand below `path`.
fn is_table(path: &str) -> bool {
    let below = |key: &Key| {
        let rest = key.name.strip_prefix(path);
        rest.is_some_and(|rest| rest.starts_with('.'))
    };
    let has_free_keys =
        path == "accounts" || keys::BY_PLUGIN.contains(&path) || keys::is_codec_table(path);
    has_free_keys || keys::KEYS.iter().any(below)
}

fn raw(value: &DeValue<'_>) -> Raw {
    match value {
        DeValue::String(text) => Raw::Text(text.to_string()),
        DeValue::Integer(number) => i64::from_str_radix(number.as_str(), number.radix())
            .map_or(Raw::Other("so large a number"), Raw::Number),
        DeValue::Boolean(on) => Raw::Switch(*on),
        DeValue::Array(items) => {
            let texts = items.iter().map(|item| item.get_ref().as_str());
            let texts: Option<Vec<String>> = texts.map(|t| t.map(str::to_owned)).collect();
            texts.map_or(Raw::Other("a list of other than text"), Raw::List)
        }
        DeValue::Float(number) => Raw::Fraction(number.as_str().replace('_', "")),
        DeValue::Datetime(_) => Raw::Other("a date"),
        DeValue::Table(_) => Raw::Other("a table"),
    }
}
