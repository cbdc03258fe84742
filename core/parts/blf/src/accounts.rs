//! Accounts, where they are reached, what they wish to see.

use crate::Blf;
use crate::entry::{By, Entry, EntryId, Feed, Kind};
use base::{Duration, Instant, Machine};
use control::CallHandle;
use ports::account::by_transport;
use ports::blf::{LampWish, Server, Watched};
use ports::link::{self, NoPath, Path};
use ports::{Account, Address, Outbox};
use sip::lamp::Unknown;
use sip::subscription::{Package, Watch};
use sip::subscriptions::Input;
use sip_message::Uri;

/// First wait before a server that could not be found is asked for again; doubles up to [`LONGEST`].
const FIRST_RETRY: Duration = Duration::from_secs(2);
/// Longest wait between two tries.
const LONGEST: Duration = Duration::from_secs(30);
/// How much a wait may differ, so that phones do not come back together. Unit: per cent.
const SPREAD: u32 = 20;

/// One account of this part.
pub(crate) struct Known {
    pub(crate) account: Account,
    /// Where NOTIFYs reach us, once that is known.
    contact: Option<Uri>,
    /// By which link answers its questions.
    ticket: u64,
    /// Link was asked where it is reached.
    asked: bool,
    tries: u32,
    /// It is not registered, though it should be.
    pub(crate) lost: bool,
    /// Nothing leads to its server.
    pub(crate) no_path: Option<NoPath>,
}

impl Known {
    /// Whether registrar says where it is reached.
    fn registers(&self) -> bool {
        self.account.registers()
    }

    /// What is asked of an extension first.
    pub(crate) fn package(&self) -> Package {
        match self.account.watches.event {
            Watched::Calls => Package::Dialog,
            Watched::Presence => Package::Presence,
            Watched::Bindings => Package::Registration,
        }
    }

    /// A subscription to `target`, or to the account itself; `None`: where we are reached is not known.
    pub(crate) fn watch(&self, entry: &Entry, package: Package) -> Option<Watch> {
        let account = &self.account;
        let target = entry.target().unwrap_or(&account.aor);
        Some(Watch {
            target: account.aimed(target),
            package,
            list: matches!(entry.kind, Kind::List(_)),
            from: account.caller(),
            contact: self.contact.clone()?,
            route: account.route_to(target),
            auth: account.authenticator(),
            expires_s: u32::try_from(account.watches.expires.as_secs()).unwrap_or(u32::MAX),
            poll_every: account.watches.poll_every,
        })
    }

    /// Whom its requests go to first.
    fn next_hop(&self) -> Uri {
        let aor = &self.account.aor;
        let own = || by_transport(aor.clone(), self.account.transport);
        self.account.proxy_to(aor).unwrap_or_else(own)
    }

    fn contact_of(&self, path: &Path) -> Uri {
        self.account.contact(path.local, path.target.transport)
    }
}

impl Blf {
    pub(crate) fn account(&mut self, account: Account, now: Instant, out: &mut Outbox) {
        let name = account.name.clone();
        let known = self.accounts.get(&name);
        let same = known.is_some_and(|known| {
            known.account.aor == account.aor && known.account.watches == account.watches
        });
        if same {
            if let Some(known) = self.accounts.get_mut(&name) {
                known.account = account;
            }
            return;
        }
        let of_command = |entry: &Entry| entry.by != By::Command;
        self.forget(&name, of_command, now, out);
        self.next_ticket += 1;
        let watches = account.watches.clone();
        let known = Known {
            account,
            contact: None,
            ticket: self.next_ticket,
            asked: false,
            tries: 0,
            lost: false,
            no_path: None,
        };
        self.accounts.insert(name.clone(), known);
        let list = watches.list.as_ref();
        if let Some(list) = list.and_then(|list| self.address_of(&name, list)) {
            self.add(&name, Kind::list(list), By::Settings, now, out);
        }
        for wish in watches.lamps {
            self.add(&name, Kind::lamp(wish, now), By::Settings, now, out);
        }
        if watches.mailbox {
            self.add(&name, Kind::mailbox(now), By::Settings, now, out);
        }
        self.show_kept(&name, now, out);
        self.arrange(&name, now, out);
        // What a command added stays watched.
        if !self.of_account(&name).is_empty() {
            self.ask_where(&name, out);
        }
    }

    pub(crate) fn account_gone(&mut self, name: &str, now: Instant, out: &mut Outbox) {
        self.forget(name, |_| true, now, out);
        if let Some(known) = self.accounts.remove(name) {
            self.retries.set(known.ticket, None);
        }
    }

    /// Lets those entries of an account go.
    fn forget(
        &mut self,
        name: &str,
        which: impl Fn(&Entry) -> bool,
        now: Instant,
        out: &mut Outbox,
    ) {
        let of = |entry: &Entry| entry.account == name && which(entry);
        let all = self.entries.iter().filter(|(_, entry)| of(entry));
        let all: Vec<EntryId> = all.map(|(id, _)| *id).collect();
        all.into_iter().for_each(|id| self.drop_entry(id, now, out));
    }

    /// Asks link where we are reached by those who answer.
    pub(crate) fn route(&self, ticket: u64, out: &mut Outbox) {
        let known = self.accounts.values().find(|known| known.ticket == ticket);
        if let Some(known) = known {
            out.post(link::Word::Route {
                from: Address::Blf,
                ticket,
                uri: known.next_hop(),
                account: known.account.name.clone(),
            });
        }
    }

    pub(crate) fn routed(
        &mut self,
        ticket: u64,
        path: Result<Path, NoPath>,
        now: Instant,
        out: &mut Outbox,
    ) {
        let mut all = self.accounts.iter_mut();
        let Some((name, known)) = all.find(|(_, known)| known.ticket == ticket) else {
            return;
        };
        let name = name.clone();
        // Nobody needs to know any more.
        if !self.entries.values().any(|entry| entry.account == name) {
            known.asked = false;
            return;
        }
        match path {
            Ok(path) => {
                let contact = known.contact_of(&path);
                self.server(&name, Server::Up(contact), now, out);
            }
            Err(why) => {
                let wait = FIRST_RETRY * 2_u32.saturating_pow(known.tries.min(8));
                known.tries += 1;
                known.no_path = Some(why);
                let wait = self.rng.around(wait.min(LONGEST), SPREAD);
                self.retries.set(ticket, Some(now + wait));
                self.show_all(&name, now, out);
            }
        }
    }

    /// How an account stands at its server.
    pub(crate) fn server(&mut self, name: &str, server: Server, now: Instant, out: &mut Outbox) {
        let Some(known) = self.accounts.get_mut(name) else {
            return;
        };
        known.no_path = None;
        match server {
            Server::Up(contact) => {
                known.lost = false;
                known.contact = Some(contact.clone());
                let package = known.package();
                for id in self.of_account(name) {
                    self.again(id, package, &contact, now);
                }
            }
            Server::Lost => {
                known.lost = true;
                for id in self.of_account(name) {
                    let entry = self.entries.get(&id);
                    if let Some(of) = entry.and_then(|entry| entry.subscription) {
                        self.table.handle(Input::Doubt(of), now);
                    }
                }
            }
        }
        self.show_all(name, now, out);
    }

    fn again(&mut self, id: EntryId, package: Package, contact: &Uri, now: Instant) {
        let Some(entry) = self.entries.get(&id) else {
            return;
        };
        match entry.subscription {
            // One that fell back tries the better package again.
            Some(of) if entry.has_one_package() || entry.package == package => {
                self.table.handle(Input::Moved(of, contact.clone()), now);
                self.table.handle(Input::Again(of), now);
            }
            Some(_) | None => {
                let package = entry.first_package(package);
                // What a list tells of comes with the list.
                if entry.feed == Feed::Own {
                    self.begin(id, package, now);
                }
            }
        }
    }

    pub(crate) fn of_account(&self, name: &str) -> Vec<EntryId> {
        let all = self.entries.iter();
        let of = all.filter(|(_, entry)| entry.account == name);
        of.map(|(id, _)| *id).collect()
    }

    fn show_all(&mut self, name: &str, now: Instant, out: &mut Outbox) {
        for id in self.of_account(name) {
            self.show(id, now, out);
        }
    }

    /// Watches one more; one that is watched already is only told again.
    pub(crate) fn add(
        &mut self,
        account: &str,
        mut kind: Kind,
        by: By,
        now: Instant,
        out: &mut Outbox,
    ) {
        let Some(known) = self.accounts.get(account) else {
            return;
        };
        if !kind.aim(&known.account) {
            tracing::warn!(account, "an extension to watch is no address");
            return;
        }
        let mut all = self.entries.values_mut();
        if let Some(entry) = all.find(|entry| entry.account == account && entry.kind.is_for(&kind))
        {
            // It goes with the list that it is in now.
            match (entry.by, by) {
                (By::Command, By::Kept) => entry.by = by,
                (By::List, _) => entry.wished(kind, by),
                _ => {}
            }
            return;
        }
        let package = known.package();
        self.next_entry += 1;
        let id = EntryId(self.next_entry);
        let entry = Entry::new(account.to_owned(), kind, by);
        let package = entry.first_package(package);
        self.entries.insert(id, entry);
        match self.feed_of(id) {
            Feed::Own => self.begin(id, package, now),
            feed @ (Feed::Awaited | Feed::Listed) => {
                self.listen(id, feed, now);
                if by != By::List {
                    self.want(id, now);
                }
            }
        }
        self.show(id, now, out);
        self.ask_where(account, out);
    }

    /// Takes whom quick dial and favourites show from now on.
    pub(crate) fn keep(&mut self, kept: Vec<(String, LampWish)>, now: Instant, out: &mut Outbox) {
        self.kept = kept;
        let names: Vec<String> = self.accounts.keys().cloned().collect();
        for name in names {
            let Some(known) = self.accounts.get(&name) else {
                continue;
            };
            let wishes = self.kept_of(&known.account);
            let targets = wishes.iter();
            let targets = targets.filter_map(|wish| known.account.address(&wish.target));
            let targets: Vec<Uri> = targets.collect();
            self.leave_to_list(&name, &targets);
            let is_gone = |entry: &Entry| {
                let stays = entry.target().is_some_and(|of| targets.contains(of));
                entry.by == By::Kept && !stays
            };
            self.forget(&name, is_gone, now, out);
            self.show_kept(&name, now, out);
        }
    }

    fn show_kept(&mut self, name: &str, now: Instant, out: &mut Outbox) {
        let known = self.accounts.get(name);
        let wishes = known.map(|known| self.kept_of(&known.account));
        for wish in wishes.unwrap_or_default() {
            self.add(name, Kind::lamp(wish, now), By::Kept, now, out);
        }
    }

    /// What is kept for who this account is, but for numbers outside: these have no state (M-114).
    fn kept_of(&self, account: &Account) -> Vec<LampWish> {
        let owner = account.owner();
        let its = self.kept.iter().filter(|(of, _)| *of == owner);
        let its = its.map(|(_, wish)| wish.clone());
        its.filter(|wish| !account.is_outside(&wish.target))
            .collect()
    }

    fn address_of(&self, name: &str, text: &str) -> Option<Uri> {
        self.accounts.get(name)?.account.address(text)
    }

    /// Of an account that does not register nobody else says where it is reached.
    fn ask_where(&mut self, account: &str, out: &mut Outbox) {
        let Some(known) = self.accounts.get_mut(account) else {
            return;
        };
        if !known.registers() && known.contact.is_none() && !known.asked {
            known.asked = true;
            let ticket = known.ticket;
            self.route(ticket, out);
        }
    }

    /// The call with a conference is over: nobody asks any more who is there.
    pub(crate) fn leave(&mut self, call: CallHandle, now: Instant, out: &mut Outbox) {
        let is_it = |entry: &Entry| match &entry.kind {
            Kind::Conference(joined) => joined.call == call,
            Kind::Lamp(_) | Kind::Mailbox(_) | Kind::List(_) => false,
        };
        let found = self.entries.iter().find(|(_, entry)| is_it(entry));
        if let Some(id) = found.map(|(id, _)| *id) {
            self.drop_entry(id, now, out);
        }
    }

    pub(crate) fn remove(&mut self, account: &str, target: &str, now: Instant, out: &mut Outbox) {
        let named = |entry: &Entry| {
            let of = entry.target().map(ToString::to_string);
            let is_lamp = matches!(entry.kind, Kind::Lamp(_));
            is_lamp && entry.account == account && of.as_deref() == Some(target)
        };
        let found = self.entries.iter().find(|(_, entry)| named(entry));
        if let Some(id) = found.map(|(id, _)| *id) {
            self.unwant(id);
            self.drop_entry(id, now, out);
        }
    }

    pub(crate) fn drop_entry(&mut self, id: EntryId, now: Instant, out: &mut Outbox) {
        let Some(entry) = self.entries.remove(&id) else {
            return;
        };
        if let Some(subscription) = entry.subscription {
            self.owners.remove(&subscription);
            self.table.handle(Input::End(subscription), now);
        }
        if let Kind::List(_) = entry.kind {
            self.doubt_listed(&entry.account, &Unknown::NotYet, now, out);
        }
        self.tell_removed(&entry, now, out);
    }
}
