//! A started plugin of one kind, and what was opened of it.

use crate::Error;
use crate::catalogue::{About, Plugin};
use crate::fence::Clock;
use plugin::Refusal;
use std::ops::{Deref, DerefMut};
use std::sync::Arc;

/// A plugin with its checked table.
#[derive(Debug, Clone)]
pub struct Ready<T> {
    pub(crate) plugin: Arc<Plugin>,
    pub(crate) table: T,
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

    pub(crate) fn held<I>(&self, opened: Result<I, Refusal>) -> Result<Held<I>, Error> {
        let inner = opened.map_err(|refusal| self.refused(refusal))?;
        Ok(Held {
            inner,
            plugin: Arc::clone(&self.plugin),
        })
    }
}

/// What was opened of a plugin off the media thread. Its plugin does not stop before it is closed.
#[derive(Debug)]
pub struct Held<I> {
    // Before the plugin: what was opened is closed before its plugin stops.
    inner: I,
    plugin: Arc<Plugin>,
}

impl<I> Held<I> {
    /// The plugin's id.
    pub fn plugin(&self) -> &str {
        &self.plugin.about.id
    }

    /// Ends it by its own word.
    pub fn end<R>(self, by: impl FnOnce(I) -> R) -> R {
        by(self.inner)
    }
}

impl<I> Deref for Held<I> {
    type Target = I;

    fn deref(&self) -> &I {
        &self.inner
    }
}

impl<I> DerefMut for Held<I> {
    fn deref_mut(&mut self) -> &mut I {
        &mut self.inner
    }
}
