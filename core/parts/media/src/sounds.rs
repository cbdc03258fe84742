//! What the person is told by sounds: on the loudspeaker how calls stand, where the phone rings that somebody wants
//! something.

use crate::Tones;
use crate::alerts::Alerts;
use crate::tones::Signals;
use base::Instant;
use control::event::QuietChange;
use control::{CallHandle, CommandId, EventBody};
use ports::media::News;
use ports::{Outbox, events};

/// Both of them.
#[derive(Debug)]
pub(crate) struct Sounds {
    signals: Signals,
    alerts: Alerts,
}

impl Sounds {
    pub(crate) fn new(tones: &Tones) -> Self {
        Self {
            signals: Signals::new(tones.clone()),
            alerts: Alerts::new(tones.clone()),
        }
    }

    pub(crate) fn news(&mut self, news: News, now: Instant, out: &mut Outbox) {
        match news {
            News::Stands {
                call,
                account,
                standing,
            } => {
                let whose = (call, account.clone());
                self.alerts.stands(whose, standing, now, out);
                self.signals.stands((call, account), standing, now, out);
            }
            News::Ringtone { call, tone } => self.alerts.ringtone(call, tone),
            News::Wrote { account } => self.alerts.wrote(account, now, out),
            News::Quiet { command, on } => {
                tell_quiet(command, on, now, out);
                self.alerts.quiet(on, now, out);
                self.signals.quiet(on, now, out);
            }
        }
    }

    /// Sound came from the far end of a call.
    pub(crate) fn flowing(&mut self, call: CallHandle, now: Instant, out: &mut Outbox) {
        self.signals.flowing(call, now, out);
    }

    /// Keys are pressed in a call.
    pub(crate) fn pressed(
        &mut self,
        call: CallHandle,
        keys: (&str, Option<u32>),
        now: Instant,
        out: &mut Outbox,
    ) {
        self.signals.pressed(call, keys, now, out);
    }

    /// Nobody knows of these calls any more.
    pub(crate) fn forget(&mut self, now: Instant, out: &mut Outbox) {
        self.alerts.forget(now, out);
        self.signals.forget(now, out);
    }

    pub(crate) fn handle_time(&mut self, now: Instant, out: &mut Outbox) {
        self.alerts.handle_time(now, out);
        self.signals.handle_time(now, out);
    }

    pub(crate) fn deadline(&self) -> Option<Instant> {
        let both = [self.signals.deadline(), self.alerts.deadline()];
        both.into_iter().flatten().min()
    }
}

/// Tells that nothing rings from now on, or everything again.
fn tell_quiet(command: CommandId, on: bool, now: Instant, out: &mut Outbox) {
    out.post(events::Word::Tell {
        at: now,
        account: None,
        call: None,
        command: Some(command),
        body: EventBody::QuietChanged(Box::new(QuietChange { on })),
    });
}
