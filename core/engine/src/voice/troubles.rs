//! What media threads report of plugins.

use super::legs::{Ground, Legs};
use media_thread::report::Report;

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
}
