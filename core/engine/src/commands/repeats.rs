//! Commands that come again under the same idempotency key.

use super::Outcome;
use control::command::Command;
use control::wire::{Call, ToEngine};
use control::{Code, CommandId, ErrorObject, IdempotencyKey};
use std::collections::VecDeque;
use std::hash::{DefaultHasher, Hasher as _};

/// Idempotency keys remembered. Unit: commands.
const KEYS: usize = 1_024;

/// What was done under each of the last keys.
#[derive(Default)]
pub(super) struct Repeats(VecDeque<(IdempotencyKey, u64, CommandId, Outcome)>);

impl Repeats {
    /// What came of it before, if anything; an error where the key stood for another command.
    pub(super) fn find(
        &self,
        key: &IdempotencyKey,
        command: &Command,
    ) -> Option<(CommandId, Outcome)> {
        let (_, before, id, outcome) = self.0.iter().find(|(known, ..)| known == key)?;
        if *before == hash(command) {
            return Some((*id, outcome.clone()));
        }
        let why = "this idempotency key came with another command before";
        Some((*id, Err(ErrorObject::new(Code::USAGE, why))))
    }

    /// Keeps what came of a command with this [`hash`].
    pub(super) fn keep(
        &mut self,
        key: IdempotencyKey,
        asked: u64,
        (id, outcome): (CommandId, Outcome),
    ) {
        if self.0.len() >= KEYS {
            self.0.pop_front();
        }
        self.0.push_back((key, asked, id, outcome));
    }
}

/// Tells one command from another; what may be a secret in it is not kept.
pub(super) fn hash(command: &Command) -> u64 {
    let mut hasher = DefaultHasher::new();
    let call = Call {
        id: String::new(),
        key: None,
        command: command.clone(),
    };
    hasher.write(&ToEngine::Call(call).write());
    hasher.finish()
}
