//! What settings and fmtp say: the length of frames. Source: RFC 3952 §4.2, parameter `mode`.

use crate::mode::Mode;
use plugin::{Refusal, Status};
use serde::Deserialize;

/// The plugin's own settings.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Options {
    mode: Option<u32>,
}

/// The mode that our settings ask for.
pub(crate) fn read(options: &str) -> Result<Mode, Refusal> {
    if options.trim().is_empty() {
        return Ok(Mode::Ms20);
    }
    let options: Options = serde_json::from_str(options)
        .map_err(|error| Refusal::new(Status::BAD_ARGUMENT, format!("options: {error}")))?;
    options.mode.map_or(Ok(Mode::Ms20), mode)
}

/// What we say of it.
pub(crate) fn fmtp(mode: Mode) -> String {
    match mode {
        Mode::Ms20 => "mode=20".to_owned(),
        Mode::Ms30 => "mode=30".to_owned(),
    }
}

/// The mode that both sides agreed on; 30 where nothing is said.
pub(crate) fn agreed(fmtp: &str) -> Result<Mode, Refusal> {
    let parameters = fmtp.split(';').filter_map(|part| part.split_once('='));
    let mut said = parameters.filter(|(name, _)| name.trim().eq_ignore_ascii_case("mode"));
    match said.next() {
        None => Ok(Mode::Ms30),
        Some((_, value)) => match value.trim().parse() {
            Ok(ms) => mode(ms),
            Err(_) => Err(refused(value)),
        },
    }
}

fn mode(ms: u32) -> Result<Mode, Refusal> {
    match ms {
        20 => Ok(Mode::Ms20),
        30 => Ok(Mode::Ms30),
        _ => Err(refused(ms)),
    }
}

fn refused(said: impl core::fmt::Display) -> Refusal {
    let why = format!("iLBC's mode is 20 or 30, not {said}");
    Refusal::new(Status::BAD_ARGUMENT, why)
}
