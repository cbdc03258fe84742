//! What can be asked for, read and checked before anything is opened.

use crate::source::Sound;
use plugin::{Refusal, Status};
use serde::Deserialize;

/// Most steps of one script.
const MOST_STEPS: usize = 1_024;
/// Latest time of a step. Unit: ms.
const LATEST_MS: u64 = 86_400_000;
/// Fastest clock that is still one. Unit: ppm.
const MOST_PPM: i32 = 10_000;

/// A request. Without steps it is silent and works.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Request {
    /// Rate of the PCM. Range: 8000, 16000, 48000.
    pub rate_hz: u32,
    /// `capture`, `playback` or `both`. Taken and not looked at: both are always there.
    #[serde(default)]
    pub direction: Option<String>,
    /// Only `script`.
    #[serde(default)]
    pub device: Option<String>,
    /// The steps.
    #[serde(default)]
    pub steps: Vec<Step>,
    /// A TOML file with `[[steps]]`, instead of `steps`.
    #[serde(default)]
    pub script: Option<String>,
}

/// A script file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    steps: Vec<Step>,
}

/// One step. Steps are carried out in the order of their times.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Step {
    /// When. Unit: ms since the engine's start. Range: 0 to 86,400,000.
    pub at_ms: u64,
    /// What.
    #[serde(flatten)]
    pub does: Does,
}

/// What happens.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case", deny_unknown_fields)]
pub enum Does {
    /// The device is there again. What was open before stays lost: it has to be opened anew.
    Plug,
    /// The device is gone.
    Unplug,
    /// Gone, and there again after so long.
    Replug {
        /// Unit: ms. Range: 1 to 86,400,000.
        for_ms: u64,
    },
    /// The system runs it at another rate from now on: what is open is lost, a new one works.
    Rate {
        /// Unit: Hz. Range: 8,000 to 192,000.
        hz: u32,
    },
    /// Its clock is so much too fast from now on, or too slow.
    Drift {
        /// Unit: parts per million. Range: −10,000 to 10,000.
        ppm: i32,
    },
    /// The system loses so much of what it recorded, and says so.
    Xrun {
        /// Unit: ms. Range: 1 to 10,000.
        ms: u32,
    },
    /// Nothing comes and nothing is taken for so long.
    Hang {
        /// Unit: ms. Range: 1 to 86,400,000.
        for_ms: u64,
    },
    /// The microphone hears nothing from now on.
    Silence,
    /// The microphone hears a tone from now on.
    Tone {
        /// Unit: Hz. Range: 50 to 3,800.
        hertz: f64,
        /// Unit: dBov. Range: −60 to −3.
        #[serde(default = "level")]
        level_dbov: f64,
    },
    /// The microphone hears a WAV file from now on, once: 16 bit, one channel, at the request's rate.
    File {
        /// Where it is.
        path: String,
    },
}

fn level() -> f64 {
    -19.0
}

/// What is due at a time. Unit of times: ns.
#[derive(Debug)]
pub(crate) struct Due {
    pub(crate) at_ns: u64,
    pub(crate) turn: Turn,
}

/// A step that needs nothing any more.
#[derive(Debug)]
pub(crate) enum Turn {
    Plug,
    Unplug,
    Lose,
    Drift(i32),
    Xrun { samples: u64 },
    HangUntil(u64),
    Hear(Sound),
}

/// The request as its steps, in order of time, with files read.
pub(crate) fn read(request: &str) -> Result<(Request, Vec<Due>), Refusal> {
    let mut request: Request =
        serde_json::from_str(request).map_err(|why| bad(format!("request: {why}")))?;
    if !matches!(request.rate_hz, 8_000 | 16_000 | 48_000) {
        let rate = request.rate_hz;
        return Err(bad(format!("rate_hz {rate}: use 8000, 16000 or 48000")));
    }
    if request.device.as_deref().is_some_and(|id| id != "script") {
        let why = "device: there is only \"script\"";
        return Err(Refusal::new(Status::NOT_FOUND, why));
    }
    if let Some(path) = &request.script {
        if !request.steps.is_empty() {
            return Err(bad("give script or steps, not both".to_owned()));
        }
        let unreadable = |why| Refusal::new(Status::NOT_FOUND, format!("script {path}: {why}"));
        let text = std::fs::read_to_string(path).map_err(unreadable)?;
        let file: File =
            toml::from_str(&text).map_err(|why| bad(format!("script {path}: {why}")))?;
        request.steps = file.steps;
    }
    if request.steps.len() > MOST_STEPS {
        return Err(bad(format!("steps: at most {MOST_STEPS}")));
    }
    let mut due = Vec::new();
    for (number, step) in request.steps.iter().enumerate() {
        let wrong = |why: String| bad(format!("steps[{number}]: {why}"));
        turns(step, request.rate_hz, &mut due).map_err(wrong)?;
    }
    // Stable: steps of one moment stay in the order they were written in.
    due.sort_by_key(|due: &Due| due.at_ns);
    Ok((request, due))
}

fn turns(step: &Step, rate_hz: u32, due: &mut Vec<Due>) -> Result<(), String> {
    within("at_ms", step.at_ms, 0..=LATEST_MS)?;
    let at_ns = step.at_ms * 1_000_000;
    let mut push = |at_ns, turn| due.push(Due { at_ns, turn });
    match &step.does {
        Does::Plug => push(at_ns, Turn::Plug),
        Does::Unplug => push(at_ns, Turn::Unplug),
        Does::Replug { for_ms } => {
            within("for_ms", *for_ms, 1..=LATEST_MS)?;
            push(at_ns, Turn::Unplug);
            push(at_ns + for_ms * 1_000_000, Turn::Plug);
        }
        Does::Rate { hz } => {
            within("hz", *hz, 8_000..=192_000)?;
            push(at_ns, Turn::Lose);
        }
        Does::Drift { ppm } => {
            within("ppm", *ppm, -MOST_PPM..=MOST_PPM)?;
            push(at_ns, Turn::Drift(*ppm));
        }
        Does::Xrun { ms } => {
            within("ms", *ms, 1..=10_000)?;
            let samples = u64::from(*ms) * u64::from(rate_hz) / 1_000;
            push(at_ns, Turn::Xrun { samples });
        }
        Does::Hang { for_ms } => {
            within("for_ms", *for_ms, 1..=LATEST_MS)?;
            push(at_ns, Turn::HangUntil(at_ns + for_ms * 1_000_000));
        }
        Does::Silence => push(at_ns, Turn::Hear(Sound::Silence)),
        Does::Tone { hertz, level_dbov } => {
            within("hertz", *hertz, 50.0..=3_800.0)?;
            within("level_dbov", *level_dbov, -60.0..=-3.0)?;
            push(at_ns, Turn::Hear(Sound::tone(*hertz, *level_dbov, rate_hz)));
        }
        Does::File { path } => push(at_ns, Turn::Hear(Sound::file(path, rate_hz)?)),
    }
    Ok(())
}

fn within<T: PartialOrd + core::fmt::Display>(
    name: &str,
    value: T,
    range: core::ops::RangeInclusive<T>,
) -> Result<(), String> {
    match range.contains(&value) {
        true => Ok(()),
        false => Err(format!(
            "{name} {value}: {} to {}",
            range.start(),
            range.end()
        )),
    }
}

fn bad(reason: String) -> Refusal {
    Refusal::new(Status::BAD_ARGUMENT, reason)
}
