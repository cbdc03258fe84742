//! Tones that tell how calls stand, as accounts name them: written out, or by the country whose they are.

use audio::CallTone;
use audio::call_tone::{ALLOWED, COUNTRIES, Signal, national};

/// How the phone rings where nobody says, or what was said cannot be played; as in `config/defaults.toml`.
pub const RINGTONE: &str = "periodic(sine(400ms,6000,440Hz,480Hz),silence(200ms),sine(400ms,6000,440Hz,480Hz),silence(2000ms))";

/// What a setting means; `None` for silence.
pub(crate) fn read(text: &str, signal: Option<Signal>) -> Option<CallTone> {
    let of_country = signal.and_then(|signal| national(text.trim(), signal));
    of_country.unwrap_or(text).parse().ok()
}

/// A ringtone as an account names it: a tone, or a country; `None`: silence.
pub fn ringtone(text: &str) -> Option<CallTone> {
    read(text, Some(Signal::Ringing))
}

/// Why a text is no tone; `None` where it is one, or empty.
pub(crate) fn wrong(text: &str, signal: Option<Signal>) -> Option<String> {
    if text.is_empty() || read(text, signal).is_some() {
        return None;
    }
    let why = text.parse::<CallTone>().err()?.to_string();
    // What is allowed is said beside it.
    let what = why.split("; allowed:").next().unwrap_or_default();
    Some(what.to_owned())
}

pub(crate) fn allowed(signal: Option<Signal>) -> String {
    match signal {
        Some(_) => format!(
            "allowed: {ALLOWED}; a country for its own: {}; or nothing",
            COUNTRIES.join(", ")
        ),
        None => format!("allowed: {ALLOWED}; or nothing"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn m_139_the_usual_ringtone_is_that_of_the_defaults() {
        let defaults = include_str!("../../../config/defaults.toml");
        assert!(defaults.contains(&format!("\nringtone = \"{RINGTONE}\"\n")));
    }

    #[test]
    fn m_207_a_tone_is_written_out_or_named_by_its_country_or_nothing() {
        let written = "periodic(sine(50,500,440Hz),silence(40))";
        for (text, signal) in [
            (written, None),
            ("", None),
            (written, Some(Signal::Busy)),
            ("gb", Some(Signal::Busy)),
        ] {
            assert_eq!(wrong(text, signal), None, "{text}");
        }
        let gb = read("gb", Some(Signal::Busy)).unwrap();
        assert_eq!(
            gb.to_string(),
            "periodic(sine(375ms,2500,400Hz,450Hz),silence(375ms))"
        );
        assert_eq!(read("", Some(Signal::Busy)), None);
        // No country has a tone for calls that are being set up.
        assert!(wrong("gb", None).is_some());
        let said = wrong("beep(3)", None).unwrap();
        assert_eq!(
            said,
            "'beep(3)' is not a tone at character 1: no function is called so"
        );
    }
}
