//! Calls that wait for their account to be registered (K-147).

use crate::Dialogs;
use crate::answering::Step;
use crate::call::Stage;
use base::{Duration, Instant};
use control::{CallHandle, Code, ErrorObject};
use ports::{Outbox, registrar};

/// How long a call waits for its account to be registered at most. Source: RFC 3261, timer F (64 × T1); a server that is
/// silent is told of earlier (M-005).
const REGISTERED_WITHIN: Duration = Duration::from_secs(32);

impl Dialogs {
    /// Asks for the account of a call that begins.
    pub(crate) fn wait_for(
        &mut self,
        account: String,
        handle: CallHandle,
        now: Instant,
        out: &mut Outbox,
    ) {
        if let Some(call) = self.calls.get_mut(&handle) {
            let patience = (now + REGISTERED_WITHIN, Step::Unregistered);
            call.steps.push_back(patience);
        }
        self.follow_plan(handle, now, out);
        out.post(registrar::Word::CallNeeds {
            account,
            call: handle,
        });
    }

    /// Registrar says whether the account of a call that waits for it is registered.
    pub(crate) fn registered(
        &mut self,
        handle: CallHandle,
        outcome: Result<(), Box<ErrorObject>>,
        now: Instant,
        out: &mut Outbox,
    ) {
        let Some(call) = self.calls.get_mut(&handle) else {
            return;
        };
        let stage = std::mem::replace(&mut call.stage, Stage::Live);
        let Stage::Registering(outgoing) = stage else {
            call.stage = stage;
            return;
        };
        call.stage = Stage::Routing(outgoing);
        call.steps.clear();
        match outcome {
            Ok(()) => self.route(handle, out),
            Err(error) => self.fail(handle, error.code, error.detail, now, out),
        }
    }

    /// Nobody said in time whether its account is registered.
    pub(crate) fn not_registered(&mut self, handle: CallHandle, now: Instant, out: &mut Outbox) {
        let seconds = REGISTERED_WITHIN.as_secs();
        let why = format!("its account was not registered within {seconds} s");
        let error = ErrorObject::new(Code::NOT_REGISTERED, why);
        self.registered(handle, Err(Box::new(error)), now, out);
    }
}
