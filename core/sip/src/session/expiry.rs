//! The session timer of a confirmed dialog at work (RFC 4028 §7, §10).

use super::end::{Detail, EndReason};
use super::fx::Fx;
use super::ledger::{Ledger, Purpose};
use super::leg::Updates;
use super::modify::{Wants, Why};
use super::refresh::{self, Refresh};
use super::up::Up;
use super::write::Fields;
use super::{Stage, read};
use crate::transaction::Failure;
use sip_message::{Method, Response, Status};

impl Up {
    /// The session timer is due.
    pub(crate) fn refresh_due(mut self, ledger: &mut Ledger, fx: &mut Fx<'_>) -> Stage {
        let (timer, due) = self.leg.refresh.expire(fx.now);
        self.leg.set_refresh(timer, ledger);
        match due {
            refresh::Due::Nothing => {}
            refresh::Due::Refresh => self.refresh(ledger, fx),
            refresh::Due::Expired => {
                let reason = EndReason::failed(Detail::Expired);
                return self.leave(reason, ledger, fx);
            }
        }
        Stage::Up(Box::new(self))
    }

    /// Refreshes the session: by UPDATE where the peer takes it, else by our last description again.
    fn refresh(&mut self, ledger: &mut Ledger, fx: &mut Fx<'_>) {
        match self.leg.updates {
            Updates::Taken => {
                let (builder, next_hop) = self.leg.dialog.request(Method::Update);
                let builder = builder.capabilities(&ledger.contact, fx.config);
                let request = self.leg.ask_timer(builder).build();
                ledger.send(Purpose::Refresh, request, next_hop, fx);
            }
            Updates::Unknown => {
                if let Some(description) = self.leg.local.clone() {
                    self.want(Wants::new(description, Why::Refresh), ledger, fx);
                }
            }
        }
    }

    /// What our refreshing UPDATE brought (RFC 4028 §7.3, §7.4).
    pub(crate) fn refreshed(
        &mut self,
        outcome: Result<&Response, Failure>,
        ledger: &mut Ledger,
        fx: &mut Fx<'_>,
    ) {
        let Ok(response) = outcome else {
            return;
        };
        let said = read::said(response.headers());
        if response.status().is_success() {
            self.leg.dialog.refresh_target(response.headers());
            let timer = Refresh::from_success(said, fx.now);
            self.leg.set_refresh(timer, ledger);
        } else if response.status() == Status::SESSION_INTERVAL_TOO_SMALL {
            let longer = self.leg.refresh.lengthened(said.min_se, fx.now);
            self.leg.set_refresh(longer, ledger);
        }
    }
}
