use super::*;
use proptest::collection::{btree_map, vec};
use proptest::prelude::*;

fn profile(name: &str, numbers: &[&str]) -> Profile {
    let favourites = numbers.iter().map(|number| Favourite {
        name: None,
        number: Some((*number).to_owned()),
        ..Favourite::default()
    });
    Profile {
        name: name.to_owned(),
        active: false,
        favourites: favourites.collect(),
    }
}

fn number(number: &str) -> Key {
    Key::Number(number.to_owned())
}

/// What is there: profiles with their numbers.
fn there(roster: &Roster) -> Vec<(String, Vec<String>)> {
    let lists = roster.lists.iter().filter(|(_, list)| list.is_there());
    let shown = lists.map(|(name, list)| {
        let keys = list.entries.keys().filter(|key| list.has(key));
        (name.clone(), keys.cloned().map(String::from).collect())
    });
    shown.collect()
}

fn joined(all: &[&Roster]) -> Roster {
    let mut one = Roster::default();
    all.iter().for_each(|other| one.join(other));
    one
}

fn any_mark() -> impl Strategy<Value = Mark> {
    (0..6_u64, 0..6_u64).prop_map(|(added, gone)| Mark { added, gone })
}

fn any_roster() -> impl Strategy<Value = Roster> {
    let keys = || {
        prop_oneof![
            "[0-3]|##1".prop_map(Key::Number),
            "[a-c]|#n".prop_map(Key::Name)
        ]
    };
    let order = (0..4_u64, proptest::collection::vec(keys(), 0..3));
    let order = order.prop_map(|(at, keys)| Order { at, keys });
    let list = (any_mark(), btree_map(keys(), any_mark(), 0..4), order).prop_map(
        |(mark, entries, order)| List {
            mark,
            entries,
            order,
        },
    );
    btree_map("[xyz]", list, 0..4).prop_map(|lists| Roster { lists })
}

/// What a person does at one of several phones: which, in which profile, with which number, added or not, and by how
/// much its clock is wrong.
fn any_deed() -> impl Strategy<Value = (usize, usize, usize, bool, u64)> {
    (0..3_usize, 0..3_usize, 0..5_usize, any::<bool>(), 0..20_u64)
}

proptest! {
    /// The order in which rosters meet does not matter, nor how often.
    #[test]
    fn m_112_the_newest_of_both_is_the_same_whoever_meets_whom(
        a in any_roster(), b in any_roster(), c in any_roster()
    ) {
        prop_assert_eq!(joined(&[&a, &b]), joined(&[&b, &a]));
        prop_assert_eq!(joined(&[&joined(&[&a, &b]), &c]), joined(&[&a, &joined(&[&b, &c])]));
        prop_assert_eq!(joined(&[&a, &b, &b, &a]), joined(&[&a, &b]));
    }

    /// What is there in one and went in none is there in both together.
    #[test]
    fn m_112_nothing_is_lost_that_nobody_took_away(a in any_roster(), b in any_roster()) {
        let both = joined(&[&a, &b]);
        for (name, list) in &a.lists {
            for key in list.entries.keys().filter(|key| list.has(key)) {
                let other = b.lists.get(name);
                let gone = other.map_or(0, |other| {
                    let of = other.entries.get(key).map_or(0, |mark| mark.gone);
                    of.max(other.mark.gone)
                });
                let came = list.entries[key].added;
                if gone <= came {
                    prop_assert!(both.lists[name].has(key), "{key:?} of {name}");
                }
            }
        }
    }

    /// Kept and read again it is the same.
    #[test]
    fn a_roster_survives_a_restart(a in any_roster()) {
        let kept = serde_json::to_string(&a).unwrap();
        prop_assert_eq!(serde_json::from_str::<Roster>(&kept).unwrap(), a);
    }

    /// Three phones whose clocks differ: once all have met they show the same, and who acted on what they saw has
    /// their will.
    #[test]
    fn m_112_phones_with_wrong_clocks_agree(deeds in vec(any_deed(), 1..30)) {
        let mut phones = vec![Roster::default(); 3];
        for (at, (phone, list, favourite, adds, wrong)) in (100_u64..).zip(deeds) {
            let name = ["x", "y", "z"][list];
            let text = favourite.to_string();
            let roster = &mut phones[phone];
            let shown = roster.lists.get(name).filter(|list| list.is_there());
            let has = shown.is_some_and(|list| list.has(&number(&text)));
            if has == adds {
                continue;
            }
            let (none, one) = (profile(name, &[]), profile(name, &[&text]));
            let (before, after) = if adds { (none, one) } else { (one, none) };
            let before = match shown {
                Some(_) => vec![before],
                None => vec![profile("other", &[])],
            };
            let after = match shown {
                Some(_) => vec![after],
                None => vec![profile("other", &[]), after],
            };
            roster.said(&before, &after, "x", at + wrong);
            let list = &roster.lists[name];
            prop_assert_eq!(list.has(&number(&text)), adds, "what was said is what is shown");
        }
        let all: Vec<&Roster> = phones.iter().collect();
        let (one, other) = (joined(&all), joined(&[all[2], all[0], all[1]]));
        prop_assert_eq!(there(&one), there(&other));
    }
}

#[test]
fn m_112_of_equal_times_what_is_there_wins() {
    let mark = |added, gone| Mark { added, gone };
    let list = |of| List {
        mark: mark(1, 0),
        entries: BTreeMap::from([(number("1"), of)]),
        order: Order::default(),
    };
    let with = |of| Roster {
        lists: BTreeMap::from([("x".to_owned(), list(of))]),
    };
    let both = joined(&[&with(mark(5, 0)), &with(mark(0, 5))]);
    assert!(both.lists["x"].has(&number("1")));
    let gone = joined(&[&with(mark(5, 0)), &with(mark(0, 6))]);
    assert!(!gone.lists["x"].has(&number("1")));
}

#[test]
fn m_112_a_profile_that_went_takes_its_favourites_along_and_comes_back_for_a_newer_one() {
    let mut here = Roster::default();
    here.said(&[], &[profile("x", &["1"]), profile("y", &[])], "d", 10);
    let mut there_too = here.clone();
    here.said(
        &[profile("x", &["1"]), profile("y", &[])],
        &[profile("y", &[])],
        "d",
        20,
    );
    assert_eq!(there(&here), [("y".to_owned(), vec![])]);
    there_too.said(
        &[profile("x", &["1"]), profile("y", &[])],
        &[profile("x", &["1", "2"]), profile("y", &[])],
        "d",
        30,
    );
    let both = joined(&[&here, &there_too]);
    let x = ("x".to_owned(), vec!["#2".to_owned()]);
    assert_eq!(there(&both), [x, ("y".to_owned(), vec![])]);
}

#[test]
fn an_empty_profile_that_nobody_made_is_not_said() {
    let mut roster = Roster::default();
    let main = profile("main", &[]);
    let alone = [main.clone()];
    roster.said(&[], &alone, "d", 10);
    assert_eq!(roster, Roster::default());
    roster.said(&alone, &[main, profile("x", &[])], "d", 20);
    let both = [("main".to_owned(), vec![]), ("x".to_owned(), vec![])];
    assert_eq!(there(&roster), both);
}

#[test]
fn what_went_long_ago_is_forgotten_and_what_is_there_is_not() {
    let mut roster = Roster::default();
    roster.said(
        &[],
        &[profile("x", &["1", "2"]), profile("y", &["3"])],
        "d",
        10,
    );
    roster.said(
        &[profile("x", &["1", "2"]), profile("y", &["3"])],
        &[profile("x", &["2"])],
        "d",
        20,
    );
    roster.forget(15);
    assert!(roster.lists.contains_key("y"));
    roster.forget(1_000);
    let two = BTreeMap::from([(number("2"), Mark { added: 10, gone: 0 })]);
    assert_eq!(roster.lists.len(), 1);
    assert_eq!(roster.lists["x"].entries, two);
}

#[test]
fn a_time_that_no_clock_says_is_none() {
    assert_eq!(believed("1732300000000"), Some(1_732_300_000_000));
    for wrong in ["", "-1", "soon", "18446744073709551615", "253402300799001"] {
        assert_eq!(believed(wrong), None, "{wrong}");
    }
}

/// Whatever a server lists, what is remembered stays bounded, and what is there is stronger than what went.
#[test]
fn what_is_remembered_is_bounded() {
    let mut roster = Roster::default();
    for name in 0..200 {
        let list = List {
            mark: Mark { added: 1, gone: 0 },
            entries: (0..50)
                .map(|n| (number(&n.to_string()), Mark { added: 0, gone: n }))
                .collect(),
            order: Order::default(),
        };
        let other = Roster {
            lists: BTreeMap::from([(format!("p{name:03}"), list)]),
        };
        roster.join(&other);
    }
    assert_eq!(roster.lists.len(), LISTS);
    let stones = |roster: &Roster| -> usize {
        let all = roster.lists.values();
        all.map(|list| list.entries.keys().filter(|key| !list.has(key)).count())
            .sum()
    };
    assert!(stones(&roster) > STONES);
    roster.forget(0);
    assert_eq!(stones(&roster), STONES);
    let oldest = roster.lists.values().flat_map(|list| list.entries.values());
    let oldest = oldest.filter(|mark| mark.gone > 0).map(|mark| mark.gone);
    assert!(
        oldest.min() > Some(15),
        "what went first is forgotten first"
    );
    // One that went makes room for one that comes.
    roster.add_list("main", 100);
    assert!(!roster.lists.contains_key("main"), "all of them are there");
    roster.remove_list("p001", 90);
    roster.add_list("main", 101);
    assert!(roster.lists["main"].is_there() && !roster.lists.contains_key("p001"));
    let mut list = List::default();
    for n in 0..ENTRIES as u64 {
        let mark = list.entry(&number(&n.to_string())).unwrap();
        *mark = Mark { added: 1, gone: n };
    }
    list.entry(&number("new")).unwrap().added = 1;
    assert_eq!(list.entries.len(), ENTRIES);
    assert!(!list.entries.contains_key(&number("2")), "it went first");
    list.entries
        .values_mut()
        .for_each(|mark| mark.added = 9_000);
    assert_eq!(list.entry(&number("one more")), None);
}
