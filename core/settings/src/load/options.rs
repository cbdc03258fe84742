//! Options of codecs: for all accounts, and for one.

use super::Values;
use crate::keys;
use crate::settings::{CodecOptions, OptionValue};
use crate::value::Value;

/// Options of codecs whose keys begin with `prefix`.
pub(super) fn of_codecs(prefix: &str, values: &Values) -> CodecOptions {
    let mut options = CodecOptions::new();
    for (key, (value, _)) in &values.0 {
        let Some((name, option)) = key.strip_prefix(prefix).and_then(keys::of_codec) else {
            continue;
        };
        let value = match value {
            Value::Switch(on) => OptionValue::Switch(*on),
            Value::Integer(number) => OptionValue::Integer(*number),
            Value::Text(text) => OptionValue::Text(text.clone()),
            Value::Number(_) | Value::List(_) | Value::Plugin(_) => continue,
        };
        let of_codec = options.entry(name.to_ascii_lowercase()).or_default();
        of_codec.insert(option.to_owned(), value);
    }
    options
}

/// What is set for all accounts, and over it what is set for one.
pub(super) fn of_account(id: &str, values: &Values) -> CodecOptions {
    let mut options = of_codecs("", values);
    for (name, own) in of_codecs(&format!("accounts.{id}."), values) {
        options.entry(name).or_default().extend(own);
    }
    options
}
