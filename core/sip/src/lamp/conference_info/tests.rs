use super::*;

/// In the shape of RFC 4575 §7.
fn full(version: u32) -> String {
    format!(
        r#"<?xml version="1.0" encoding="UTF-8"?>
        <ci:conference-info xmlns:ci="urn:ietf:params:xml:ns:conference-info"
            entity="sips:conf233@example.com" state="full" version="{version}">
          <ci:conference-description><ci:subject>Agenda</ci:subject></ci:conference-description>
          <ci:users>
            <ci:user entity="sip:bob@example.com" state="full">
              <ci:display-text>Bob Hoskins</ci:display-text>
              <ci:endpoint entity="sip:bob@pc33.example.com"><ci:status>connected</ci:status></ci:endpoint>
            </ci:user>
            <ci:user entity="sip:alice@example.com">
              <ci:display-text>Alice &amp; Co</ci:display-text>
              <ci:endpoint entity="sip:4kfk4j392jsu@example.com;grid=433kj4j3u">
                <ci:status>on-hold</ci:status></ci:endpoint>
            </ci:user>
          </ci:users>
        </ci:conference-info>"#
    )
}

fn partial(version: u32, users: &str) -> String {
    format!(
        r#"<conference-info xmlns="urn:ietf:params:xml:ns:conference-info" entity="sip:c@x" state="partial"
            version="{version}">{users}</conference-info>"#
    )
}

/// Everybody as `user name status`.
fn shown(roster: &Roster) -> Option<String> {
    let line = |user: &User| {
        let user_part = user.uri.trim_start_matches("sip:").split('@').next();
        let name = user.display.as_deref().unwrap_or("-");
        format!(
            "{} {name} {:?}",
            user_part.unwrap_or_default(),
            user.status()
        )
    };
    let all: Vec<String> = roster.list()?.map(line).collect();
    Some(all.join(", "))
}

fn take(roster: &mut Roster, document: &str) -> Result<(), Missing> {
    roster.take(document.as_bytes(), false).unwrap()
}

#[test]
fn m_071_full_states_and_changes_of_a_conference_are_merged() {
    let mut roster = Roster::default();
    assert_eq!(shown(&roster), None);
    assert_eq!(take(&mut roster, &full(7)), Ok(()));
    let before = "bob Bob Hoskins Connected, alice Alice & Co Held";
    assert_eq!(shown(&roster).as_deref(), Some(before));
    // One rings, one changes, one leaves: each named alone.
    let rings = r#"<users state="partial"><user entity="sip:carol@x" state="full"><endpoint
        entity="sip:c"><status>alerting</status></endpoint></user></users>"#;
    assert_eq!(take(&mut roster, &partial(8, rings)), Ok(()));
    let changes = r#"<users state="partial">
        <user entity="sip:carol@x" state="partial"><display-text>Carol</display-text>
          <endpoint entity="sip:c" state="partial"><status>connected</status></endpoint></user>
        <user entity="sip:bob@example.com" state="deleted"/></users>"#;
    assert_eq!(take(&mut roster, &partial(9, changes)), Ok(()));
    let after = "alice Alice & Co Held, carol Carol Connected";
    assert_eq!(shown(&roster).as_deref(), Some(after));
    // Whoever is said to be disconnected is not there, though the notifier still names them.
    let gone = r#"<users state="partial"><user entity="sip:alice@example.com" state="partial">
        <endpoint entity="sip:4kfk4j392jsu@example.com;grid=433kj4j3u" state="partial">
        <status>disconnected</status></endpoint></user></users>"#;
    assert_eq!(take(&mut roster, &partial(10, gone)), Ok(()));
    assert_eq!(shown(&roster).as_deref(), Some("carol Carol Connected"));
    // A change that says nothing of people changes none; whole users in a change stand for all.
    assert_eq!(take(&mut roster, &partial(11, "")), Ok(()));
    assert_eq!(shown(&roster).as_deref(), Some("carol Carol Connected"));
    let all = r#"<users state="full"><user entity="sip:dan@x"/></users>"#;
    assert_eq!(take(&mut roster, &partial(12, all)), Ok(()));
    assert_eq!(shown(&roster).as_deref(), Some("dan - Connected"));
}

#[test]
fn m_071_a_hole_in_the_versions_asks_for_the_full_state() {
    let mut roster = Roster::default();
    assert_eq!(take(&mut roster, &partial(1, "")), Err(Missing));
    assert_eq!(take(&mut roster, &full(4)), Ok(()));
    assert_eq!(take(&mut roster, &partial(6, "")), Err(Missing));
    assert_eq!(shown(&roster), None);
    // Until the full state is there nothing is merged, even if it would fit.
    assert_eq!(take(&mut roster, &partial(7, "")), Err(Missing));
    assert_eq!(take(&mut roster, &full(7)), Ok(()));
    // One that came before counts no more than one that is missing.
    assert_eq!(take(&mut roster, &partial(7, "")), Err(Missing));
    // A notifier that does not count is believed while no NOTIFY is missing.
    assert_eq!(take(&mut roster, &full(0)), Ok(()));
    assert_eq!(take(&mut roster, &partial(0, "")), Ok(()));
    let late = partial(0, "");
    assert_eq!(roster.take(late.as_bytes(), true), Ok(Err(Missing)));
}

#[test]
fn m_071_the_end_of_a_conference_and_what_cannot_be_read() {
    let mut roster = Roster::default();
    assert_eq!(take(&mut roster, &full(1)), Ok(()));
    let over = r#"<conference-info entity="sip:c@x" state="deleted" version="2"/>"#;
    assert_eq!(take(&mut roster, over), Ok(()));
    assert!(roster.is_over() && roster.list().is_none());
    let half = roster.take(b"<conference-info state='half' version='1'/>", false);
    assert_eq!(half, Err(Bad::Malformed("state")));
    let uncounted = roster.take(b"<conference-info state='partial'/>", false);
    assert_eq!(uncounted, Err(Bad::Malformed("version")));
    let user = |n: usize| format!("<user entity='sip:{n}@x'/>");
    let crowd: String = (0..=MAX_USERS).map(user).collect();
    let crowd = format!("<conference-info version='1'><users>{crowd}</users></conference-info>");
    let crowd = roster.take(crowd.as_bytes(), false);
    assert_eq!(crowd, Err(Bad::TooMuch("users")));
    assert!(roster.list().is_none());
}
