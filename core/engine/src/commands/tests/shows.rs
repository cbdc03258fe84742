//! What is shown beside favourites and contacts (M-098, M-114).

use super::*;
use control::contacts::{ContactsChanged, FavouritesChanged};
use control::lamp::{LampChange, LampSource, Shows};
use control::{Contact, EventBody, Favourite, LampSnapshot, LampState, Profile};
use ports::blf::LampWish;

/// An account behind a `0` for the outside, whose 102 has a lamp.
fn rig() -> Rig {
    let mut rig = Rig::new();
    let mut own = account(add("a")).unwrap();
    let policy = Arc::make_mut(&mut own.policy);
    policy.dialling.location = Some(policy::Location::germany("711"));
    let target = own.address("102").unwrap().to_string();
    rig.commands.add_account(own).unwrap();
    let snapshot = LampSnapshot {
        account: "a".parse().unwrap(),
        target,
        label: "Bob".into(),
        slot: false,
        state: LampState::Idle,
        since: Timestamp::from_unix_ms(7),
        why: None,
        direction: None,
        peer: None,
        pickup: None,
        source: LampSource::Presence,
        polled: false,
        presence: Some(control::PresenceState::Away),
        note: Some("at lunch".into()),
        listed: false,
    };
    let change = LampChange {
        was: None,
        removed: false,
        snapshot,
    };
    rig.tell(None, None, EventBody::BlfChanged(Box::new(change)));
    rig
}

/// What is beside it, in a word.
fn word(shows: Option<&Shows>) -> &str {
    match shows {
        Some(Shows::Lamp(lamp)) => lamp.note.as_deref().unwrap_or_default(),
        Some(Shows::NoPresence) => "no presence",
        Some(Shows::Unknown) | None => "nothing",
    }
}

fn number(number: &str) -> Favourite {
    Favourite {
        number: Some(number.into()),
        ..Favourite::default()
    }
}

fn name(name: &str) -> Favourite {
    Favourite {
        name: Some(name.into()),
        ..Favourite::default()
    }
}

#[test]
fn m_098_m_114_favourites_have_their_lamp_or_no_presence() {
    let rig = rig();
    let owner = rig.commands.reader().own;
    let wish = |label: &str, target: &str| {
        let wish = LampWish {
            target: target.into(),
            label: label.into(),
            slot: false,
        };
        (owner.clone(), wish)
    };
    let wishes = vec![wish("Jörg Müller", "102"), wish("Outside", "+4930123456")];
    *rig.commands.wishes.borrow_mut() = wishes;
    let favourites = vec![
        number("102"),
        number("103"),
        number("00711123456"),
        number("+49711123456"),
        name("jorg muller"),
        name("Outside"),
        name("Nobody"),
    ];
    let mut reply = Reply::Profiles {
        profiles: vec![Profile {
            name: "main".into(),
            active: true,
            favourites,
        }],
    };
    rig.commands.show_in_reply(&mut reply, &rig.hub);
    let Reply::Profiles { profiles } = reply else {
        panic!("{reply:?}");
    };
    let shown: Vec<&str> = profiles[0]
        .favourites
        .iter()
        .map(|favourite| word(favourite.shows.as_ref()))
        .collect();
    let expected = [
        "at lunch",
        "nothing",
        "no presence",
        "no presence",
        "at lunch",
        "no presence",
        "nothing",
    ];
    assert_eq!(shown, expected);
    let changed = FavouritesChanged { profiles };
    let mut event = EventBody::FavouritesChanged(Box::new(changed.clone()));
    rig.commands.show_in_event(&mut event, &rig.hub);
    assert_eq!(event, EventBody::FavouritesChanged(Box::new(changed)));
}

#[test]
fn m_098_contacts_have_the_lamp_of_the_first_number_that_has_one() {
    let rig = rig();
    let contact = |numbers: &[&str], watch| Contact {
        numbers: numbers.iter().map(|number| (*number).into()).collect(),
        watch,
        ..Contact::default()
    };
    let cases = [
        (contact(&["00711123456", "102"], false), "at lunch"),
        (contact(&["103"], true), "nothing"),
        (contact(&["00711123456"], true), "no presence"),
        (contact(&["00711123456"], false), "nothing"),
    ];
    for (contact, expected) in cases {
        let change = ContactsChanged {
            contact: Some(contact),
            ..ContactsChanged::default()
        };
        let mut event = EventBody::ContactsChanged(Box::new(change));
        rig.commands.show_in_event(&mut event, &rig.hub);
        let EventBody::ContactsChanged(change) = event else {
            panic!("{event:?}");
        };
        let contact = change.contact.unwrap();
        assert_eq!(word(contact.shows.as_ref()), expected, "{contact:?}");
    }
}
