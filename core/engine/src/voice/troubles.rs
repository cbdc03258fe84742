//! What media threads report of plugins.

use super::legs::{Ground, Legs, State};
use media_thread::report::Report;
use ports::voice::{self, LegId};

impl<G: Ground> Legs<G> {
    pub(super) fn plugin_report(&mut self, report: &Report) {
        if let Report::CodecTrouble { leg, .. } = report {
            tracing::error!(
                leg = leg.0,
                "codec does not work; the call goes on concealed"
            );
        } else if let Report::CodecReplaced { leg, became, .. } = report {
            tracing::info!(leg = leg.0, ?became, "codec replaced in a running call");
        } else if let Report::FilterTrouble {
            side,
            filter,
            wrong,
            ..
        } = report
        {
            tracing::error!(
                ?side,
                filter,
                ?wrong,
                "filter fails; sound goes on without it"
            );
        }
    }

    /// The codec of a leg cannot go on: the call needs another one.
    pub(super) fn codec_gone(&mut self, leg: LegId) {
        let Some(State::Runs(running)) = self.legs.get(&leg) else {
            return;
        };
        let format = running.config.format.clone();
        let codec = self.catalogue.codec(&format.name, format.clock_rate);
        let plugin = codec.map_or_else(|_| String::new(), |codec| codec.plugin().to_owned());
        tracing::error!(leg = leg.0, plugin, codec = format.name, "codec is gone");
        self.tell(voice::Report::CodecGone { leg, plugin });
    }
}
