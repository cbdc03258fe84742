//! Where calls are sent, at phones and their server.

use super::*;

fn to(always: Option<&str>, busy: Option<&str>) -> Forwarding {
    Forwarding {
        always: always.map(str::to_owned),
        busy: busy.map(str::to_owned),
        ..Forwarding::default()
    }
}

/// What the server's portal says from now on.
fn portal(server: &Shared, forwarding: &Forwarding) {
    let mut server = open(server);
    let mut document = match server.diversion.as_str() {
        "" => Diversion::new("pbx.test"),
        text => Diversion::read(text.as_bytes(), "pbx.test").unwrap(),
    };
    document.write(forwarding);
    server.diversion = document.text();
    server.version += 1;
}

fn at_server(server: &Shared) -> Forwarding {
    let text = open(server).diversion.clone();
    let document = Diversion::read(text.as_bytes(), "pbx.test");
    document.map_or_else(|_| Forwarding::default(), |document| document.forwarding())
}

#[test]
fn m_134_what_is_said_here_goes_there_and_what_changes_there_holds_here() {
    let server = server(Play::Well, "");
    let mut phone = Phone::start(&server, main_with(&["1"]), None);
    phone.forwards(&to(Some("600"), None));
    wait_until(|| at_server(&server) == to(Some("600"), None));
    phone.keep();
    portal(&server, &to(None, Some("700")));
    phone.wait_forwards(&to(None, Some("700")));
    phone.forwards(&Forwarding::default());
    wait_until(|| at_server(&server).is_off());
    phone.keep();
    let puts = open(&server).puts;
    let gets = open(&server).gets;
    wait_until(|| open(&server).gets > gets + 5);
    assert_eq!(open(&server).puts, puts, "nothing changed: nothing is put");
}

/// While the server is away both sides change something, and the phone is started anew: rule by rule the phone's own
/// change holds, everything else is the server's.
#[test]
fn m_134_after_a_time_apart_the_phones_own_changes_hold() {
    let server = server(Play::Well, "");
    let mut phone = Phone::start(&server, main_with(&["1"]), None);
    phone.forwards(&to(Some("600"), Some("601")));
    wait_until(|| at_server(&server) == to(Some("600"), Some("601")));
    wait_until(|| {
        phone.keep();
        let kept = phone.ledger.clone().unwrap_or_default();
        kept.contains("\"always\":\"600\"")
    });
    open(&server).play = Play::Away;
    phone.wait_failure();
    phone.forwards(&to(None, Some("601")));
    portal(&server, &to(Some("610"), Some("611")));
    phone.keep();
    let (profiles, ledger) = (phone.profiles.clone(), phone.ledger.clone());
    drop(phone);
    open(&server).play = Play::Well;
    let mut phone = Phone::start(&server, profiles, ledger);
    phone.forwards(&to(None, Some("601")));
    phone.wait_forwards(&to(None, Some("611")));
    wait_until(|| at_server(&server) == to(None, Some("611")));
}

#[test]
fn m_134_who_never_agreed_takes_the_servers_word() {
    let server = server(Play::Well, "");
    portal(&server, &to(Some("600"), None));
    let mut phone = Phone::start(&server, main_with(&["1"]), None);
    phone.forwards(&to(None, Some("1")));
    phone.wait_forwards(&to(Some("600"), None));
}

/// What both sides came to on a first meeting is kept whole: who switches something off while the server is away has it
/// off after a restart.
#[test]
fn m_112_m_134_a_first_meeting_keeps_profiles_and_forwarding() {
    let server = server(Play::Well, &document("<entry uri=\"sip:5@pbx.test\"/>"));
    portal(&server, &to(Some("600"), None));
    let mut phone = Phone::start(&server, main_with(&["1"]), None);
    phone.forwards(&Forwarding::default());
    phone.wait_shows(&["main: 5 1"]);
    phone.wait_forwards(&to(Some("600"), None));
    let agreed = "\"always\":\"600\"";
    wait_until(|| {
        phone.keep();
        phone.ledger.iter().any(|ledger| ledger.contains(agreed))
    });
    open(&server).play = Play::Away;
    phone.wait_failure();
    phone.forwards(&Forwarding::default());
    phone.keep();
    let (profiles, ledger) = (phone.profiles.clone(), phone.ledger.clone());
    drop(phone);
    open(&server).play = Play::Well;
    let mut phone = Phone::start(&server, profiles, ledger);
    phone.forwards(&Forwarding::default());
    wait_until(|| at_server(&server).is_off());
    phone.keep();
    assert!(phone.forwarding.is_off());
}

/// A server that keeps one of both documents keeps that one.
#[test]
fn m_112_m_134_who_refuses_profiles_has_forwarding_all_the_same() {
    let server = server(Play::Refuses(Place::Profiles), "");
    let mut phone = Phone::with(&server, main_with(&["1"]), None, SOON);
    let failure = phone.wait_failure();
    assert!(failure.detail.contains("says 403"), "{failure}");
    phone.forwards(&to(Some("600"), None));
    wait_until(|| at_server(&server) == to(Some("600"), None));
    phone.keep();
    portal(&server, &to(None, Some("700")));
    phone.wait_forwards(&to(None, Some("700")));
    assert_eq!(open(&server).document, "");
    open(&server).play = Play::Well;
    wait_until(|| open(&server).document.contains("sip:1@pbx.test"));
}
