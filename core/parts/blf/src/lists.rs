//! The list of an account at its server (RFC 4662), and whose lamps it feeds.
//!
//! One subscription tells of everybody in the list. Who is watched and not in it has a subscription of their own, and so
//! has everybody where the server offers no list.

use crate::Blf;
use crate::entry::{By, Entry, EntryId, Feed, Kind, Listing, Offer};
use crate::listing::{address, is_no_offer, is_of_all, key};
use base::{Instant, Machine};
use ports::Outbox;
use ports::blf::LampWish;
use sip::lamp::list::{Told, Took};
use sip::lamp::{Bad, Unknown};
use sip::subscription::News;
use sip::subscriptions::{Input, SubscriptionId};
use sip_message::Uri;
use std::collections::BTreeSet;

impl Blf {
    /// Takes what the subscription to a list tells.
    pub(crate) fn list_news(
        &mut self,
        (id, of): (EntryId, SubscriptionId),
        news: &News,
        now: Instant,
        out: &mut Outbox,
    ) {
        let Some(entry) = self.entries.get_mut(&id) else {
            return;
        };
        let account = entry.account.clone();
        let Kind::List(listing) = &mut entry.kind else {
            return;
        };
        match news {
            News::List { parts, gap } => {
                let (took, is_new) = listing.take(parts.as_deref().ok(), *gap);
                if is_new {
                    self.arrange(&account, now, out);
                }
                self.took((id, of), &account, took, now, out);
            }
            News::Document { body, .. } if listing.offer != Offer::Yes => match body.is_empty() {
                // It may follow, or be of an extension of which nothing is known.
                true => self.not_offered(id, Offer::NotNow, now, out),
                // A server that knows no lists takes it for one more extension.
                false => self.no_list(id, now, out),
            },
            // It is asked again at its own pace, and may be there some day.
            News::Lost { cause, .. } if is_no_offer(cause) => {
                self.not_offered(id, Offer::No, now, out);
            }
            News::Lost { cause, .. } if listing.offer == Offer::NotYet && !is_of_all(cause) => {
                self.not_offered(id, Offer::NotNow, now, out);
            }
            News::Pending if listing.offer == Offer::NotYet => {
                self.not_offered(id, Offer::NotNow, now, out);
            }
            News::Lost { .. } | News::Pending | News::Polled(_) => {
                for id in self.listed(&account) {
                    if let Some(entry) = self.entries.get_mut(&id) {
                        entry.take(news, now);
                    }
                    self.show(id, now, out);
                }
            }
            News::Document { .. } | News::ForkGone { .. } | News::Over => {}
        }
    }

    fn took(
        &mut self,
        (id, of): (EntryId, SubscriptionId),
        account: &str,
        took: Result<Took, Bad>,
        now: Instant,
        out: &mut Outbox,
    ) {
        match took {
            Ok(Took::News(told)) => {
                if self.tell_on(account, &told, now, out) {
                    self.table.handle(Input::Ask(of), now);
                }
            }
            Ok(Took::Missing) => {
                self.table.handle(Input::Ask(of), now);
                self.doubt_listed(account, &Unknown::Missing, now, out);
            }
            Err(bad) => match self.listing(account).map(|listing| listing.offer) {
                // The next one may be whole.
                Some(Offer::Yes) => {
                    tracing::warn!(account, %bad, "the server's list cannot be read");
                    self.not_offered(id, Offer::NotNow, now, out);
                }
                Some(Offer::NotNow) => {}
                Some(Offer::NotYet | Offer::No) | None => self.no_list(id, now, out),
            },
        }
    }

    /// Tells each lamp what the list says of it; whether the full state has to be asked for.
    fn tell_on(&mut self, account: &str, told: &[Told], now: Instant, out: &mut Outbox) -> bool {
        let named = |id: EntryId| {
            let target = self.entries.get(&id)?.target()?;
            Some((key(target)?, id))
        };
        let listed = self.listed(account).into_iter();
        let listed: Vec<(String, EntryId)> = listed.filter_map(named).collect();
        let mut ask = false;
        for Told { uri, news } in told {
            let Some(wanted) = address(uri).and_then(|uri| key(&uri)) else {
                continue;
            };
            for (_, id) in listed.iter().filter(|(key, _)| *key == wanted) {
                if let Some(entry) = self.entries.get_mut(id) {
                    match news {
                        Ok(news) => {
                            entry.found(now);
                            ask |= entry.take(news, now);
                        }
                        Err(bad) => entry.doubt(Unknown::Unreadable(*bad), now),
                    }
                }
                self.show(*id, now, out);
            }
        }
        ask
    }

    /// What the list of this account said counts no more.
    pub(crate) fn doubt_listed(
        &mut self,
        account: &str,
        why: &Unknown,
        now: Instant,
        out: &mut Outbox,
    ) {
        for id in self.listed(account) {
            if let Some(entry) = self.entries.get_mut(&id) {
                entry.doubt(why.clone(), now);
            }
            self.show(id, now, out);
        }
    }

    /// There is no list: its subscription ends, and everybody has one of their own.
    pub(crate) fn no_list(&mut self, id: EntryId, now: Instant, out: &mut Outbox) {
        let Some(entry) = self.entries.get_mut(&id) else {
            return;
        };
        if !matches!(entry.kind, Kind::List(_)) {
            return;
        }
        if let Some(subscription) = entry.subscription.take() {
            self.owners.remove(&subscription);
            self.table.handle(Input::End(subscription), now);
        }
        self.not_offered(id, Offer::No, now, out);
    }

    /// Each is asked for by itself, until a list comes if it may.
    fn not_offered(&mut self, id: EntryId, offer: Offer, now: Instant, out: &mut Outbox) {
        let Some(entry) = self.entries.get_mut(&id) else {
            return;
        };
        let account = entry.account.clone();
        let Kind::List(listing) = &mut entry.kind else {
            return;
        };
        if listing.offer == offer || listing.offer == Offer::No {
            return;
        }
        let list = listing.uri.to_string();
        tracing::warn!(
            account,
            list,
            may_come = offer == Offer::NotNow,
            "the server offers no such list: each lamp is asked for by itself"
        );
        listing.offer = offer;
        listing.members = None;
        listing.list.forget();
        self.arrange(&account, now, out);
    }

    /// The list of an account.
    fn listing(&self, account: &str) -> Option<&Listing> {
        let mut all = self
            .entries
            .values()
            .filter(|entry| entry.account == account);
        all.find_map(|entry| match &entry.kind {
            Kind::List(listing) => Some(&**listing),
            Kind::Lamp(_) | Kind::Mailbox(_) | Kind::Conference(_) => None,
        })
    }

    /// Lamps of an account that wait for what its list says.
    fn listed(&self, account: &str) -> Vec<EntryId> {
        let all = self.entries.iter();
        let of = all.filter(|(_, entry)| entry.account == account && entry.feed != Feed::Own);
        of.map(|(id, _)| *id).collect()
    }

    /// Who is to tell of an entry. While it is not known who is in the list, that stays as it is.
    pub(crate) fn feed_of(&self, id: EntryId) -> Feed {
        let Some(entry) = self.entries.get(&id) else {
            return Feed::Own;
        };
        let (Kind::Lamp(_), Some(target)) = (&entry.kind, entry.target()) else {
            return Feed::Own;
        };
        let Some(listing) = self.listing(&entry.account) else {
            return Feed::Own;
        };
        match (listing.offer, &listing.members) {
            (Offer::No | Offer::NotNow, _) => Feed::Own,
            (Offer::NotYet, _) | (Offer::Yes, None) => Feed::Awaited,
            (Offer::Yes, Some(members)) => {
                let is_in = key(target).is_some_and(|key| members.contains(&key));
                if is_in { Feed::Listed } else { Feed::Own }
            }
        }
    }

    /// The list tells of this entry from now on, or may.
    pub(crate) fn listen(&mut self, id: EntryId, feed: Feed, now: Instant) {
        let Some(entry) = self.entries.get_mut(&id) else {
            return;
        };
        let Some(known) = self.accounts.get(&entry.account) else {
            return;
        };
        if let Some(own) = entry.listen(feed, known.package(), now) {
            self.owners.remove(&own);
            self.table.handle(Input::End(own), now);
        }
    }

    /// Somebody wishes for a lamp that the list tells of: what it said before is asked for.
    pub(crate) fn want(&mut self, id: EntryId, now: Instant) {
        let Some(entry) = self.entries.get(&id) else {
            return;
        };
        let (account, wanted) = (entry.account.clone(), entry.target().and_then(key));
        if let (Some(listing), Some(wanted)) = (self.listing_mut(&account), wanted) {
            listing.unwanted.remove(&wanted);
        }
        let mut all = self.entries.values();
        let is_list = |of: &&Entry| of.account == account && matches!(of.kind, Kind::List(_));
        if let Some(of) = all.find(is_list).and_then(|list| list.subscription) {
            self.table.handle(Input::Ask(of), now);
        }
    }

    /// Has each lamp of an account be fed by whom it is to be; members of the list get lamps, and lamps that the list
    /// alone wished for go with it.
    pub(crate) fn arrange(&mut self, account: &str, now: Instant, out: &mut Outbox) {
        let offer = self.listing(account).map(|listing| listing.offer);
        // Whom the list alone has stays until the list says otherwise.
        let may_be_in = offer == Some(Offer::NotNow);
        for id in self.of_account(account) {
            let feed = self.feed_of(id);
            let Some(entry) = self.entries.get(&id) else {
                continue;
            };
            if !matches!(entry.kind, Kind::Lamp(_)) {
                continue;
            }
            match (entry.feed, feed) {
                (_, Feed::Own) if entry.by == By::List && !may_be_in => {
                    self.drop_entry(id, now, out);
                }
                (Feed::Own, Feed::Own) => {}
                (_, Feed::Own) => {
                    let package = self.accounts.get(account).map(|known| known.package());
                    let package = package.map(|package| entry.first_package(package));
                    if let Some(entry) = self.entries.get_mut(&id) {
                        entry.feed = Feed::Own;
                    }
                    if let Some(package) = package {
                        self.begin(id, package, now);
                    }
                    self.show(id, now, out);
                }
                (before, feed) if before == feed => {}
                (_, feed) => self.listen(id, feed, now),
            }
        }
        for (uri, name) in self.members_without_a_lamp(account) {
            let wish = LampWish {
                target: uri.to_string(),
                label: name.unwrap_or_default(),
                slot: false,
            };
            self.add(account, Kind::lamp(wish, now), By::List, now, out);
        }
    }

    /// Members of a list whom nobody here wishes for, and what the list calls them.
    fn members_without_a_lamp(&self, account: &str) -> Vec<(Uri, Option<String>)> {
        let Some(listing) = self.listing(account) else {
            return Vec::new();
        };
        let lamps = self.entries.values();
        let lamps =
            lamps.filter(|entry| entry.account == account && matches!(entry.kind, Kind::Lamp(_)));
        let mut known: BTreeSet<String> = lamps.filter_map(|entry| key(entry.target()?)).collect();
        let members = listing.list.members().unwrap_or_default().iter();
        let new = members.filter_map(|member| {
            let uri = address(&member.uri)?;
            let key = key(&uri)?;
            let is_wanted = !listing.unwanted.contains(&key) && known.insert(key);
            is_wanted.then(|| (uri, member.name.clone()))
        });
        new.collect()
    }

    /// Whom the person wished for no longer, and the list has, it keeps.
    pub(crate) fn leave_to_list(&mut self, account: &str, wished: &[Uri]) {
        for entry in self.entries.values_mut() {
            let stays = entry.target().is_some_and(|of| wished.contains(of));
            if entry.account == account
                && entry.by == By::Kept
                && entry.feed == Feed::Listed
                && !stays
            {
                entry.by = By::List;
            }
        }
    }

    /// Somebody here wants to see this one no longer, whatever the list has.
    pub(crate) fn unwant(&mut self, id: EntryId) {
        let Some(entry) = self.entries.get(&id) else {
            return;
        };
        let (account, key) = (entry.account.clone(), entry.target().and_then(key));
        if entry.feed == Feed::Listed
            && let (Some(key), Some(listing)) = (key, self.listing_mut(&account))
        {
            listing.unwanted.insert(key);
        }
    }

    fn listing_mut(&mut self, account: &str) -> Option<&mut Listing> {
        let mut all = self
            .entries
            .values_mut()
            .filter(|entry| entry.account == account);
        all.find_map(|entry| match &mut entry.kind {
            Kind::List(listing) => Some(&mut **listing),
            Kind::Lamp(_) | Kind::Mailbox(_) | Kind::Conference(_) => None,
        })
    }
}
