//! A plugin's options: what its manifest allows, and what the settings say.
//!
//! The manifest's `config` maps a name to `{"type", "default", "min", "max", "values", "help"}`; types are
//! `integer`, `number`, `string`, `boolean` and `enum`; `enum` needs `values`, `string` may have them.

use core::fmt;
use serde::Deserialize;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// Options of one plugin.
const MOST: usize = 64;
/// Longest text. Unit: bytes.
const LONGEST: usize = 4096;

/// Options as a JSON object.
pub type Options = Map<String, Value>;

/// What one option takes.
#[derive(Debug, Clone, PartialEq)]
pub enum Takes {
    /// A whole number in this range.
    Integer(i64, i64),
    /// A number in this range.
    Number(f64, f64),
    /// One text.
    Text,
    /// Yes or no.
    Boolean,
    /// One of these words.
    Choice(Vec<String>),
}

/// One option.
#[derive(Debug, Clone, PartialEq)]
pub struct Rule {
    /// What it takes.
    pub takes: Takes,
    /// What it is when the settings say nothing; `None`: it is left out.
    pub default: Option<Value>,
    /// For a person.
    pub help: String,
}

/// All options of a plugin.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Schema(BTreeMap<String, Rule>);

/// One option that the settings have wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistake {
    /// Its name.
    pub option: String,
    /// What is wrong.
    pub what: String,
    /// What would be right.
    pub allowed: String,
}

#[derive(Deserialize)]
struct Written {
    #[serde(rename = "type")]
    kind: String,
    default: Option<Value>,
    min: Option<Value>,
    max: Option<Value>,
    #[serde(default)]
    values: Vec<String>,
    #[serde(default)]
    help: String,
}

impl Schema {
    /// From a manifest's `config`; the error says what is wrong with it.
    pub fn parse(config: &Value) -> Result<Self, String> {
        let options = match config {
            Value::Null => return Ok(Self::default()),
            Value::Object(options) => options,
            Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
                return Err("config is no object of options".to_owned());
            }
        };
        if options.len() > MOST {
            return Err(format!(
                "config has {} options, at most {MOST}",
                options.len()
            ));
        }
        let rules = options.iter().map(|(name, written)| {
            let rule = rule(name, written).map_err(|why| format!("config.{name}: {why}"))?;
            Ok((name.clone(), rule))
        });
        rules.collect::<Result<_, String>>().map(Self)
    }

    /// The options by name.
    pub fn rules(&self) -> impl Iterator<Item = (&str, &Rule)> {
        self.0.iter().map(|(name, rule)| (name.as_str(), rule))
    }

    /// What the plugin is told: `given`, checked, and defaults for the rest.
    pub fn fill(&self, given: &Options) -> Result<Options, Vec<Mistake>> {
        let mut mistakes = Vec::new();
        for (option, value) in given {
            let (what, allowed) = match self.0.get(option) {
                None => ("there is no such option".to_owned(), self.names()),
                Some(rule) if !rule.takes.fits(value) => {
                    (format!("{value} is not allowed"), rule.takes.to_string())
                }
                Some(_) => continue,
            };
            mistakes.push(Mistake {
                option: option.clone(),
                what,
                allowed,
            });
        }
        if !mistakes.is_empty() {
            return Err(mistakes);
        }
        let defaults = self.0.iter().filter_map(|(name, rule)| {
            let default = rule.default.clone()?;
            Some((name.clone(), default))
        });
        let mut filled: Options = defaults.collect();
        filled.extend(given.clone());
        Ok(filled)
    }

    fn names(&self) -> String {
        match self.0.is_empty() {
            true => "the plugin has no options".to_owned(),
            false => {
                let names: Vec<&str> = self.0.keys().map(String::as_str).collect();
                format!("allowed: {}", names.join(", "))
            }
        }
    }
}

fn rule(name: &str, written: &Value) -> Result<Rule, String> {
    let of_name = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_' || b == b'-';
    if !(1..=64).contains(&name.len()) || !name.bytes().all(of_name) {
        return Err("a name is 1 to 64 of a-z, 0-9, _ -".to_owned());
    }
    let written = Written::deserialize(written).map_err(|error| error.to_string())?;
    let takes = takes(&written)?;
    if let Some(default) = &written.default
        && !takes.fits(default)
    {
        return Err(format!("default {default} is not allowed; {takes}"));
    }
    Ok(Rule {
        takes,
        default: written.default,
        help: written.help,
    })
}

fn takes(written: &Written) -> Result<Takes, String> {
    let whole = |bound: &Option<Value>, name, without| match bound {
        None => Ok(without),
        Some(bound) => bound.as_i64().ok_or(format!("{name} is no whole number")),
    };
    let number = |bound: &Option<Value>, name, without| match bound {
        None => Ok(without),
        Some(bound) => bound.as_f64().ok_or(format!("{name} is no number")),
    };
    let (min, max) = (&written.min, &written.max);
    let takes = match written.kind.as_str() {
        "integer" => Takes::Integer(whole(min, "min", i64::MIN)?, whole(max, "max", i64::MAX)?),
        "number" => Takes::Number(number(min, "min", f64::MIN)?, number(max, "max", f64::MAX)?),
        "string" if written.values.is_empty() => Takes::Text,
        "string" => Takes::Choice(written.values.clone()),
        "boolean" => Takes::Boolean,
        "enum" if written.values.is_empty() => return Err("enum without values".to_owned()),
        "enum" => Takes::Choice(written.values.clone()),
        other => {
            return Err(format!(
                "type {other:?}; types are integer, number, string, boolean, enum"
            ));
        }
    };
    match takes {
        Takes::Integer(min, max) if min > max => Err(format!("min {min} is above max {max}")),
        Takes::Number(min, max) if min > max => Err(format!("min {min} is above max {max}")),
        Takes::Integer(..) | Takes::Number(..) => Ok(takes),
        Takes::Text | Takes::Boolean | Takes::Choice(_) if min.is_some() || max.is_some() => {
            Err("min and max are for numbers".to_owned())
        }
        Takes::Text | Takes::Boolean | Takes::Choice(_) => Ok(takes),
    }
}

impl Takes {
    fn fits(&self, value: &Value) -> bool {
        match self {
            Self::Integer(min, max) => value.as_i64().is_some_and(|n| (*min..=*max).contains(&n)),
            Self::Number(min, max) => value.as_f64().is_some_and(|n| (*min..=*max).contains(&n)),
            Self::Text => value.as_str().is_some_and(|text| text.len() <= LONGEST),
            Self::Boolean => value.is_boolean(),
            Self::Choice(words) => value
                .as_str()
                .is_some_and(|text| words.iter().any(|word| word == text)),
        }
    }
}

/// What is allowed, for a complaint.
impl fmt::Display for Takes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Integer(i64::MIN, i64::MAX) => f.write_str("allowed: a whole number"),
            Self::Integer(min, i64::MAX) => write!(f, "allowed: a whole number from {min} up"),
            Self::Integer(i64::MIN, max) => write!(f, "allowed: a whole number up to {max}"),
            Self::Integer(min, max) => write!(f, "allowed: a whole number, {min} to {max}"),
            Self::Number(f64::MIN, f64::MAX) => f.write_str("allowed: a number"),
            Self::Number(min, f64::MAX) => write!(f, "allowed: a number from {min} up"),
            Self::Number(f64::MIN, max) => write!(f, "allowed: a number up to {max}"),
            Self::Number(min, max) => write!(f, "allowed: a number, {min} to {max}"),
            Self::Text => write!(f, "allowed: a text of at most {LONGEST} bytes"),
            Self::Boolean => f.write_str("allowed: true or false"),
            Self::Choice(words) => write!(f, "allowed: {}", words.join(", ")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn schema() -> Schema {
        Schema::parse(&json!({
            "bitrate": {"type": "integer", "default": 24000, "min": 6000, "max": 510000, "help": "bits per second"},
            "gain_db": {"type": "number", "min": -40, "max": 40.5},
            "mode": {"type": "enum", "values": ["voice", "music"], "default": "voice"},
            "fec": {"type": "boolean", "default": true},
            "title": {"type": "string", "default": ""},
        }))
        .unwrap()
    }

    fn options(value: Value) -> Options {
        value.as_object().unwrap().clone()
    }

    #[test]
    fn what_is_given_is_kept_and_the_rest_filled() {
        let given = options(json!({"gain_db": -3, "mode": "music"}));
        assert_eq!(
            Value::from(schema().fill(&given).unwrap()),
            json!({"bitrate": 24000, "fec": true, "gain_db": -3, "mode": "music", "title": ""})
        );
    }

    #[test]
    fn each_mistake_says_what_is_allowed() {
        let given = json!({"bitrate": 5999, "gain_db": "loud", "mode": "noise", "fec": 1, "title": 7, "speed": 1});
        let mistakes = schema().fill(&options(given)).unwrap_err();
        let lines: Vec<_> = mistakes
            .iter()
            .map(|m| format!("{}: {}; {}", m.option, m.what, m.allowed))
            .collect();
        assert_eq!(
            lines,
            [
                "bitrate: 5999 is not allowed; allowed: a whole number, 6000 to 510000",
                "fec: 1 is not allowed; allowed: true or false",
                "gain_db: \"loud\" is not allowed; allowed: a number, -40 to 40.5",
                "mode: \"noise\" is not allowed; allowed: voice, music",
                "speed: there is no such option; allowed: bitrate, fec, gain_db, mode, title",
                "title: 7 is not allowed; allowed: a text of at most 4096 bytes",
            ]
        );
    }

    #[test]
    fn a_schema_that_contradicts_itself_is_refused() {
        for (config, says) in [
            (json!([]), "no object"),
            (json!({"A b": {"type": "string"}}), "a name is"),
            (json!({"a": {}}), "missing field `type`"),
            (json!({"a": {"type": "float"}}), "types are integer"),
            (json!({"a": {"type": "enum"}}), "without values"),
            (
                json!({"a": {"type": "integer", "min": 2, "max": 1}}),
                "above max",
            ),
            (
                json!({"a": {"type": "integer", "min": 0.5}}),
                "no whole number",
            ),
            (json!({"a": {"type": "string", "max": 1}}), "for numbers"),
            (
                json!({"a": {"type": "integer", "max": 9, "default": 10}}),
                "default 10",
            ),
        ] {
            let why = Schema::parse(&config).unwrap_err();
            assert!(why.contains(says), "{config}: {why}");
        }
    }
}
