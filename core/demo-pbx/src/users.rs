//! Who may register and call, by name and password.

use crate::error::Error;
use base::Redacted;
use std::collections::BTreeMap;

/// Names and passwords. A name is also the user part of its address of record.
#[derive(Debug, Clone, Default)]
pub struct Users(BTreeMap<String, Redacted<String>>);

impl Users {
    /// Nobody.
    pub fn none() -> Self {
        Self::default()
    }

    /// These too.
    #[must_use]
    pub fn and(mut self, name: &str, password: &str) -> Self {
        self.0
            .insert(name.to_owned(), Redacted::new(password.to_owned()));
        self
    }

    /// One `NAME:PASSWORD` a line; empty lines and those that begin with `#` are passed over. The
    /// first colon parts the two, so a password may hold colons.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let lines = text.lines().enumerate();
        let named = lines.filter(|(_, line)| {
            let line = line.trim();
            !line.is_empty() && !line.starts_with('#')
        });
        let mut users = Self::none();
        for (before, line) in named {
            let pair = line.trim().split_once(':');
            match pair.filter(|(name, password)| !name.is_empty() && !password.is_empty()) {
                Some((name, password)) => users = users.and(name, password),
                None => return Err(Error::User { line: before + 1 }),
            }
        }
        Ok(users)
    }

    /// All of both; who stands in both has the other's password.
    #[must_use]
    pub fn with(mut self, other: Self) -> Self {
        self.0.extend(other.0);
        self
    }

    /// Names in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// Whether there is nobody.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn password(&self, name: &str) -> Option<Redacted<String>> {
        self.0.get(name).cloned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_become_users_and_a_bad_one_is_named() {
        let users = Users::parse("# phones\n101:p:w\n\n 102:x \n").unwrap();
        assert_eq!(users.names().collect::<Vec<_>>(), ["101", "102"]);
        assert_eq!(users.password("101").unwrap().reveal(), "p:w");
        assert_eq!(users.password("102").unwrap().reveal(), "x");
        for bad in ["101:a\n102", "101:a\n102:", "101:a\n:b"] {
            let why = Users::parse(bad).unwrap_err();
            assert!(matches!(why, Error::User { line: 2 }), "{bad}");
        }
        assert!(
            !format!("{users:?}").contains("p:w"),
            "secrets do not print"
        );
    }
}
