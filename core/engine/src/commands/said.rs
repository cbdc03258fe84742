//! What a person said of an account is kept, and said again at the next start and the next login (M-097, M-102, M-133,
//! M-135). It is kept by who logs in as whom: nobody else finds anything of it (M-022, M-023).

use super::Commands;
use policy::Policy;
use ports::said::{About, Spoken};
use ports::store::{Do, Sayings};
use ports::{Account, Said, presence};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// What people said, and what the settings say.
#[derive(Default)]
pub(super) struct Words {
    /// By owner. Bound: what the store keeps, and the accounts of this run.
    said: BTreeMap<String, Said>,
    /// Each account as it came, by name.
    settings: BTreeMap<String, Account>,
    /// What people spoke of before it is known what they said before, by owner. Bound: the accounts of this run.
    spoken: BTreeMap<String, Spoken>,
    /// Whether it is known what people said before.
    pub(super) heard: bool,
    /// Of whom it was kept. Bound: what the store keeps.
    pub(super) remembered: BTreeSet<String>,
    /// Which words of servers hold here, by owner. Bound: the accounts of this run.
    pub(super) adopted: BTreeMap<String, Adopted>,
    /// What settings say of accounts that are gone, by owner: who logs in again has it. Bound: the accounts of this run.
    left: BTreeMap<String, Arc<Policy>>,
}

/// The numbers of the last words of a server that hold here; 0: none.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Adopted {
    pub(super) rights: u64,
    pub(super) forwarding: u64,
}

impl Commands {
    /// What people said before; what they said in this run is newer, and the rest stands.
    pub(crate) fn said_before(&mut self, all: Vec<Sayings>) {
        self.words.heard = true;
        let mut spoken = std::mem::take(&mut self.words.spoken);
        for Sayings { owner, said } in all {
            self.words.remembered.insert(owner.clone());
            let newer = self.words.said.remove(&owner);
            let spoken = spoken.remove(&owner);
            let is_newer = newer.is_some() || spoken.is_some();
            let said = said.but_for(&spoken.unwrap_or_default());
            let said = newer.map_or_else(|| said.clone(), |newer| newer.or(said.clone()));
            for account in &mut self.accounts {
                if account.owner() == owner {
                    said.say_of(account);
                }
            }
            let of = |account: &&Account| account.owner() == owner;
            for account in self.accounts.iter().filter(of) {
                // A part that has too much to do now goes by the settings.
                let _ = self.tell_policy(account);
                let account = Box::new(account.clone());
                let _ = self.post(presence::Word::Account(account));
            }
            self.words.said.insert(owner.clone(), said.clone());
            if is_newer {
                // What was kept meanwhile took the place of what was said before.
                let _ = self.post(Do::Say(Box::new(Sayings { owner, said })));
            }
        }
        for account in &self.accounts {
            self.tell_server(account);
        }
    }

    /// `account`, with what its person said.
    pub(super) fn as_said(&mut self, mut account: Account) -> Account {
        let owner = account.owner();
        let same = |known: &Account| known.name == account.name && known.owner() == owner;
        // One that is set up again by its own owner has what they said already.
        if !self.accounts.iter().any(same) {
            let name = account.name.clone();
            self.words.settings.insert(name, account.clone());
        }
        if let Some(said) = self.words.said.get(&owner) {
            said.say_of(&mut account);
        }
        account
    }

    /// The account is gone; what its person said stays theirs, and so does what settings say of it.
    pub(super) fn no_longer_said(&mut self, name: &str) {
        if let Some(settings) = self.words.settings.remove(name) {
            let whose = settings.whose();
            self.words.left.insert(whose.owner.clone(), settings.policy);
            // An engine that keeps nothing has no servers to leave alone.
            let _ = self.post(Do::Gone { of: whose });
        }
    }

    /// What settings say of an account of this owner that was here before.
    pub(super) fn left_by(&self, owner: &str) -> Option<Arc<Policy>> {
        self.words.left.get(owner).cloned()
    }

    /// Keeps what is different in `account` from its settings; the person spoke `about` this.
    pub(super) fn keep_said(&mut self, account: &Account, about: About) {
        let Some(settings) = self.words.settings.get(&account.name) else {
            return;
        };
        let (owner, said) = (account.owner(), Said::of(account, settings));
        let known = self.words.said.get(&owner);
        if !self.words.heard {
            let before = known.map_or(&[][..], |known| &known.watchers);
            let spoken = self.words.spoken.entry(owner.clone()).or_default();
            spoken.of(about, &said.watchers, before);
        }
        if known.map_or(said.is_empty(), |known| *known == said) {
            return;
        }
        self.words.said.insert(owner.clone(), said.clone());
        // An engine that keeps nothing remembers it until it ends.
        let _ = self.post(Do::Say(Box::new(Sayings { owner, said })));
    }
}
