//! The tags of those who watch us: told from those of sessions and of our own subscriptions by their spelling.

use crate::subscription::tag::Spelled;

/// To tag that we give to a SUBSCRIBE, so that whoever hands out requests knows a refresh without a table.
pub type WatcherTag = Spelled<'w'>;
