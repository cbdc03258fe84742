//! A started plugin of one kind, here or in a process of its own.

use crate::Error;
use crate::away::process::Process;
use crate::catalogue::About;
use crate::fence::Clock;
use crate::started::Plugin;
use plugin::{Refusal, Status};
use std::sync::Arc;

/// What is called to open something of a plugin.
#[derive(Debug, Clone)]
pub(crate) enum Table<T> {
    /// In this process.
    Here(T),
    /// In its own.
    Away(Arc<Process>),
}

impl<T> Table<T> {
    /// The clock of its fences: another process is timed by its replies, not at the fence.
    pub(crate) fn timing(&self, clock: Option<Clock>) -> Option<Clock> {
        match self {
            Self::Here(_) => clock,
            Self::Away(_) => None,
        }
    }
}

/// A plugin with its checked table.
#[derive(Debug, Clone)]
pub struct Ready<T> {
    pub(crate) plugin: Arc<Plugin>,
    pub(crate) table: Table<T>,
    pub(crate) clock: Option<Clock>,
}

impl<T> Ready<T> {
    /// The plugin's id.
    pub fn plugin(&self) -> &str {
        &self.plugin.about.id
    }

    /// Who it is.
    pub fn about(&self) -> &About {
        &self.plugin.about
    }

    pub(crate) fn refused(&self, refusal: Refusal) -> Error {
        Error::Open {
            plugin: self.plugin().to_owned(),
            refusal,
        }
    }
}

/// An answer of another word than was asked for.
pub(crate) fn nonsense() -> Refusal {
    Refusal::new(Status::GARBAGE, "its process answered something else")
}
