//! What can be set.

use base::Redacted;
use plugin::{Refusal, Status};
use serde::Deserialize;

/// The plugin's options, a JSON object.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    /// A list of everybody; or, with `%query%` in it, a search.
    pub url: String,
    /// Name to log in with; empty: nobody is.
    pub user: String,
    /// Its password.
    #[serde(deserialize_with = "secret")]
    pub password: Redacted<String>,
    /// How old the copy may be. Unit: s. Range: 1 to 86,400.
    pub refresh_s: u64,
    /// How long one request may take. Unit: ms. Range: 100 to 60,000.
    pub timeout_ms: u64,
    /// Whether the password may be readable on its way.
    pub clear_password: bool,
}

fn secret<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Redacted<String>, D::Error> {
    String::deserialize(from).map(Redacted::new)
}

impl Default for Options {
    fn default() -> Self {
        Self {
            url: String::new(),
            user: String::new(),
            password: Redacted::new(String::new()),
            refresh_s: 180,
            timeout_ms: 10_000,
            clear_password: false,
        }
    }
}

impl Options {
    /// Reads and checks them.
    pub fn read(text: &str) -> Result<Self, Refusal> {
        let bad = |why: String| Refusal::new(Status::BAD_ARGUMENT, format!("options: {why}"));
        let text = if text.trim().is_empty() { "{}" } else { text };
        let options: Self = serde_json::from_str(text).map_err(|why| bad(why.to_string()))?;
        http_client::address(&options.url).map_err(|why| bad(format!("url: {why}")))?;
        if !(1..=86_400).contains(&options.refresh_s) {
            let why = format!("refresh_s {} is not in 1 to 86400", options.refresh_s);
            return Err(bad(why));
        }
        if !(100..=60_000).contains(&options.timeout_ms) {
            let why = format!("timeout_ms {} is not in 100 to 60000", options.timeout_ms);
            return Err(bad(why));
        }
        Ok(options)
    }
}
