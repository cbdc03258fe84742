#![allow(
    clippy::wildcard_enum_match_arm,
    reason = "a test looks for one word of many"
)]

use super::*;
use control::contacts::ProfileRef;

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

fn favourite(number: &str) -> Favourite {
    Favourite {
        name: None,
        number: Some(number.to_owned()),
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
