//! Commands about what is kept on disk: asked of the store, whose answer comes later.

use super::{Commands, Outcome, repeats};
use crate::hub::Hub;
use base::Instant;
use control::command::Dial;
use control::{Code, Command, CommandId, ErrorObject, HistoryRecord, IdempotencyKey};
use ports::Account;
use ports::account::default_of;
use std::collections::BTreeMap;
use store::Reader;

/// A command that is answered later.
pub(crate) struct Asked {
    /// Its number.
    pub(crate) id: CommandId,
    key: Option<(IdempotencyKey, u64)>,
}

impl Commands {
    /// Takes a command that is answered later; `Err`: what came of it when it came under the same key before.
    pub(crate) fn begin(
        &mut self,
        command: &Command,
        key: Option<IdempotencyKey>,
    ) -> Result<Asked, (CommandId, Outcome)> {
        if let Some(key) = &key
            && let Some(done) = self.done.find(key, command)
        {
            return Err(done);
        }
        self.last += 1;
        let id = CommandId(self.last);
        if self.stopping {
            let why = "no more commands are taken";
            return Err((id, Err(ErrorObject::new(Code::STOPPING, why))));
        }
        let key = key.map(|key| (key, repeats::hash(command)));
        Ok(Asked { id, key })
    }

    /// Remembers what came of it, for who asks again.
    pub(crate) fn finish(&mut self, asked: Asked, outcome: &Outcome) {
        let busy = matches!(outcome, Err(why) if why.code == Code::ENGINE_BUSY);
        if let Some((key, hash)) = asked.key.filter(|_| !busy) {
            self.done.keep(key, hash, (asked.id, outcome.clone()));
        }
    }

    /// Whose things are asked for: of the person whose accounts are here.
    pub(crate) fn reader(&self) -> Reader {
        let default = default_of(self.accounts.iter());
        let own = default.map(Account::owner);
        let mut all: Vec<String> = self.accounts.iter().map(Account::owner).collect();
        all.push(String::new());
        Reader {
            own: own.unwrap_or_default(),
            all,
            mail: default
                .map(|account| account.policy.mail.clone())
                .unwrap_or_default(),
        }
    }

    /// Calls again whom a record is about, from the same account (M-122).
    pub(crate) fn redial(
        &mut self,
        record: HistoryRecord,
        id: CommandId,
        hub: &Hub,
        now: Instant,
    ) -> Outcome {
        let dial = Dial {
            to: record.remote.uri,
            account: record.account,
            ring_for_s: None,
            headers: BTreeMap::new(),
            action: None,
        };
        self.carry_out(Command::Dial(dial), id, hub, now)
    }
}

/// Whether the store is to answer it.
pub(crate) const fn is_kept(command: &Command) -> bool {
    matches!(
        command,
        Command::HistoryList(_)
            | Command::HistoryDelete(_)
            | Command::HistoryRedial(_)
            | Command::ContactList(_)
            | Command::ContactAdd(_)
            | Command::ContactChange(_)
            | Command::ContactRemove(_)
            | Command::ContactImport(_)
            | Command::ContactExport(_)
            | Command::MessageList(_)
            | Command::MessageRead(_)
            | Command::MessageDelete(_)
            | Command::ProfileList(_)
            | Command::ProfileAdd(_)
            | Command::ProfileUse(_)
            | Command::ProfileRemove(_)
            | Command::ProfileRename(_)
            | Command::FavouriteAdd(_)
            | Command::FavouriteRename(_)
            | Command::FavouriteMove(_)
            | Command::FavouriteRemove(_)
            | Command::FavouriteMail(_)
    )
}
