//! What can be set.

use plugin::{Refusal, Status};
use serde::Deserialize;
use url::Url;

/// A password that shows up nowhere.
#[derive(Clone, Default, Deserialize)]
#[serde(transparent)]
pub struct Password(String);

impl Password {
    pub(crate) fn text(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Password {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("***")
    }
}

/// The plugin's options, a JSON object.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    /// `ldap://SERVER` or `ldap://SERVER:PORT`.
    pub url: String,
    /// Where the people stand.
    pub base: String,
    /// Distinguished name to log in with; empty: anonymous.
    pub user: String,
    /// Its password.
    pub password: Password,
    /// What every person fulfils (RFC 4515); empty: anything.
    pub filter: String,
    /// Attribute that holds the name.
    pub name: String,
    /// Attribute that holds where they work.
    pub organisation: String,
    /// Attributes that hold numbers, best first, each with what it is for: `telephoneNumber=work,mobile=cell`.
    pub numbers: String,
    /// People in an answer. Range: 1 to 1,000.
    pub limit: usize,
    /// How long the server may take. Unit: ms. Range: 100 to 60,000.
    pub timeout_ms: u64,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            url: String::new(),
            base: String::new(),
            user: String::new(),
            password: Password::default(),
            filter: String::new(),
            name: "cn".to_owned(),
            organisation: "o".to_owned(),
            numbers: "telephoneNumber=work,mobile=cell,homePhone=home".to_owned(),
            limit: 50,
            timeout_ms: 5_000,
        }
    }
}

impl Options {
    /// Reads and checks them.
    pub fn read(text: &str) -> Result<Self, Refusal> {
        let bad = |why: String| Refusal::new(Status::BAD_ARGUMENT, format!("options: {why}"));
        let text = if text.trim().is_empty() { "{}" } else { text };
        let options: Self = serde_json::from_str(text).map_err(|why| bad(why.to_string()))?;
        let url = Url::parse(&options.url);
        let is_plain = |url: &Url| url.scheme() == "ldap" && url.host().is_some();
        if url.as_ref().is_ok_and(|url| url.scheme() == "ldaps") {
            let why = "url: this build speaks no TLS; allowed: ldap://SERVER";
            return Err(bad(why.to_owned()));
        }
        if !url.is_ok_and(|url| is_plain(&url)) {
            let why = format!(
                "url {:?} is no address of LDAP: allowed: ldap://SERVER",
                options.url
            );
            return Err(bad(why));
        }
        let filter = options.filter.trim();
        if !filter.is_empty() && ldap3::parse_filter(filter).is_err() {
            return Err(bad(format!("filter {filter:?} is none of RFC 4515")));
        }
        let names = options.numbers().map(|(name, _)| name);
        let names = names.chain([options.name.as_str(), options.organisation.as_str()]);
        for name in names {
            let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | ';' | '.');
            if name.is_empty() || !name.chars().all(fits) {
                return Err(bad(format!("{name:?} is no name of an attribute")));
            }
        }
        if !(1..=1000).contains(&options.limit) {
            return Err(bad(format!("limit {} is not in 1 to 1000", options.limit)));
        }
        if !(100..=60_000).contains(&options.timeout_ms) {
            let why = format!("timeout_ms {} is not in 100 to 60000", options.timeout_ms);
            return Err(bad(why));
        }
        Ok(options)
    }

    /// Attributes that hold numbers, and what each is for.
    pub(crate) fn numbers(&self) -> impl Iterator<Item = (&str, &str)> {
        let each = self.numbers.split(',').map(str::trim);
        each.map(|each| each.split_once('=').unwrap_or((each, "")))
    }

    /// All attributes that are wanted of an entry.
    pub(crate) fn attributes(&self) -> Vec<&str> {
        let numbers = self.numbers().map(|(name, _)| name);
        let others = [self.name.as_str(), self.organisation.as_str()];
        numbers.chain(others).collect()
    }
}
