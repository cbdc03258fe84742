//! Where a password comes from, and reading it.

use base::Redacted;
use std::path::PathBuf;

/// Where an account's password comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SecretSource {
    /// The server asks for none.
    None,
    /// It stands in the settings.
    Inline(Redacted<String>),
    /// The first line of a file.
    File(PathBuf),
    /// An environment variable of this name.
    Environment(String),
}

/// A password cannot be had. Says where it should be, never what it is.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// The file cannot be read.
    #[error("the password file {path} cannot be read: {why}")]
    File {
        /// Its path.
        path: String,
        /// What the system says.
        why: String,
    },
    /// The file has no first line, or is no text.
    #[error("the password file {0} is empty")]
    EmptyFile(String),
    /// The variable is not set, empty, or no text.
    #[error("the environment variable {0} is not set")]
    Variable(String),
}

impl SecretSource {
    /// The password. `variable` looks up an environment variable.
    pub fn read(
        &self,
        variable: impl Fn(&str) -> Option<String>,
    ) -> Result<Option<Redacted<String>>, Unreadable> {
        let text = match self {
            Self::None => return Ok(None),
            Self::Inline(secret) => return Ok(Some(secret.clone())),
            Self::File(path) => {
                let shown = path.display().to_string();
                let text = std::fs::read_to_string(path).map_err(|error| Unreadable::File {
                    path: shown.clone(),
                    why: error.to_string(),
                })?;
                let line = text.lines().next().unwrap_or("").to_owned();
                if line.is_empty() {
                    return Err(Unreadable::EmptyFile(shown));
                }
                line
            }
            Self::Environment(name) => variable(name)
                .filter(|value| !value.is_empty())
                .ok_or_else(|| Unreadable::Variable(name.clone()))?,
        };
        Ok(Some(Redacted::new(text)))
    }
}
