//! Whether a leg's codec is worth waiting for.

use crate::codec_slot::CodecSlot;
use base::{Duration, Instant};
use plugin_host::Trouble;

/// How long a codec may do nothing right: one that is started again in its own process is back before.
const GONE_AFTER: Duration = Duration::from_secs(1);

/// What was seen of a codec's failures.
#[derive(Debug, Default)]
pub(crate) struct Gone {
    told: bool,
    /// Since when it does nothing right.
    since: Option<Instant>,
}

impl Gone {
    /// Whether it is to be told, once, that the codec cannot go on. A codec on trial has another to go back to.
    pub(crate) fn tells(&mut self, codec: &mut CodecSlot, now: Instant) -> bool {
        if self.told || codec.failures == 0 || codec.watch.is_some() {
            return false;
        }
        let since = match codec.is_failing() {
            true => *self.since.get_or_insert(now),
            false => {
                self.since = None;
                now
            }
        };
        let shut = codec.shut_fence();
        let is_shut = match shut {
            Some(
                Trouble::Poisoned | Trouble::Bypassed | Trouble::Refused | Trouble::SwitchedOff,
            ) => true,
            Some(Trouble::Failed(_)) | None => false,
        };
        self.told = is_shut || now.since(since) >= GONE_AFTER;
        self.told
    }
}
