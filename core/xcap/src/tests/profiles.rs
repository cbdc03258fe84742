//! Profiles of phones at one server.

use super::*;

#[test]
fn m_112_what_changes_at_one_phone_is_at_the_other_after_one_refresh() {
    let server = server(Play::Well, "");
    let mut one = Phone::start(&server, main_with(&[]), None);
    let mut two = Phone::start(&server, main_with(&[]), None);
    one.says(&main_with(&["1", "2"]));
    two.wait_shows(&["main: 1 2"]);
    one.keep();
    two.says(&main_with(&["2"]));
    one.wait_shows(&["main: 2"]);
    two.keep();
    let puts = open(&server).puts;
    let gets = open(&server).gets;
    wait_until(|| open(&server).gets > gets + 5);
    assert_eq!(open(&server).puts, puts, "nothing changed: nothing is put");
}

#[test]
fn m_112_what_was_changed_while_the_server_was_away_goes_there_after_a_restart() {
    let server = server(Play::Well, "");
    let mut phone = Phone::start(&server, main_with(&["1", "2"]), None);
    wait_until(|| open(&server).document.contains("sip:2@pbx.test"));
    phone.keep();
    open(&server).play = Play::Away;
    phone.wait_failure();
    phone.says(&main_with(&["2", "3"]));
    phone.keep();
    let (profiles, ledger) = (phone.profiles.clone(), phone.ledger.clone());
    drop(phone);
    open(&server).play = Play::Well;
    let mut phone = Phone::start(&server, profiles, ledger);
    wait_until(|| open(&server).document.contains("sip:3@pbx.test"));
    assert!(!open(&server).document.contains("sip:1@pbx.test"));
    phone.wait_shows(&["main: 2 3"]);
}

/// One that failed is left alone for an hour here.
#[test]
fn m_002_who_registers_has_a_server_asked_that_failed_just_before() {
    let server = server(Play::Away, "");
    let hour = Duration::from_secs(3600);
    let mut phone = Phone::with(&server, main_with(&["1"]), None, hour);
    phone.wait_failure();
    open(&server).play = Play::Well;
    phone.places.registered("main");
    wait_until(|| open(&server).document.contains("sip:1@pbx.test"));
}

/// Who is faster is met again: both changes stand.
#[test]
fn m_112_a_version_that_another_put_between_is_joined() {
    let between = "<resource-lists xmlns=\"urn:ietf:params:xml:ns:resource-lists\"><list name=\"main\">\
                   <entry uri=\"sip:9@pbx.test\"/></list></resource-lists>";
    let server = server(Play::Beside(2, between), "");
    let mut phone = Phone::start(&server, main_with(&["1"]), None);
    phone.wait_shows(&["main: 9 1"]);
    assert!(open(&server).document.contains("sip:9@pbx.test"));
    // One that never lets us is told after a bounded number of tries.
    open(&server).play = Play::Beside(u32::MAX, between);
    phone.says(&main_with(&["9", "1", "2"]));
    let puts = open(&server).puts;
    let failure = phone.wait_failure();
    assert!(failure.detail.contains("another version"), "{failure}");
    assert!(
        open(&server).puts - puts <= 10,
        "it is left alone for a while"
    );
}

/// Whatever a server sends, it costs nothing here, nothing is put, and it is told with cause and fix.
#[test]
fn m_112_hostile_answers_lose_nothing_and_are_told() {
    let long = document(&"<entry uri=\"sip:1@pbx.test\"/>".repeat(200_000));
    assert!(long.len() > 5 << 20);
    let bomb = "<!DOCTYPE l [<!ENTITY a \"aaaa\"><!ENTITY b \"&a;&a;&a;&a;\">]><l>&b;</l>";
    let cases = [
        (200, bomb.as_bytes().to_vec(), "document type"),
        (200, long.into_bytes(), "longer than"),
        (
            200,
            b"<simservs xmlns=\"urn:x\"/>".to_vec(),
            "begins with 'simservs'",
        ),
        (200, b"<resource-lists".to_vec(), "no well-formed XML"),
        (200, b"\xff\xfe".to_vec(), "no text in UTF-8"),
        (200, Vec::new(), "no well-formed XML"),
        (500, b"oops".to_vec(), "says 500: 'oops'"),
        (403, Vec::new(), "says 403"),
        (409, b"<xcap-error/>".to_vec(), "says 409: '<xcap-error/>'"),
        (304, Vec::new(), "says 304"),
    ];
    // Each waits until the server is tried again.
    std::thread::scope(|all| {
        for (status, body, why) in cases {
            all.spawn(move || loses_nothing(status, body, why));
        }
    });
}

fn loses_nothing(status: u16, body: Vec<u8>, why: &str) {
    let server = server(Play::Says(status, body), "");
    let mut phone = Phone::start(&server, main_with(&["1"]), None);
    let failure = phone.wait_failure();
    assert_eq!(failure.code, Code::XCAP_FAILED);
    assert!(failure.detail.contains(why), "{failure}");
    assert!(!failure.fix.is_empty());
    assert_eq!(open(&server).puts, 0, "{why}");
    phone.keep();
    assert_eq!(shows(&phone.profiles), ["main: 1"]);
    open(&server).play = Play::Well;
    wait_until(|| open(&server).document.contains("sip:1@pbx.test"));
}

/// What a person changes while the server's answer is on its way is theirs.
#[test]
fn m_112_what_is_said_meanwhile_is_not_lost() {
    let server = server(Play::Well, &document("<entry uri=\"sip:5@pbx.test\"/>"));
    let mut phone = Phone::start(&server, main_with(&["1"]), None);
    wait_until(|| open(&server).document.contains("sip:1@pbx.test"));
    // The store has not taken the server's word yet: the person adds one to what they see.
    phone.says(&main_with(&["1", "2"]));
    phone.wait_shows(&["main: 5 1 2"]);
    wait_until(|| open(&server).document.contains("sip:2@pbx.test"));
    phone.says(&main_with(&["1", "2"]));
    wait_until(|| {
        !open(&server)
            .document
            .contains("<entry uri=\"sip:5@pbx.test\"")
    });
}

#[test]
fn a_ledger_that_cannot_be_read_costs_no_favourite() {
    let server = server(Play::Well, &document("<entry uri=\"sip:5@pbx.test\"/>"));
    let mut phone = Phone::start(&server, main_with(&["1"]), Some("{}".to_owned()));
    phone.wait_shows(&["main: 5 1"]);
}

/// What the server had was offered and not taken, because somebody changed something: later they say the same by
/// themselves, and what they took back by that stays away.
#[test]
fn m_112_what_is_said_as_it_was_offered_is_said() {
    let server = server(Play::Well, &document("<entry uri=\"sip:5@pbx.test\"/>"));
    let mut phone = Phone::start(&server, main_with(&["1"]), None);
    wait_until(|| open(&server).document.contains("sip:1@pbx.test"));
    open(&server).play = Play::Away;
    phone.says(&main_with(&["1", "2"]));
    phone.wait_failure();
    assert_eq!(shows(&phone.profiles), ["main: 1 2"], "it was not taken");
    phone.says(&main_with(&["5", "1"]));
    phone.keep();
    open(&server).play = Play::Well;
    wait_until(|| {
        phone.keep();
        open(&server).document.contains("number=\"2\"")
    });
    assert!(!open(&server).document.contains("sip:2@pbx.test"));
    assert_eq!(shows(&phone.profiles), ["main: 5 1"]);
}

#[test]
fn m_112_what_nobody_could_read_again_is_not_put() {
    let many: String = (0..19_997)
        .map(|n| format!("<entry uri=\"sip:{n}@a\"/>"))
        .collect();
    let server = server(Play::Well, &document(&many));
    let mut phone = Phone::start(&server, main_with(&["x", "y"]), None);
    let failure = phone.wait_failure();
    assert!(failure.detail.contains("more elements"), "{failure}");
    assert!(failure.fix.contains("take out"), "{failure}");
    assert_eq!(open(&server).puts, 0);
    phone.keep();
    assert_eq!(shows(&phone.profiles), ["main: x y"]);
}

/// The server's word is taken and the person takes it back, before its thread hears of either: what they took back stays
/// away.
#[test]
fn m_112_what_was_taken_and_taken_back_at_once_is_taken_back() {
    let server = server(Play::Well, &document("<entry uri=\"sip:5@pbx.test\"/>"));
    let mut phone = Phone::start(&server, main_with(&["1"]), None);
    let shared = loop {
        let told = phone.told.recv_timeout(WAIT).unwrap();
        let Told::Share(shared) = told else {
            assert!(matches!(told, Told::Groups { .. }), "{told:?}");
            continue;
        };
        if shared.profiles != shared.before {
            break shared;
        }
        phone.stands();
    };
    assert_eq!(shows(&shared.profiles), ["main: 5 1"]);
    phone.ledger = Some(shared.ledger);
    phone.says(&main_with(&["1"]));
    wait_until(|| {
        phone.keep();
        !open(&server)
            .document
            .contains("<entry uri=\"sip:5@pbx.test\"")
    });
    phone.wait_shows(&["main: 1"]);
}
