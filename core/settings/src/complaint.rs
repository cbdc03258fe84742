//! What is wrong with the settings, where, and what would be right.

use core::fmt;

/// Who set a value, and where.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Origin {
    /// The defaults that every build carries.
    Default,
    /// A profile that every build carries.
    Profile {
        /// Its name.
        name: String,
        /// Line, from 1.
        line: usize,
        /// Column in characters, from 1.
        column: usize,
    },
    /// The site file.
    File {
        /// Its path.
        path: String,
        /// Line, from 1.
        line: usize,
        /// Column in characters, from 1.
        column: usize,
    },
    /// An environment variable.
    Environment(String),
    /// An option of the command line.
    Option(String),
}

impl Origin {
    /// A higher layer overrides a lower one.
    pub(crate) const fn layer(&self) -> u8 {
        match self {
            Self::Default => 0,
            Self::Profile { .. } => 1,
            Self::File { .. } => 2,
            Self::Environment(_) => 3,
            Self::Option(_) => 4,
        }
    }
}

impl Origin {
    /// The line of a text, from 1.
    pub(crate) const fn line(&self) -> Option<usize> {
        match self {
            Self::Profile { line, .. } | Self::File { line, .. } => Some(*line),
            Self::Default | Self::Environment(_) | Self::Option(_) => None,
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::Profile { name, line, column } => write!(f, "profile {name}:{line}:{column}"),
            Self::File { path, line, column } => write!(f, "{path}:{line}:{column}"),
            Self::Environment(name) => write!(f, "environment {name}"),
            Self::Option(name) => write!(f, "option {name}"),
        }
    }
}

/// Whether a complaint keeps the engine from starting.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// It does.
    Error,
    /// It does not.
    Warning,
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Complaint {
    /// How bad it is.
    pub severity: Severity,
    /// Where.
    pub origin: Origin,
    /// The key it is about; empty when the text as such is broken.
    pub key: String,
    /// What is wrong. Never shows a secret.
    pub what: String,
    /// What would be right.
    pub allowed: String,
}

impl fmt::Display for Complaint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.origin)?;
        if self.severity == Severity::Warning {
            f.write_str("warning: ")?;
        }
        if !self.key.is_empty() {
            write!(f, "{}: ", self.key)?;
        }
        f.write_str(&self.what)?;
        if !self.allowed.is_empty() {
            write!(f, "; {}", self.allowed)?;
        }
        Ok(())
    }
}

/// Everything that is wrong: errors before warnings, each in the order of the layers, then of the lines.
#[derive(Debug, Clone, PartialEq, Eq, Default, thiserror::Error)]
pub struct Complaints(pub Vec<Complaint>);

impl fmt::Display for Complaints {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, complaint) in self.0.iter().enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            complaint.fmt(f)?;
        }
        Ok(())
    }
}

impl Complaints {
    pub(crate) fn error(
        &mut self,
        origin: &Origin,
        key: &str,
        what: impl Into<String>,
        allowed: impl Into<String>,
    ) {
        self.push(Severity::Error, origin, key, what.into(), allowed.into());
    }

    pub(crate) fn warn(
        &mut self,
        origin: &Origin,
        key: &str,
        what: impl Into<String>,
        allowed: impl Into<String>,
    ) {
        self.push(Severity::Warning, origin, key, what.into(), allowed.into());
    }

    fn push(
        &mut self,
        severity: Severity,
        origin: &Origin,
        key: &str,
        what: String,
        allowed: String,
    ) {
        self.0.push(Complaint {
            severity,
            origin: origin.clone(),
            key: key.to_owned(),
            what,
            allowed,
        });
    }

    /// Whether something was said of `key` already.
    pub(crate) fn about(&self, key: &str) -> bool {
        self.0.iter().any(|complaint| complaint.key == key)
    }

    /// Errors before warnings; each in the order of the layers, then of the lines.
    pub(crate) fn sort(&mut self) {
        self.0
            .sort_by(|a, b| (a.severity, &a.origin).cmp(&(b.severity, &b.origin)));
    }

    /// Whether any of them keeps the engine from starting.
    pub fn has_errors(&self) -> bool {
        self.0.iter().any(|c| c.severity == Severity::Error)
    }
}
