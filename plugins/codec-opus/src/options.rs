//! What an account may set, from JSON to checked values.
//!
//! Names and meaning are those of the account keys `opusOptions.*`; the cellular twins are the same
//! options, given while the host reports a cellular network.

use core::fmt;
use serde_json::{Map, Value};

/// Upper end of the audio band. Ordered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Band {
    /// Up to 4 kHz.
    Narrow,
    /// Up to 6 kHz. Only a peer asks for it.
    Medium,
    /// Up to 8 kHz.
    Wide,
    /// Up to 12 kHz. Only a peer asks for it.
    SuperWide,
    /// Up to 20 kHz.
    Full,
}

impl Band {
    /// As `maxplaybackrate` says it. Unit: samples a second. Source: RFC 7587 §6.1.
    pub const fn rate_hz(self) -> u32 {
        match self {
            Self::Narrow => 8_000,
            Self::Medium => 12_000,
            Self::Wide => 16_000,
            Self::SuperWide => 24_000,
            Self::Full => 48_000,
        }
    }

    /// The widest band that a receiver of so many samples a second can use.
    pub const fn of_rate(rate_hz: u32) -> Self {
        match rate_hz {
            0..12_000 => Self::Narrow,
            12_000..16_000 => Self::Medium,
            16_000..24_000 => Self::Wide,
            24_000..48_000 => Self::SuperWide,
            _ => Self::Full,
        }
    }
}

/// Wanted bit rate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BitRate {
    /// The library chooses.
    Automatic,
    /// As much as is allowed, [`MOST_BITS`].
    Most,
    /// Unit: bits per second. Range: [`LEAST_BITS`] to [`MOST_BITS`].
    Bits(u32),
}

/// Lowest rate that makes sense. Unit: bits per second. Source: RFC 7587 §6.1.
pub const LEAST_BITS: u32 = 6_000;
/// Highest rate. Unit: bits per second. Source: RFC 7587 §6.1.
pub const MOST_BITS: u32 = 510_000;

/// All options of one account on one kind of network.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// What we want to hear, and the widest we send.
    pub band: Band,
    /// Effort of the encoder. Range: 0 to 10. `None`: the library's own.
    pub complexity: Option<u8>,
    /// What we want to send and hear.
    pub bit_rate: BitRate,
    /// Whether we want redundancy, and send it to who wants it.
    pub fec: bool,
    /// Whether silence may be left out, both ways.
    pub dtx: bool,
    /// Whether the rate may vary.
    pub vbr: bool,
    /// Loss that the encoder prepares for. Unit: percent. Range: 0 to 100.
    pub expected_loss: u8,
}

/// An option that is not understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wrong {
    key: String,
    value: String,
    allowed: &'static str,
}

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            key,
            value,
            allowed,
        } = self;
        write!(f, "{key}: value '{value}' is not valid, allowed: {allowed}")
    }
}

impl std::error::Error for Wrong {}

/// Every key there is.
const KEYS: [&str; 8] = [
    "class",
    "bandwidth",
    "complexity",
    "bitrate",
    "fec",
    "dtx",
    "vbr",
    "expected_packet_loss",
];

impl Options {
    /// What a class stands for: band and bit rate; the rest is the same for all three.
    const fn of_class(band: Band, bits: u32) -> Self {
        Self {
            band,
            complexity: None,
            bit_rate: BitRate::Bits(bits),
            fec: true,
            dtx: true,
            vbr: true,
            expected_loss: 5,
        }
    }

    /// Class `wb`, which holds where nothing is said.
    pub const DEFAULT: Self = Self::of_class(Band::Wide, 24_000);

    /// Reads a JSON object; no text is an empty one. What is odd but usable is told to `warn`.
    pub fn read(json: &str, mut warn: impl FnMut(String)) -> Result<Self, Wrong> {
        let wrong = |allowed| Wrong {
            key: "options".to_owned(),
            value: json.to_owned(),
            allowed,
        };
        let fields = match json.trim() {
            "" => Map::new(),
            text => serde_json::from_str(text).map_err(|_| wrong("a JSON object"))?,
        };
        if let Some(key) = fields.keys().find(|key| !KEYS.contains(&key.as_str())) {
            return Err(Wrong {
                key: key.clone(),
                value: shown(fields.get(key)),
                allowed: "class, bandwidth, complexity, bitrate, fec, dtx, vbr, expected_packet_loss",
            });
        }
        let fields = Fields(&fields);
        // All are checked, also those that a class leaves without effect.
        let single = fields.single(&mut warn)?;
        let class = match fields.text("class").as_deref() {
            None | Some("wb") => Self::DEFAULT,
            Some("nb") => Self::of_class(Band::Narrow, 15_500),
            Some("fb") => Self::of_class(Band::Full, 64_000),
            Some("") => return Ok(single),
            Some(_) => return Err(fields.wrong("class", "nb, wb, fb or empty")),
        };
        for key in fields.0.keys().filter(|key| *key != "class") {
            warn(format!(
                "{key} has no effect beside a class; class = \"\" makes the single options count"
            ));
        }
        Ok(class)
    }
}

struct Fields<'a>(&'a Map<String, Value>);

impl Fields<'_> {
    /// The seven options that count without a class.
    fn single(&self, warn: &mut impl FnMut(String)) -> Result<Options, Wrong> {
        let band = match self.text("bandwidth").as_deref() {
            Some("nb") => Band::Narrow,
            Some("fb") => Band::Full,
            None | Some("wb") => Band::Wide,
            Some(other) => {
                warn(format!(
                    "bandwidth: '{other}' counts as wb, allowed: nb, wb, fb"
                ));
                Band::Wide
            }
        };
        Ok(Options {
            band,
            complexity: self.number("complexity", 0..=10, "integer 0 to 10, or empty")?,
            bit_rate: self.bit_rate()?,
            fec: self.switch("fec", false)?,
            dtx: self.switch("dtx", false)?,
            vbr: self.switch("vbr", true)?,
            expected_loss: self.expected_loss()?,
        })
    }

    fn bit_rate(&self) -> Result<BitRate, Wrong> {
        let text = self.text("bitrate").unwrap_or_default();
        match text.as_str() {
            "" | "-1000" => Ok(BitRate::Automatic),
            "-1" => Ok(BitRate::Most),
            text => match text.parse() {
                Ok(bits) if (LEAST_BITS..=MOST_BITS).contains(&bits) => Ok(BitRate::Bits(bits)),
                Ok(_) | Err(_) => Err(self.wrong("bitrate", "6000 to 510000, empty, -1000 or -1")),
            },
        }
    }

    fn expected_loss(&self) -> Result<u8, Wrong> {
        let (key, allowed) = ("expected_packet_loss", "integer 0 to 100");
        match self.text(key).as_deref() {
            None => Ok(0),
            Some("") => Err(self.wrong(key, allowed)),
            Some(_) => Ok(self.number(key, 0..=100, allowed)?.unwrap_or(0)),
        }
    }

    /// `None`: empty or not said.
    fn number(
        &self,
        key: &str,
        range: core::ops::RangeInclusive<u8>,
        allowed: &'static str,
    ) -> Result<Option<u8>, Wrong> {
        let text = self.text(key).filter(|text| !text.is_empty());
        let read = |text: String| text.parse().ok().filter(|number| range.contains(number));
        text.map(|text| read(text).ok_or_else(|| self.wrong(key, allowed)))
            .transpose()
    }

    fn switch(&self, key: &str, default: bool) -> Result<bool, Wrong> {
        match self.text(key).as_deref() {
            None => Ok(default),
            Some("0") => Ok(false),
            Some("1") => Ok(true),
            Some(_) => Err(self.wrong(key, "0 or 1")),
        }
    }

    /// A value as an account writes it, whatever kind of JSON it is.
    fn text(&self, key: &str) -> Option<String> {
        self.0.get(key).map(|value| shown(Some(value)))
    }

    fn wrong(&self, key: &str, allowed: &'static str) -> Wrong {
        Wrong {
            key: key.to_owned(),
            value: shown(self.0.get(key)),
            allowed,
        }
    }
}

fn shown(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text.trim().to_owned(),
        Some(Value::Bool(on)) => u8::from(*on).to_string(),
        Some(other @ (Value::Number(_) | Value::Array(_) | Value::Object(_))) => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Result<(Options, Vec<String>), String> {
        let mut warnings = Vec::new();
        let read = Options::read(json, |text| warnings.push(text));
        read.map(|options| (options, warnings))
            .map_err(|wrong| wrong.to_string())
    }

    /// K-035, K-043.
    #[test]
    fn classes_stand_for_band_and_rate() {
        for (json, band, bits) in [
            ("", Band::Wide, 24_000),
            ("{}", Band::Wide, 24_000),
            (r#"{"class":"nb"}"#, Band::Narrow, 15_500),
            (r#"{"class":"wb"}"#, Band::Wide, 24_000),
            (r#"{"class":"fb"}"#, Band::Full, 64_000),
        ] {
            let (options, warnings) = read(json).unwrap();
            assert_eq!(options, Options::of_class(band, bits), "{json}");
            assert!(warnings.is_empty());
        }
    }

    /// K-036 to K-042, K-044 to K-050: defaults and given values, as numbers, switches and text.
    #[test]
    fn single_options_count_without_a_class() {
        let (options, _) = read(r#"{"class":""}"#).unwrap();
        let plain = Options {
            band: Band::Wide,
            complexity: None,
            bit_rate: BitRate::Automatic,
            fec: false,
            dtx: false,
            vbr: true,
            expected_loss: 0,
        };
        assert_eq!(options, plain);
        let (options, warnings) = read(
            r#"{"class":"","bandwidth":"fb","complexity":"10","bitrate":-1,"fec":1,"dtx":true,
                "vbr":"0","expected_packet_loss":20}"#,
        )
        .unwrap();
        let all = Options {
            band: Band::Full,
            complexity: Some(10),
            bit_rate: BitRate::Most,
            fec: true,
            dtx: true,
            vbr: false,
            expected_loss: 20,
        };
        assert_eq!(options, all);
        assert!(warnings.is_empty());
    }

    #[test]
    fn what_is_odd_but_usable_is_told() {
        let (options, warnings) = read(r#"{"class":"","bandwidth":"swb"}"#).unwrap();
        assert_eq!(options.band, Band::Wide);
        assert_eq!(
            warnings,
            ["bandwidth: 'swb' counts as wb, allowed: nb, wb, fb"]
        );
        let (options, warnings) = read(r#"{"class":"nb","fec":0}"#).unwrap();
        assert!(options.fec);
        assert!(warnings[0].starts_with("fec has no effect beside a class"));
    }

    #[test]
    fn what_is_wrong_says_what_is_allowed() {
        for (json, says) in [
            (
                r#"{"class":"swb"}"#,
                "class: value 'swb' is not valid, allowed: nb, wb, fb or empty",
            ),
            (
                r#"{"complexity":11}"#,
                "complexity: value '11' is not valid, allowed: integer 0 to 10, or empty",
            ),
            (
                r#"{"bitrate":5999}"#,
                "bitrate: value '5999' is not valid, allowed: 6000 to 510000, empty, -1000 or -1",
            ),
            (
                r#"{"fec":2}"#,
                "fec: value '2' is not valid, allowed: 0 or 1",
            ),
            (
                r#"{"dtx":"on"}"#,
                "dtx: value 'on' is not valid, allowed: 0 or 1",
            ),
            (
                r#"{"vbr":""}"#,
                "vbr: value '' is not valid, allowed: 0 or 1",
            ),
            (
                r#"{"expected_packet_loss":101}"#,
                "expected_packet_loss: value '101' is not valid, allowed: integer 0 to 100",
            ),
            (
                r#"["fec"]"#,
                r#"options: value '["fec"]' is not valid, allowed: a JSON object"#,
            ),
        ] {
            assert_eq!(read(json).unwrap_err(), says);
        }
        assert!(
            read(r#"{"ptime":20}"#)
                .unwrap_err()
                .starts_with("ptime: value '20'")
        );
    }
}
