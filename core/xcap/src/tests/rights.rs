//! Who may watch, at phones of one person and their server.

use super::*;

impl Phone {
    /// Says this of who may watch, in the place of all before.
    fn allows(&mut self, lines: &[&str]) {
        let rights = lines.iter().map(|line| Right::read(line).unwrap());
        self.watching.person = rights.collect();
        self.places.watching("main", &self.watching);
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
    phone.watching.groups.clear();
    phone.allows(&[]);
    wait_until(|| {
        phone.keep();
        !phone.watching.groups.is_empty()
    });
    open(&server).groups = group("21");
    wait_may(&mut phone, "<one id=\"sip:21@pbx.test\"/>");
    // What cannot be read changes nothing and is told; what is not there is no group.
    open(&server).groups = "<lists/>".to_owned();
    let failure = phone.wait_failure();
    assert!(failure.detail.contains("begins with 'lists'"), "{failure}");
    assert!(open(&server).rights.contains("sip:21@pbx.test"));
    open(&server).groups.clear();
    wait_may(&mut phone, "");
}
