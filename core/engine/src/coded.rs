//! The call by which a server is switched to send calls elsewhere (M-133): what becomes of it is heard among the
//! events, and `Commands` is told, who waits for it.

use crate::run::Core;
use control::event::CallEnded;
use control::{CallHandle, EndedBy, EventBody};
use ports::Address;
use ports::events::Word;
use sip_message::Status;
use std::cell::Cell;
use std::rc::Rc;
use tokio::sync::mpsc;

/// The call that is waited for; there is one at a time.
pub(crate) type Awaited = Rc<Cell<Option<CallHandle>>>;

/// What the server made of a code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It answered: so it took the code.
    Taken,
    /// It did not, and why.
    Refused(String),
}

/// Finds the verdict among all words.
pub(crate) struct Watch {
    pub(crate) awaited: Awaited,
    tell: mpsc::Sender<(CallHandle, Verdict)>,
}

/// Verdicts, as they come.
pub(crate) type Verdicts = mpsc::Receiver<(CallHandle, Verdict)>;

/// Nothing is waited for yet.
pub(crate) fn watch() -> (Watch, Verdicts) {
    // One at a time: the next call is waited for after the verdict on the one before was taken.
    let (tell, verdicts) = mpsc::channel(1);
    let awaited = Awaited::default();
    (Watch { awaited, tell }, verdicts)
}

impl Watch {
    /// Hears each word on its way to the hub.
    pub(crate) fn hear(&self, word: &Word) {
        let Some(awaited) = self.awaited.get() else {
            return;
        };
        if let Some(verdict) = verdict(awaited, word) {
            self.awaited.set(None);
            // There is room, or nobody waits any more.
            let _ = self.tell.try_send((awaited, verdict));
        }
    }
}

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "no other event says what became of the call"
)]
fn verdict(awaited: CallHandle, word: &Word) -> Option<Verdict> {
    match word {
        Word::Tell { call, body, .. } if *call == Some(awaited) => match body {
            EventBody::CallAnswered(_) => Some(Verdict::Taken),
            EventBody::CallEnded(ended) => Some(Verdict::Refused(why(ended))),
            _ => None,
        },
        Word::Panicked {
            who: Address::Dialogs,
            ..
        } => Some(Verdict::Refused("the call was lost".to_owned())),
        Word::Tell { .. } | Word::Panicked { .. } | Word::Message { .. } => None,
    }
}

/// Why a call was not answered.
fn why(ended: &CallEnded) -> String {
    if ended.by == EndedBy::Local {
        return "the call was ended before the server answered".to_owned();
    }
    match (ended.sip_status, &ended.error) {
        (Some(code), _) => {
            let phrase = Status::new(code).map(Status::reason_phrase);
            format!("the server said {code} {}", phrase.unwrap_or_default())
        }
        (None, Some(error)) => error.detail.clone(),
        (None, None) => "the server did not answer".to_owned(),
    }
}

/// Tells `Commands` of each.
pub(crate) fn tell(core: &Rc<Core>, mut verdicts: Verdicts) {
    let tasks = Rc::clone(&core.tasks);
    let core = Rc::downgrade(core);
    tasks.spawn(async move {
        while let (Some((call, verdict)), Some(core)) = (verdicts.recv().await, core.upgrade()) {
            let now = core.clock.now();
            core.commands.borrow_mut().code_heard(call, &verdict, now);
        }
    });
}
