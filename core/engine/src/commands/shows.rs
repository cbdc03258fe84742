//! What is shown beside favourites and contacts: the lamp of each, or that there is no presence (M-098, M-114).

use super::Commands;
use crate::hub::Hub;
use control::contacts::{Contact, Favourite, Profile};
use control::lamp::Shows;
use control::{EventBody, LampSnapshot, Reply};
use people::fold::fold;
use ports::Account;
use ports::account::default_of;
use ports::blf::LampWish;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

/// Whom contacts and favourites have watched, each with whose they are.
pub(crate) type SharedWishes = Rc<RefCell<Vec<(String, LampWish)>>>;

/// All lamps, to be found by number.
struct Board<'a> {
    accounts: &'a [Account],
    /// By account and target.
    lamps: BTreeMap<(&'a str, &'a str), &'a LampSnapshot>,
    wishes: &'a [(String, LampWish)],
}

impl Board<'_> {
    /// The lamp of a number: of the first account that watches it.
    fn lamp(&self, number: &str) -> Option<Shows> {
        if self.lamps.is_empty() {
            return None;
        }
        let mut all = self.accounts.iter();
        all.find_map(|account| {
            let target = account.address(number)?.to_string();
            let lamp = self.lamps.get(&(account.name.as_str(), target.as_str()))?;
            Some(Shows::Lamp(Box::new((*lamp).clone())))
        })
    }

    /// The lamp of a number, or that it has none because it leads out of the house.
    fn of(&self, account: Option<&Account>, number: &str) -> Option<Shows> {
        let is_outside = account.is_some_and(|account| account.is_outside(number));
        let lamp = self.lamp(number);
        lamp.or_else(|| is_outside.then_some(Shows::NoPresence))
    }

    fn favourite(&self, favourite: &Favourite, owner: Option<&Account>) -> Option<Shows> {
        if let Some(number) = &favourite.number {
            return self.of(owner, number);
        }
        let (name, whose) = (fold(favourite.name.as_ref()?), owner?.owner());
        let named = |(of, wish): &&(String, LampWish)| *of == whose && fold(&wish.label) == name;
        // Favourites stand behind the contacts that say by themselves that they are watched.
        let (_, wish) = self.wishes.iter().rev().find(named)?;
        self.of(owner, &wish.target)
    }

    fn contact(&self, contact: &Contact, own: Option<&Account>) -> Option<Shows> {
        let mut numbers = contact.numbers.iter();
        let lamp = numbers.find_map(|number| self.lamp(number));
        let first = contact.numbers.first().filter(|_| contact.watch);
        lamp.or_else(|| self.of(own, first?))
    }
}

impl Commands {
    /// Says in a reply how those are who are in it.
    pub(crate) fn show_in_reply(&self, reply: &mut Reply, hub: &Hub) {
        #[expect(
            clippy::wildcard_enum_match_arm,
            reason = "most replies are about others"
        )]
        match reply {
            Reply::Contacts { contacts, .. } => self.show_contacts(contacts, hub),
            Reply::Contact { contact } => {
                self.show_contacts(std::slice::from_mut(&mut **contact), hub);
            }
            Reply::Profiles { profiles } => self.show_profiles(profiles, hub),
            _ => {}
        }
    }

    /// Says in an event how those are who are in it.
    pub(crate) fn show_in_event(&self, body: &mut EventBody, hub: &Hub) {
        #[expect(
            clippy::wildcard_enum_match_arm,
            reason = "most events are about others"
        )]
        match body {
            EventBody::ContactsChanged(change) => {
                self.show_contacts(change.contact.as_mut_slice(), hub);
            }
            EventBody::FavouritesChanged(change) => self.show_profiles(&mut change.profiles, hub),
            _ => {}
        }
    }

    fn show_contacts(&self, contacts: &mut [Contact], hub: &Hub) {
        self.with_board(hub, |board, own| {
            for contact in contacts {
                contact.shows = board.contact(contact, own);
            }
        });
    }

    fn show_profiles(&self, profiles: &mut [Profile], hub: &Hub) {
        self.with_board(hub, |board, own| {
            let all = profiles.iter_mut();
            for favourite in all.flat_map(|profile| &mut profile.favourites) {
                favourite.shows = board.favourite(favourite, own);
            }
        });
    }

    fn with_board(&self, hub: &Hub, show: impl FnOnce(&Board<'_>, Option<&Account>)) {
        let lamps = hub.lamps().lamps();
        let by = |lamp| -> ((&str, &str), &LampSnapshot) {
            let lamp: &LampSnapshot = lamp;
            ((lamp.account.as_str(), lamp.target.as_str()), lamp)
        };
        let wishes = self.wishes.borrow();
        let board = Board {
            accounts: &self.accounts,
            lamps: lamps.iter().map(by).collect(),
            wishes: &wishes,
        };
        show(&board, default_of(self.accounts.iter()));
    }
}
