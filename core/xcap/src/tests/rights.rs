//! Who may watch, at phones of one person and their server.

use super::*;
use policy::watch::RIGHTS;

impl Phone {
    /// Says this of who may watch, in the place of all before.
    fn allows(&mut self, lines: &[&str]) {
        let rights = lines.iter().map(|line| Right::read(line).unwrap());
        self.watching.person = rights.collect();
        self.has_said = true;
        self.watches();
    }

    fn wait_says(&mut self, wanted: &[&str]) {
        let said = |phone: &Self| -> Vec<String> {
            let mut lines: Vec<String> = phone
                .watching
                .person
                .iter()
                .map(ToString::to_string)
                .collect();
            lines.sort();
            lines
        };
        let until = Instant::now() + WAIT;
        while said(self) != wanted {
            let found = said(self);
            assert!(Instant::now() < until, "{found:?}, not {wanted:?}");
            self.keep();
        }
    }
}

/// What a person says at one phone of who may watch them is said at the other; what both say while the server is away
/// holds right by right, also after a restart; and once nothing changes nothing is put, although each has a template of
/// its own.
#[test]
fn m_100_what_is_said_of_watchers_is_the_same_at_each_phone() {
    let server = server(Play::Well, "");
    let mut one = Phone::with(&server, main_with(&["1"]), None, SOON);
    let mut two = Phone::with(&server, main_with(&["1"]), None, SOON);
    let template = Right::read("presence allow domain b.test").unwrap();
    two.watching.template.push(template);
    one.allows(&["presence allow user 2"]);
    two.allows(&["presence refuse user 3"]);
    one.wait_says(&["presence allow user 2", "presence refuse user 3"]);
    two.wait_says(&["presence allow user 2", "presence refuse user 3"]);
    let agreed = "\"rights\":[\"presence";
    wait_until(|| {
        one.keep();
        two.keep();
        one.ledger.iter().any(|ledger| ledger.contains(agreed))
    });
    open(&server).play = Play::Away;
    one.wait_failure();
    one.allows(&["presence refuse user 3"]);
    two.allows(&[
        "presence allow user 2",
        "presence refuse user 3",
        "dialog allow user 4",
    ]);
    one.keep();
    let (profiles, ledger) = (one.profiles.clone(), one.ledger.clone());
    drop(one);
    open(&server).play = Play::Well;
    let mut one = Phone::with(&server, profiles, ledger, SOON);
    one.allows(&["presence refuse user 3"]);
    one.wait_says(&["dialog allow user 4", "presence refuse user 3"]);
    two.wait_says(&["dialog allow user 4", "presence refuse user 3"]);
    let wait_quiet = |one: &mut Phone, two: &mut Phone| {
        let puts = open(&server).puts;
        let gets = open(&server).gets;
        while open(&server).gets < gets + 20 {
            one.keep();
            two.keep();
        }
        open(&server).puts == puts
    };
    wait_until(|| wait_quiet(&mut one, &mut two));
    let rules = open(&server).rights.clone();
    assert!(!rules.contains("sip:2@pbx.test"), "{rules}");
}

/// M-101: groups come from the server, go from there, are told again to who forgot them, and decide what the server
/// is told of who may.
#[test]
fn m_101_the_groups_of_a_site_come_from_its_server() {
    let server = server(Play::Well, "");
    let group = |member: &str| {
        format!(
            "<resource-lists xmlns=\"urn:ietf:params:xml:ns:resource-lists\"><list name=\"sales\">\
             <entry uri=\"sip:101@pbx.test\"/><entry uri=\"sip:{member}@pbx.test\"/></list></resource-lists>"
        )
    };
    open(&server).groups = group("20");
    let mut phone = Phone::with(&server, main_with(&["1"]), None, SOON);
    phone.allows(&[]);
    let wait_may = |phone: &mut Phone, wanted: &str| {
        wait_until(|| {
            phone.keep();
            let rights = open(&server).rights.clone();
            rights.matches("<one ").count() == usize::from(!wanted.is_empty()) * 2
                && rights.contains(wanted)
        });
    };
    wait_may(&mut phone, "<one id=\"sip:20@pbx.test\"/>");
    // The account is set up anew: its settings know no groups.
    phone.watching.site = Site::Unknown;
    phone.allows(&[]);
    wait_until(|| {
        phone.keep();
        phone.watching.all_groups().count() == 1
    });
    // Nobody hears it: it is told again.
    phone.is_deaf = true;
    open(&server).groups = group("21");
    wait_may(&mut phone, "<one id=\"sip:21@pbx.test\"/>");
    phone.is_deaf = false;
    let is_21 = |phone: &Phone| {
        let mut members = phone.watching.all_groups().flat_map(|group| &group.members);
        members.any(|member| member.address == "21@pbx.test")
    };
    assert!(!is_21(&phone));
    wait_until(|| {
        phone.keep();
        is_21(&phone)
    });
    // What cannot be read changes nothing and is told, and so is what is not there any more.
    open(&server).groups = "<lists/>".to_owned();
    let failure = phone.wait_failure();
    assert!(failure.detail.contains("begins with 'lists'"), "{failure}");
    open(&server).groups.clear();
    let failure = phone.wait_failure();
    assert!(
        failure.detail.contains("has no groups any more"),
        "{failure}"
    );
    assert!(open(&server).rights.contains("sip:21@pbx.test"));
    open(&server).groups =
        "<resource-lists xmlns=\"urn:ietf:params:xml:ns:resource-lists\"/>".to_owned();
    wait_may(&mut phone, "");
}

/// Who is refused by a group of the server stays refused while the server does not say who is in it, also after a
/// restart; and who never knew its groups tells the server nothing.
#[test]
fn m_100_who_is_refused_by_a_group_stays_so_while_it_cannot_be_asked_for() {
    let server = server(Play::Well, "");
    let entry = "<entry uri=\"sip:20@pbx.test\"/>";
    open(&server).groups = format!(
        "<resource-lists xmlns=\"urn:ietf:params:xml:ns:resource-lists\"><list name=\"Sales  team\">{entry}</list></resource-lists>"
    );
    let said = [
        "presence allow domain pbx.test",
        "presence refuse group Sales team",
    ];
    let mut phone = Phone::with(&server, main_with(&["1"]), None, SOON);
    phone.allows(&said);
    let refused = "<one id=\"sip:20@pbx.test\"/>";
    let is_kept = |ledger: &Option<String>| {
        let ledger = ledger.as_deref().unwrap_or_default();
        ledger.contains("sip:20@pbx.test")
    };
    wait_until(|| {
        phone.keep();
        open(&server).rights.contains(refused) && is_kept(&phone.ledger)
    });
    let (profiles, ledger) = (phone.profiles.clone(), phone.ledger.clone());
    drop(phone);
    open(&server).play = Play::Refuses(Place::Groups);
    let mut phone = Phone::with(&server, profiles.clone(), ledger, SOON);
    let more = [said[0], said[1], "presence allow user 3@other.test"];
    phone.allows(&more);
    wait_until(|| {
        phone.keep();
        let rights = open(&server).rights.clone();
        assert!(rights.contains(refused), "{rights}");
        rights.contains("3@other.test")
    });
    assert_eq!(
        phone.watching.all_groups().count(),
        1,
        "the engine judges by it too"
    );
    drop(phone);
    // A phone of the same person that never knew who is in it, and says something of its own.
    let mut phone = Phone::with(&server, profiles, None, SOON);
    phone.allows(&["presence refuse user 40"]);
    wait_until(|| {
        phone.keep();
        let rights = open(&server).rights.clone();
        assert!(rights.contains(refused), "{rights}");
        rights.contains("<one id=\"sip:40@pbx.test\"/>")
    });
    assert_eq!(phone.watching.site, Site::Unknown);
    assert_eq!(phone.watching.elsewhere, Elsewhere::Somehow);
}

/// What is not said since nobody remembers it is not taken back; what a server takes away of a document neither.
#[test]
fn m_100_who_forgot_takes_nothing_back() {
    let server = server(Play::Well, "");
    let mut phone = Phone::with(&server, main_with(&["1"]), None, SOON);
    phone.allows(&["presence refuse user 20"]);
    let agreed = "\"rights\":[\"presence";
    wait_until(|| {
        phone.keep();
        phone.ledger.iter().any(|ledger| ledger.contains(agreed))
    });
    let (profiles, ledger) = (phone.profiles.clone(), phone.ledger.clone());
    drop(phone);
    let mut phone = Phone::with(&server, profiles, ledger, SOON);
    phone.remembered = false;
    phone.allows(&[]);
    phone.wait_says(&["presence refuse user 20"]);
    // A portal that keeps no elements of others.
    let line = "<offhook:said>presence refuse user 20@pbx.test</offhook:said>";
    let taken = open(&server).rights.replace(line, "");
    let taken = taken.replace("<offhook:said>presence refuse user 20</offhook:said>", "");
    open(&server).rights = taken;
    open(&server).version += 1;
    wait_until(|| {
        phone.keep();
        open(&server).rights.contains("presence refuse user 20")
    });
    phone.wait_says(&["presence refuse user 20"]);
}

/// What a person says right after a word of the server holds, although nobody here heard them agree to that word.
#[test]
fn m_100_what_is_said_right_after_a_word_of_the_server_holds() {
    let server = server(Play::Well, "");
    let mut one = Phone::with(&server, main_with(&["1"]), None, SOON);
    let mut two = Phone::with(&server, main_with(&["1"]), None, SOON);
    one.allows(&["presence refuse user 20"]);
    two.allows(&[]);
    two.wait_says(&["presence refuse user 20"]);
    two.allows(&["presence allow user 20"]);
    let until = Instant::now() + WAIT;
    let number = loop {
        assert!(Instant::now() < until);
        if let Ok(Told::Rights { number, after, .. }) = one.told.recv_timeout(SOON)
            && after == [Right::read("presence allow user 20").unwrap()]
        {
            break number;
        }
        two.keep();
    };
    // Adopted and taken back in one word.
    one.adopted.0 = number;
    one.allows(&["presence refuse user 20"]);
    two.wait_says(&["presence refuse user 20"]);
    one.wait_says(&["presence refuse user 20"]);
}

/// An account that is gone has its server left alone, also where its name is registered again, until it is back.
#[test]
fn m_023_the_server_of_an_account_that_is_gone_is_left_alone() {
    let server = server(Play::Well, "");
    let mut phone = Phone::with(&server, main_with(&["1"]), None, SOON);
    phone.allows(&["presence allow user 2"]);
    wait_until(|| {
        phone.keep();
        open(&server).rights.contains("user 2")
    });
    phone.places.gone(&whose());
    std::thread::sleep(SOON * 5);
    phone.places.registered("main");
    let gets = open(&server).gets;
    std::thread::sleep(SOON * 5);
    assert_eq!(open(&server).gets, gets);
    phone.allows(&["presence allow user 3"]);
    wait_until(|| {
        phone.keep();
        open(&server).rights.contains("user 3")
    });
}

/// An account of the same name that is somebody else's has a word in neither.
#[test]
fn m_023_rights_of_somebody_else_under_the_same_name_go_nowhere() {
    let server = server(Play::Well, "");
    let mut phone = Phone::with(&server, main_with(&["1"]), None, SOON);
    phone.allows(&["presence allow user 2"]);
    wait_until(|| {
        phone.keep();
        open(&server).rights.contains("user 2")
    });
    let other = Whose {
        owner: "102 sip:102@pbx.test".into(),
        ..whose()
    };
    let theirs = Watching {
        person: vec![Right::read("presence allow anybody").unwrap()],
        ..Watching::default()
    };
    phone.places.watching(&other, &theirs, Mark::default());
    let forwarding = Forwarding {
        always: Some("900".into()),
        ..Forwarding::default()
    };
    phone.places.forwards(&other, &forwarding, Mark::default());
    let gets = open(&server).gets;
    wait_until(|| {
        phone.keep();
        open(&server).gets > gets + 8
    });
    let server = open(&server);
    assert!(!server.rights.contains("anybody"), "{}", server.rights);
    assert!(!server.diversion.contains("900"), "{}", server.diversion);
}

/// Two phones that say more than there may be keep every refusal, and their person is told.
#[test]
fn m_100_of_too_many_rights_those_that_refuse_stay() {
    let server = server(Play::Well, "");
    let lines = |what: &str, from: usize, to: usize| -> Vec<String> {
        (from..to)
            .map(|n| format!("presence {what} user {n}"))
            .collect()
    };
    let mut one = Phone::with(&server, main_with(&["1"]), None, SOON);
    let ours = lines("allow", 0, RIGHTS);
    one.allows(&ours.iter().map(String::as_str).collect::<Vec<_>>());
    wait_until(|| {
        one.keep();
        open(&server).rights.contains("user 255<")
    });
    let mut two = Phone::with(&server, main_with(&["1"]), None, SOON);
    let theirs = lines("refuse", 1_000, 1_010);
    two.allows(&theirs.iter().map(String::as_str).collect::<Vec<_>>());
    let failure = two.wait_failure();
    assert!(
        failure
            .detail
            .contains("more than 256 rights together: 10 that allow"),
        "{failure}"
    );
    wait_until(|| {
        one.keep();
        let refused = one.watching.person.iter().filter(|right| !right.allowed);
        refused.count() == 10 && one.watching.person.len() == RIGHTS
    });
}
