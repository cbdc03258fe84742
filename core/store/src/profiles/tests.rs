#![allow(
    clippy::wildcard_enum_match_arm,
    reason = "a test looks for one word of many"
)]

use super::*;
use control::contacts::{FavouriteMove, FavouriteRename, ProfileRef, ProfileRename};

struct User(Connection);

impl User {
    fn new() -> Self {
        let mut db = Connection::open_in_memory().unwrap();
        crate::schema::migrate(&mut db).unwrap();
        Self(db)
    }

    fn ask(&mut self, command: Command) -> Result<Vec<Profile>, String> {
        let reader = Reader {
            own: "a".to_owned(),
            all: vec!["a".to_owned()],
            mail: policy::mail::Rule::default(),
        };
        match carry_out(&mut self.0, command, &reader) {
            Ok(answer) => match answer.reply {
                Reply::Profiles { profiles } => Ok(profiles),
                other => panic!("{other:?}"),
            },
            Err(why) => Err(format!("{} {}", why.explain().code, why.explain().detail)),
        }
    }

    fn profile(
        &mut self,
        make: fn(ProfileRef) -> Command,
        name: &str,
    ) -> Result<Vec<Profile>, String> {
        let name = name.to_owned();
        self.ask(make(ProfileRef { name }))
    }

    fn favourite(
        &mut self,
        name: Option<&str>,
        number: Option<&str>,
    ) -> Result<Vec<Profile>, String> {
        self.ask(Command::FavouriteAdd(of(None, name, number)))
    }
}

fn of(profile: Option<&str>, name: Option<&str>, number: Option<&str>) -> FavouriteOf {
    FavouriteOf {
        profile: profile.map(str::to_owned),
        favourite: Favourite {
            name: name.map(str::to_owned),
            number: number.map(str::to_owned),
            ..Favourite::default()
        },
    }
}

#[test]
fn there_are_four_profiles_and_one_is_in_use_m_110() {
    let mut user = User::new();
    for name in ["work", "home", "night"] {
        user.profile(Command::ProfileAdd, name).unwrap();
    }
    let why = user.profile(Command::ProfileAdd, "fifth").unwrap_err();
    assert_eq!(
        why,
        "OH-4102 there are 4 profiles, and a user has no more than 4"
    );
    assert!(
        user.profile(Command::ProfileAdd, " ")
            .unwrap_err()
            .starts_with("OH-1001")
    );
    user.favourite(Some("Carol"), None).unwrap();
    let profiles = user.profile(Command::ProfileUse, "work").unwrap();
    let active: Vec<&str> = profiles
        .iter()
        .filter(|p| p.active)
        .map(|p| p.name.as_str())
        .collect();
    assert_eq!(active, ["work"]);
    // Each has a list of its own.
    let profiles = user.favourite(None, Some("600")).unwrap();
    let sizes: Vec<usize> = profiles
        .iter()
        .map(|profile| profile.favourites.len())
        .collect();
    assert_eq!(sizes, [1, 1, 0, 0]);
    let profiles = user.profile(Command::ProfileRemove, "work").unwrap();
    assert!(profiles[0].active && profiles.len() == 3);
    assert!(
        user.profile(Command::ProfileUse, "work")
            .unwrap_err()
            .starts_with("OH-4101")
    );
    for name in ["home", "night"] {
        user.profile(Command::ProfileRemove, name).unwrap();
    }
    assert!(
        user.profile(Command::ProfileRemove, "main")
            .unwrap_err()
            .starts_with("OH-1001")
    );
}

#[test]
fn a_profile_has_thirty_two_favourites_m_111() {
    let mut user = User::new();
    for number in 0..32 {
        user.favourite(None, Some(&format!("{number}"))).unwrap();
    }
    let why = user.favourite(None, Some("33")).unwrap_err();
    assert_eq!(
        why,
        "OH-4102 profile 'main' has 32 favourites, and no profile has more than 32"
    );
    user.ask(Command::FavouriteRemove(of(Some("main"), None, Some("7"))))
        .unwrap();
    assert_eq!(
        user.favourite(None, Some("33")).unwrap()[0]
            .favourites
            .len(),
        32
    );
    let gone = user.ask(Command::FavouriteRemove(of(None, None, Some("7"))));
    assert!(gone.unwrap_err().starts_with("OH-4101"));
}

#[test]
fn a_favourite_is_by_name_or_by_number_m_113() {
    let mut user = User::new();
    user.favourite(Some("Carol"), None).unwrap();
    user.favourite(None, Some("600")).unwrap();
    for (name, number, why) in [
        (
            Some("a"),
            Some("1"),
            "OH-1001 a favourite is defined by name or by number, not by both",
        ),
        (
            None,
            None,
            "OH-1001 a favourite is defined by a name or by a number",
        ),
        (
            Some(" "),
            None,
            "OH-1001 a favourite's name or number has 1 to 256 characters",
        ),
        (Some("CAROL"), None, "OH-1001 it is a favourite already"),
    ] {
        assert_eq!(user.favourite(name, number).unwrap_err(), why);
    }
}

/// The numbers of each profile's favourites, in order.
fn numbers(profiles: &[Profile]) -> Vec<(String, Vec<String>)> {
    let of = |profile: &Profile| {
        let all = profile.favourites.iter();
        all.map(|one| one.number.clone().unwrap()).collect()
    };
    profiles.iter().map(|p| (p.name.clone(), of(p))).collect()
}

fn shown(all: &[(&str, &[&str])]) -> Vec<(String, Vec<String>)> {
    all.iter()
        .map(|(name, of)| ((*name).into(), of.iter().map(|&n| n.into()).collect()))
        .collect()
}

/// M-117: favourites are put in order and moved between profiles; what cannot be is refused with its reason.
#[test]
fn m_117_favourites_are_arranged() {
    let mut user = User::new();
    user.profile(Command::ProfileAdd, "night").unwrap();
    for number in ["101", "102", "103"] {
        user.favourite(None, Some(number)).unwrap();
    }
    let put = |number: &str, to: Option<&str>, place| {
        Command::FavouriteMove(FavouriteMove {
            of: of(None, None, Some(number)),
            to_profile: to.map(str::to_owned),
            place,
        })
    };
    for (number, to, place, main, night) in [
        (
            "103",
            None,
            Some(1),
            ["103", "101", "102"].as_slice(),
            [].as_slice(),
        ),
        ("103", None, Some(2), &["101", "103", "102"], &[]),
        ("101", None, None, &["103", "102", "101"], &[]),
        ("102", None, Some(99), &["103", "101", "102"], &[]),
        ("103", None, Some(0), &["103", "101", "102"], &[]),
        ("101", Some("night"), None, &["103", "102"], &["101"]),
        ("102", Some("night"), Some(1), &["103"], &["102", "101"]),
    ] {
        let profiles = user.ask(put(number, to, place)).unwrap();
        assert_eq!(
            numbers(&profiles),
            shown(&[("main", main), ("night", night)])
        );
    }
    user.favourite(None, Some("101")).unwrap();
    for (wrong, said) in [
        (put("104", None, Some(1)), "no such favourite"),
        (put("101", Some("day"), None), "no profile is called"),
        (put("101", Some("night"), None), "it is a favourite already"),
    ] {
        let why = user.ask(wrong).unwrap_err();
        assert!(why.contains(said), "{why}");
    }
}

/// M-117: favourites are renamed in their place, and profiles; what cannot be is refused with its reason.
#[test]
fn m_117_favourites_and_profiles_are_renamed() {
    let mut user = User::new();
    user.favourite(None, Some("103")).unwrap();
    user.profile(Command::ProfileAdd, "night").unwrap();
    for number in ["102", "101"] {
        user.ask(Command::FavouriteAdd(of(Some("night"), None, Some(number))))
            .unwrap();
    }
    let rename = |number: &str, to: &str| {
        Command::FavouriteRename(FavouriteRename {
            of: of(Some("night"), None, Some(number)),
            to: of(None, None, Some(to)).favourite,
        })
    };
    let profiles = user.ask(rename("102", " 202 ")).unwrap();
    assert_eq!(numbers(&profiles)[1].1, ["202", "101"]);
    for (wrong, said) in [
        (rename("202", "101"), "it is a favourite already"),
        (rename("202", ""), "1 to 256 characters"),
        (rename("303", "304"), "no such favourite"),
    ] {
        let why = user.ask(wrong).unwrap_err();
        assert!(why.contains(said), "{why}");
    }
    let call = |name: &str, to: &str| {
        let (name, to) = (name.to_owned(), to.to_owned());
        Command::ProfileRename(ProfileRename { name, to })
    };
    for (name, to, said) in [
        ("day", "dawn", "no profile is called"),
        ("night", "main", "is called 'main' already"),
        ("night", " ", "1 to 64 characters"),
    ] {
        let why = user.ask(call(name, to)).unwrap_err();
        assert!(why.contains(said), "{why}");
    }
    user.ask(call("night", "night ")).unwrap();
    let profiles = user.ask(call("main", "day")).unwrap();
    assert!(profiles[0].active, "it stays in use");
    let expected = shown(&[("day", &["103"]), ("night", &["202", "101"])]);
    assert_eq!(numbers(&profiles), expected);
}

/// M-111, M-117: none moves into a profile that is full, and in a full one the order may change.
#[test]
fn m_117_a_full_profile_takes_nobody_from_another() {
    let mut user = User::new();
    for number in 0..FAVOURITES {
        user.favourite(None, Some(&number.to_string())).unwrap();
    }
    user.profile(Command::ProfileAdd, "night").unwrap();
    user.profile(Command::ProfileUse, "night").unwrap();
    user.favourite(None, Some("900")).unwrap();
    let put = |profile: &str, number: &str, to: Option<&str>| {
        Command::FavouriteMove(FavouriteMove {
            of: of(Some(profile), None, Some(number)),
            to_profile: to.map(str::to_owned),
            place: Some(1),
        })
    };
    let why = user.ask(put("night", "900", Some("main"))).unwrap_err();
    assert!(why.contains("32 favourites"), "{why}");
    let profiles = user.ask(put("main", "31", None)).unwrap();
    let first = profiles[0].favourites[0].number.as_deref();
    assert_eq!(
        (profiles[0].favourites.len(), first),
        (FAVOURITES, Some("31"))
    );
    assert_eq!(profiles[1].favourites.len(), 1);
}

fn favourite(number: &str) -> Favourite {
    Favourite {
        name: None,
        number: Some(number.to_owned()),
        ..Favourite::default()
    }
}

fn main_with(number: &str) -> Vec<Profile> {
    vec![Profile {
        name: "main".to_owned(),
        active: true,
        favourites: vec![favourite(number)],
    }]
}

/// What a server has takes the place of what it was joined with, and of nothing that a person said since then.
#[test]
fn m_112_what_a_server_has_stands_unless_somebody_changed_something_meanwhile() {
    let mut user = User::new();
    let before = standing(&user.0, "a").unwrap();
    assert_eq!((before.ledger, before.profiles.len()), (None, 1));
    let mut shared = Shared {
        owner: "a".to_owned(),
        before: before.profiles,
        profiles: main_with("102"),
        ledger: "{\"n\":1}".to_owned(),
    };
    let taken = share(&mut user.0, &shared).unwrap();
    assert_eq!(taken.ledger.as_deref(), Some("{\"n\":1}"));
    assert!(taken.is_news);
    assert_eq!(
        user.ask(Command::ProfileList(control::command::NoFields {})),
        Ok(main_with("102"))
    );
    // The same again is no news; what was joined with something older is not taken, nor is its ledger.
    shared.before = main_with("102");
    assert!(!share(&mut user.0, &shared).unwrap().is_news);
    shared.before = main_with("1");
    (shared.profiles, shared.ledger) = (main_with("2"), "{\"n\":2}".to_owned());
    let refused = share(&mut user.0, &shared).unwrap();
    assert_eq!(
        (refused.profiles, refused.is_news),
        (main_with("102"), false)
    );
    assert_eq!(refused.ledger.as_deref(), Some("{\"n\":1}"));
    let other = standing(&user.0, "b").unwrap();
    assert_eq!(
        (other.ledger, other.profiles[0].favourites.len()),
        (None, 0)
    );
}
