//! What a plugin that asks one server can be told.

use crate::{Client, Login, Policy, Url};
use base::Redacted;
use serde::Deserialize;
use serde::de::Error as _;
use std::time::Duration;

/// Options of a plugin, a JSON object.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    /// What is asked.
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

/// What stands there instead of a text is not said: it may be the password without its quotes.
fn secret<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Redacted<String>, D::Error> {
    let secret = String::deserialize(from).map(Redacted::new);
    secret.map_err(|_| D::Error::custom("password is not a text in quotes"))
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
    /// Reads and checks them. Errors: why they cannot be, with the option's name.
    pub fn read(text: &str) -> Result<Self, String> {
        let text = if text.trim().is_empty() { "{}" } else { text };
        if !text.trim_start().starts_with('{') {
            return Err("options: they are not a JSON object".to_owned());
        }
        let options: Self = serde_json::from_str(text).map_err(|why| format!("options: {why}"))?;
        options.home()?;
        if !(1..=86_400).contains(&options.refresh_s) {
            let given = options.refresh_s;
            return Err(format!("options: refresh_s {given} is not in 1 to 86400"));
        }
        if !(100..=60_000).contains(&options.timeout_ms) {
            let given = options.timeout_ms;
            return Err(format!(
                "options: timeout_ms {given} is not in 100 to 60000"
            ));
        }
        Ok(options)
    }

    /// The address. Errors: it is none of HTTP.
    pub fn home(&self) -> Result<Url, String> {
        crate::address(&self.url).map_err(|why| format!("options: url: {why}"))
    }

    /// How old the copy may be.
    pub fn refresh(&self) -> Duration {
        Duration::from_secs(self.refresh_s)
    }

    /// Who asks. `body`: most that is taken of an answer. Unit: bytes. Errors: as of [`Self::home`].
    pub fn client(&self, body: u64) -> Result<Client, String> {
        let policy = Policy {
            whole: Duration::from_millis(self.timeout_ms),
            body,
            clear_password: self.clear_password,
            ..Policy::default()
        };
        let login = (!self.user.is_empty()).then(|| Login {
            user: self.user.clone(),
            password: self.password.clone(),
        });
        Ok(Client::new(policy, &self.home()?, login))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_that_cannot_be_are_refused_with_their_name() {
        for (options, why) in [
            ("{}", "url"),
            (r#"{"url":"ftp://x"}"#, "http"),
            (r#"{"url":"http://a/","refresh_s":0}"#, "refresh_s"),
            (r#"{"url":"http://a/","timeout_ms":5}"#, "timeout_ms"),
            (r#"{"url":"http://a/","shoe":1}"#, "shoe"),
        ] {
            let refused = Options::read(options).unwrap_err();
            let named = refused.starts_with("options: ") && refused.contains(why);
            assert!(named, "{options}: {refused}");
        }
        for wrong in ["4711", "[4711]", "{\"a\":4711}", "4711.5", "true"] {
            let options = format!(r#"{{"url":"http://a/","password":{wrong}}}"#);
            let refused = Options::read(&options).unwrap_err();
            assert!(refused.starts_with("options: password is not a text in quotes"));
            assert!(
                !refused.contains("4711") && !refused.contains("true"),
                "{refused}"
            );
        }
        let bare = Options::read(r#"{"url":"http://a/","password":geheim}"#).unwrap_err();
        assert!(!bare.contains("geheim"), "{bare}");
        let bare = Options::read(r#""geheim""#).unwrap_err();
        assert!(!bare.contains("geheim"), "{bare}");
        let options = Options::read(r#"{"url":"http://a/","password":"secret"}"#).unwrap();
        assert!(!format!("{options:?}").contains("secret"));
        assert_eq!(options.refresh(), Duration::from_secs(180));
    }
}
