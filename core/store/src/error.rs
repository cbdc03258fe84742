//! What can be wrong with what is kept.

use control::{Code, ErrorObject};
use rusqlite::ErrorCode;
use std::io;
use std::path::PathBuf;

/// Why something cannot be kept or read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// SQLite says so.
    #[error("{0}")]
    Sqlite(#[from] rusqlite::Error),
    /// The system says so.
    #[error("{path}: {why}")]
    Io {
        /// Of what.
        path: PathBuf,
        /// What it says.
        why: io::Error,
    },
    /// Another engine keeps it.
    #[error("{path} is kept by another engine")]
    InUse {
        /// The file.
        path: PathBuf,
    },
    /// A newer offhook wrote it.
    #[error("it has version {found}, and this offhook writes version {ours}")]
    Newer {
        /// Version of the file.
        found: i64,
        /// Version that we write.
        ours: i64,
    },
    /// It is not as it was written.
    #[error("{0}")]
    Damaged(String),
    /// What was asked cannot be done.
    #[error("{}", .0.detail)]
    Refused(Box<ErrorObject>),
}

impl Error {
    /// Refused with words.
    pub(crate) fn refused(code: Code, why: impl Into<String>) -> Self {
        Self::Refused(Box::new(ErrorObject::new(code, why.into())))
    }

    /// Whether the file is not what it was, and another try does not help.
    pub(crate) fn is_damage(&self) -> bool {
        match self {
            Self::Damaged(_) => true,
            Self::Sqlite(error) => matches!(
                error.sqlite_error_code(),
                Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase)
            ),
            Self::Io { .. } | Self::InUse { .. } | Self::Newer { .. } | Self::Refused(_) => false,
        }
    }

    /// As people see it.
    pub fn explain(&self) -> ErrorObject {
        let code = match self {
            Self::Sqlite(_) | Self::Io { .. } | Self::InUse { .. } => Code::STORE_FAILED,
            Self::Newer { .. } => Code::STORE_NEWER,
            Self::Damaged(_) => Code::STORE_DAMAGED,
            Self::Refused(object) => return (**object).clone(),
        };
        let code = if self.is_damage() {
            Code::STORE_DAMAGED
        } else {
            code
        };
        ErrorObject::new(code, self.to_string())
    }
}
