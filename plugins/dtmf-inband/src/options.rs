//! What can be set.

use plugin::{Refusal, Status};
use serde::Deserialize;

/// The method's options, a JSON object.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    /// Of the higher tone. Unit: dBm0. Range: −25 to −3.
    pub level_dbm0: f32,
    /// How much softer the lower tone is. Unit: dB. Range: −4 to 4.
    pub twist_db: f32,
}

impl Default for Options {
    /// The higher tone is sent 2 dB louder, because lines take more of it.
    fn default() -> Self {
        Self {
            level_dbm0: -7.0,
            twist_db: 2.0,
        }
    }
}

impl Options {
    /// Reads the options; empty text is the defaults.
    pub fn read(text: &str) -> Result<Self, Refusal> {
        if text.is_empty() {
            return Ok(Self::default());
        }
        let bad = |why: String| Refusal::new(Status::BAD_ARGUMENT, format!("options: {why}"));
        let options: Self = serde_json::from_str(text).map_err(|e| bad(e.to_string()))?;
        if !(-25.0..=-3.0).contains(&options.level_dbm0) {
            let why = format!("level_dbm0 {} is not in -25 to -3", options.level_dbm0);
            return Err(bad(why));
        }
        if !(-4.0..=4.0).contains(&options.twist_db) {
            return Err(bad(format!(
                "twist_db {} is not in -4 to 4",
                options.twist_db
            )));
        }
        Ok(options)
    }

    /// Level of the higher tone. Unit: 1/100 dBm0.
    pub(crate) fn high_centibels(self) -> i32 {
        (self.level_dbm0 * 100.0) as i32
    }

    /// Level of the lower tone; never so loud that both together overload. Unit: 1/100 dBm0.
    pub(crate) fn low_centibels(self) -> i32 {
        ((self.level_dbm0 - self.twist_db).min(-3.0) * 100.0) as i32
    }
}
