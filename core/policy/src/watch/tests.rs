use super::*;
use proptest::prelude::*;

const OWN: &str = "sip:10@example.com";

fn watching(template: &[&str], groups: &[&str], person: &[&str]) -> Watching {
    let rights = |lines: &[&str]| lines.iter().map(|l| Right::read(l).unwrap()).collect();
    Watching {
        template: rights(template),
        template_from: String::from("site.toml:3:1"),
        groups: groups.iter().map(|l| Group::read(l).unwrap()).collect(),
        person: rights(person),
        ..Watching::default()
    }
}

/// Presence and dialog, and what decided of the first.
fn seen(of: &Watching, watcher: &str) -> (bool, bool, By) {
    let presence = of.judge(What::Presence, watcher, OWN);
    let dialog = of.judge(What::Dialog, watcher, OWN);
    (presence.allowed, dialog.allowed, presence.by)
}

fn set(of: &mut Watching, line: &str) -> bool {
    of.set(Right::read(line).unwrap(), OWN)
}

fn may(of: &Watching, watcher: &str) -> (bool, bool) {
    let (presence, dialog, _) = seen(of, watcher);
    (presence, dialog)
}

/// M-100: an address is the same one however it is spelled (RFC 3261 §19.1.4): a refusal is not walked around.
#[test]
fn m_100_one_address_has_many_spellings_and_one_right() {
    let of = watching(
        &[
            "presence allow domain example.com",
            "presence refuse user bob@example.com",
        ],
        &[],
        &[],
    );
    for spelled in [
        "bob@example.com",
        "bob@Example.com.",
        "b%6fb@EXAMPLE.com:5070",
        "%62ob@example.com;a=1",
    ] {
        assert_eq!(
            may(&of, &format!("sip:{spelled}")),
            (false, false),
            "{spelled}"
        );
        let person = person(&format!("sip:{spelled}"));
        assert_eq!(person.as_deref(), Some("bob@example.com"));
    }
    assert_eq!(
        may(&of, "sip:Bob@example.com"),
        (true, false),
        "user parts have case"
    );
    assert_eq!(person("sip:example.com"), None);
}

#[test]
fn m_100_a_user_a_group_or_a_domain_presence_and_dialog_apart() {
    let of = watching(
        &[
            "presence allow user 20@example.com",
            "dialog allow user 20@example.com",
            "presence allow group sales",
            "presence allow domain partner.example",
            "dialog allow domain partner.example",
        ],
        &["sales: 30, 31@other.example"],
        &[],
    );
    assert_eq!(may(&of, "sip:20@example.com"), (true, true));
    assert_eq!(
        may(&of, "sip:20@EXAMPLE.com:5070;transport=tcp"),
        (true, true)
    );
    assert_eq!(may(&of, "sip:30@example.com"), (true, false));
    assert_eq!(may(&of, "sip:31@other.example"), (true, false));
    assert_eq!(may(&of, "sip:anna@Partner.Example"), (true, true));
    for stranger in [
        "sip:20@example.org",
        "sip:31@example.com",
        "sip:a@sub.partner.example",
        "sip:partner.example",
        "tel:20",
        "nonsense\r\n",
        "",
    ] {
        assert_eq!(
            seen(&of, stranger),
            (false, false, By::Nothing),
            "{stranger}"
        );
    }
}

#[test]
fn m_100_the_most_specific_right_decides() {
    let of = watching(
        &[
            "presence allow anybody",
            "presence refuse domain example.com",
            "presence allow group sales",
            "presence refuse user 31@example.com",
        ],
        &["sales: 30, 31"],
        &[],
    );
    assert!(may(&of, "sip:9@elsewhere.example").0, "anybody");
    assert!(
        !may(&of, "sip:40@example.com").0,
        "the domain before anybody"
    );
    assert!(
        may(&of, "sip:30@example.com").0,
        "the group before the domain"
    );
    assert!(
        !may(&of, "sip:31@example.com").0,
        "the user before the group"
    );
    let twice = watching(
        &["dialog allow user 20", "dialog refuse user 20@example.com"],
        &[],
        &[],
    );
    assert!(!may(&twice, "sip:20@example.com").1, "one that refuses");
}

proptest! {
    /// What stands in a line is what stands there when it is read again, however odd the address was.
    #[test]
    fn m_100_every_right_that_is_read_is_written_and_read_again(
        whom in prop_oneof![
            "user (sips?:)?([a-z%*,;:?/&=+$\u{fc} ]|%[0-9a-f]{2}){0,6}(@([a-c]{1,3}\\.test|\\[::1\\]|10\\.0\\.0\\.1)(:50)?)?",
            "group [a-c :,*]{0,6}",
            "domain ([a-c]{1,3}\\.test|\\[::1\\])",
        ],
    ) {
        if let Ok(right) = Right::read(&format!("presence refuse {whom}")) {
            let again = Right::read(&right.to_string());
            prop_assert_eq!(again.as_ref(), Ok(&right), "{}", right);
        }
    }
}

#[test]
fn m_100_an_address_with_escapes_is_one_person() {
    for (address, written, is) in [
        ("a%20b@x.test", "a%20b@x.test", "sip:%61%20b@X.test"),
        ("sip:%ff@X.test", "%FF@x.test", "sip:%fF@x.test"),
        ("a%40b", "a%40b", "sip:a%40b@example.com"),
    ] {
        let right = format!("presence refuse user {address}");
        let read = Right::read(&right).unwrap();
        assert_eq!(read.to_string(), format!("presence refuse user {written}"));
        let of = watching(&["presence allow anybody"], &[], &[&right]);
        assert!(!may(&of, is).0, "{address}");
        // What is no text either is somebody else all the same.
        assert!(may(&of, "sip:%FE@x.test").0, "{address}");
    }
    assert_eq!(uri_of("%2A20%2C@x.test"), "sip:*20,@x.test");
}

/// M-101: watcher active or not, group open or restricted.
#[test]
fn m_101_active_members_see_each_other_unless_the_group_is_restricted() {
    for (group, active, restricted) in [
        ("sales: 10, 20", true, false),
        ("sales: 10, inactive 20", false, false),
        ("sales restricted: 10, 20", true, true),
        ("sales restricted: 10, inactive 20", false, true),
    ] {
        let of = watching(&[], &[group], &[]);
        let expected = active && !restricted;
        assert_eq!(
            may(&of, "sip:20@example.com"),
            (expected, expected),
            "{group}"
        );
        // What is refused by a right of the domain is not given by the group, and the other way round.
        let of = watching(&["presence allow domain example.com"], &[group], &[]);
        assert_eq!(may(&of, "sip:20@example.com").0, active, "{group}, domain");
        let of = watching(&["presence allow group sales"], &[group], &[]);
        assert_eq!(may(&of, "sip:20@example.com").0, active, "{group}, group");
        let of = watching(&["presence allow user 20"], &[group], &[]);
        assert!(may(&of, "sip:20@example.com").0, "{group}, the user alone");
    }
    let of = watching(&[], &["sales: inactive 10, 20"], &[]);
    assert_eq!(
        may(&of, "sip:20@example.com"),
        (false, false),
        "we are not active"
    );
    let of = watching(&[], &["sales: 11, 20"], &[]);
    assert_eq!(
        may(&of, "sip:20@example.com"),
        (false, false),
        "not our group"
    );
    let both = watching(&[], &["old: 10, inactive 20", "new: 10, 20"], &[]);
    let (presence, dialog, by) = seen(&both, "sip:20@example.com");
    assert_eq!(
        (presence, dialog, by),
        (true, true, By::Group("new".into()))
    );
    let twice = watching(&[], &["sales: 10, 20, inactive 20"], &[]);
    assert_eq!(may(&twice, "sip:20@example.com"), (false, false));
}

#[test]
fn m_102_what_the_person_says_stands_before_the_template() {
    let template = ["presence allow domain example.com", "dialog allow user 20"];
    let mut of = watching(&template, &[], &[]);
    let right = |line: &str| Right::read(line).unwrap();
    assert!(set(&mut of, "dialog refuse user 20@example.com"));
    assert!(set(&mut of, "presence refuse domain example.com"));
    let judged = of.judge(What::Dialog, "sip:20@example.com", OWN);
    let said = right("dialog refuse user 20@example.com");
    assert_eq!((judged.allowed, judged.by), (false, By::Person(said)));
    // The template comes again: the person's word stands.
    of.template = template.iter().map(|line| right(line)).collect();
    assert_eq!(may(&of, "sip:20@example.com"), (false, false));
    // Said anew it takes its own place; forgotten, the template counts again.
    assert!(set(&mut of, "presence allow domain example.com"));
    assert_eq!(of.person.len(), 2);
    assert!(of.forget(What::Dialog, &Whom::read("user 20").unwrap(), OWN));
    assert!(!of.forget(What::Dialog, &Whom::Anybody, OWN));
    let judged = of.judge(What::Dialog, "sip:20@example.com", OWN);
    assert!(judged.allowed && matches!(judged.by, By::Template(_)));
    // A more specific right of the template stays before a wider one of the person.
    assert!(set(&mut of, "dialog refuse anybody"));
    assert!(may(&of, "sip:20@example.com").1);
    for number in 0..RIGHTS {
        let room = set(&mut of, &format!("presence allow user x{number}"));
        assert_eq!(room, number + 2 < RIGHTS, "{number}");
    }
}

#[test]
fn m_100_what_is_written_is_read_again() {
    for line in [
        "presence allow user 20@example.com",
        "dialog refuse user 20",
        "presence refuse group sales-1",
        "presence refuse group Sales team, north: 2",
        "presence allow user a%20b%2C%2A@example.com",
        "presence allow user 20@[2001:db8::1]",
        "dialog allow domain example.com",
        "presence allow anybody",
    ] {
        assert_eq!(Right::read(line).unwrap().to_string(), line);
    }
    let spelled = Right::read("  presence\tallow  user sip:20@Example.com:5060 ");
    assert_eq!(
        spelled.unwrap().to_string(),
        "presence allow user 20@example.com"
    );
    for wrong in [
        "",
        "presence",
        "presence allow",
        "presence allow user",
        "presence maybe user 20",
        "voicemail allow user 20",
        "presence allow user *@example.com",
        "presence allow user 20 21",
        "presence allow user a,b",
        "presence allow group",
        "presence allow domain 20@example.com",
        "presence allow domain exa mple",
        "presence allow everybody",
        "presence allow anybody 20",
    ] {
        assert!(Right::read(wrong).is_err(), "{wrong}");
    }
    for wrong in [
        "sales",
        "a b: 20",
        "sales: 2 0",
        ": 20",
        "a: *",
        "sales restricted 20",
    ] {
        assert!(Group::read(wrong).is_err(), "{wrong}");
    }
    assert_eq!(Group::read("empty:").unwrap().members, []);
    let many = (0..=RIGHTS)
        .map(|n| n.to_string())
        .collect::<Vec<_>>()
        .join(",");
    assert_eq!(Group::read(&format!("a: {many}")), Err(Refused::TooMany));
}

#[test]
fn m_100_an_address_of_the_net_has_one_spelling() {
    for (right, is) in [
        (
            "presence refuse user 5@[::1]",
            "sip:5@[0:0:0:0:0:0:0:1]:5060",
        ),
        ("presence refuse user 5@10.0.0.1", "sip:5@[::ffff:10.0.0.1]"),
        ("presence refuse user 5@[::FFFF:10.0.0.1]", "sip:5@10.0.0.1"),
    ] {
        let of = watching(&["presence allow anybody"], &[], &[right]);
        assert!(!may(&of, is).0, "{right}");
    }
}

/// Of what was written down in two spellings before, the word that refuses holds; and `20` is at home.
#[test]
fn m_100_two_spellings_of_before_are_one_right_that_refuses() {
    let right = |line: &str| Right::read(line).unwrap();
    let mut of = Watching::default();
    of.keep(right("presence refuse user bob@EXAMPLE.com"));
    of.keep(right("presence allow user bob@example.com"));
    assert_eq!(of.person, [right("presence refuse user bob@example.com")]);
    let mut of = Watching::default();
    assert!(set(&mut of, "presence allow user 20@example.com"));
    assert!(set(&mut of, "presence refuse user 20"));
    assert_eq!(of.person, [right("presence refuse user 20")]);
    assert!(of.forget(
        What::Presence,
        &Whom::read("user 20@example.com").unwrap(),
        OWN
    ));
    assert!(of.person.is_empty());
}

/// M-101: lists of one name are one group.
#[test]
fn m_101_groups_of_one_name_are_one() {
    let mut of = watching(&["presence allow group sales"], &["sales: 20, 21"], &[]);
    of.site = Site::Known(vec![Group::read("sales: inactive 20, 22").unwrap()]);
    for (watcher, sees) in [("20", false), ("21", true), ("22", true), ("23", false)] {
        assert_eq!(
            may(&of, &format!("sip:{watcher}@example.com")).0,
            sees,
            "{watcher}"
        );
    }
}

/// M-101: before the site's groups are known nobody is let in who may be refused by one.
#[test]
fn m_101_before_groups_are_known_only_rights_of_people_count() {
    let template = [
        "presence allow anybody",
        "presence allow user 20",
        "presence refuse group x",
    ];
    let mut of = watching(&template, &[], &[]);
    of.site = Site::Unknown;
    assert!(seen(&of, "sip:20@example.com").0);
    assert_eq!(seen(&of, "sip:21@example.com").2, By::Unknown);
    assert!(Judge::new(&of, OWN).refuses_unknown_groups(What::Presence));
}
