//! A favourite that is an address is watched before it is kept: who cannot be watched is no favourite (M-115).

use crate::listener::Next;
use crate::run::Core;
use control::event::Filter;
use control::lamp::{AddLamp, LampRef};
use control::{Code, Command, ErrorObject, EventBody, LampSnapshot, LampState, quoted};
use sip_message::Uri;
use std::time::Duration;
use tokio::time::{Instant, timeout_at};

/// How long a server may take to say yes or no. Source: as long as a search waits for directories at most.
const PATIENCE: Duration = Duration::from_secs(10);

/// A lamp that is there for the try alone, until somebody keeps it.
#[derive(Debug)]
pub(crate) struct Tried(LampRef);

/// The address that the command makes a favourite of. `None`: a number, a name, or another command.
fn address(command: &Command) -> Option<Uri> {
    let favourite = if let Command::FavouriteAdd(asked) = command {
        &asked.favourite
    } else if let Command::FavouriteRename(asked) = command {
        &asked.to
    } else {
        return None;
    };
    let number = favourite.number.as_deref()?.trim();
    let lower = number.to_ascii_lowercase();
    let has_scheme = lower.starts_with("sip:") || lower.starts_with("sips:");
    match (has_scheme, number.contains('@')) {
        (true, _) => number.parse().ok(),
        (false, true) => format!("sip:{number}").parse().ok(),
        (false, false) => None,
    }
}

/// What a lamp says of the try; `None`: nothing yet.
fn verdict(lamp: &LampSnapshot) -> Option<Result<(), ErrorObject>> {
    let is_known = !matches!(lamp.state, LampState::Unknown | LampState::Unregistered);
    match &lamp.why {
        _ if is_known => Some(Ok(())),
        // It may be watched, and what was said of it makes no sense.
        Some(why) if why.code == Code::LAMP_GAP => Some(Ok(())),
        Some(why) if why.code == Code::LAMP_WAITING => None,
        Some(why) => Some(Err(why.clone())),
        None => None,
    }
}

impl Core {
    /// Watches whom the command is to make a favourite. Errors: the server's reason, or its silence; then nobody more
    /// than before is watched.
    pub(crate) async fn try_favourite(
        &self,
        command: &Command,
    ) -> Result<Option<Tried>, ErrorObject> {
        let Some(uri) = address(command) else {
            return Ok(None);
        };
        let target = uri.to_string();
        let events = self.events(Filter(vec!["blf.changed".into()]));
        let known = self.hub.borrow().lamps().lamps();
        let mut known = known.into_iter().filter(|lamp| lamp.target == target);
        let known = known.next();
        if let Some(verdict) = known.as_ref().and_then(verdict) {
            return verdict.map(|()| None);
        }
        let tried = Tried(LampRef {
            target: target.clone(),
            account: None,
        });
        if known.is_none() {
            let add = AddLamp {
                target: target.clone(),
                account: None,
                label: None,
                slot: false,
            };
            self.command(Command::AddLamp(add), None).1?;
        }
        let deadline = Instant::now() + PATIENCE;
        let said = loop {
            let Ok(next) = timeout_at(deadline, events.next()).await else {
                let why = format!("nobody answers for {} within {PATIENCE:?}", quoted(&target));
                break Err(ErrorObject::new(Code::LAMP_SILENT, why));
            };
            if let Next::Event(sent) = next
                && let EventBody::BlfChanged(change) = &sent.event.body
                && change.snapshot.target == target
                && let Some(verdict) = verdict(&change.snapshot)
            {
                break verdict;
            }
        };
        match (said, known.is_none()) {
            (Ok(()), is_new) => Ok(is_new.then_some(tried)),
            (Err(why), true) => {
                self.no_favourite(tried);
                Err(why)
            }
            (Err(why), false) => Err(why),
        }
    }

    /// It is not kept after all.
    pub(crate) fn no_favourite(&self, tried: Tried) {
        // A part that has too much to do watches a little longer.
        let _ = self.command(Command::RemoveLamp(tried.0), None);
    }
}
