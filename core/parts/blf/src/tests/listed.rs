//! Lamps that one list at the server feeds, and what becomes of them without it (M-098, RFC 4662).

use super::*;

const RELATED: &str = "multipart/related;type=\"application/rlmi+xml\";boundary=b";
const PIDF: &str = "application/pidf+xml";

fn with_list(lamps: &[&str]) -> Account {
    let mut account = account(lamps, true);
    account.watches.event = ports::blf::Watched::Presence;
    account.watches.list = Some(String::from("people"));
    account
}

/// A document about some, each with what they do; `None`: nothing is known of them.
fn about(version: u32, full: bool, all: &[(&str, Option<&str>)]) -> String {
    let mut rlmi = String::new();
    let mut parts = String::new();
    for (user, says) in all {
        let instance = says.map_or(String::new(), |_| {
            format!("<instance id='1' state='active' cid='{user}'/>")
        });
        rlmi += &format!("<resource uri='sip:{user}@pbx.test'>{instance}</resource>");
        if let Some(says) = says {
            parts += &format!(
                "--b\r\nContent-ID: <{user}>\r\nContent-Type: {PIDF}\r\n\r\n{}\r\n",
                pidf(says)
            );
        }
    }
    format!(
        "--b\r\nContent-Type: application/rlmi+xml\r\n\r\n<list uri='sip:people@pbx.test' \
         version='{version}' fullState='{full}'>{rlmi}</list>\r\n{parts}--b--\r\n"
    )
}

fn pidf(activity: &str) -> String {
    format!(
        "<presence><tuple id='1'><status><basic>open</basic></status></tuple>\
         <person><activities><{activity}/></activities><note>{activity} now</note></person></presence>"
    )
}

/// The lamps as they stand: name, state, and by whom it is told.
fn board(bench: &Bench) -> Vec<String> {
    let mut lamps: BTreeMap<String, String> = BTreeMap::new();
    for (lamp, removed) in &bench.lamps {
        let by = if lamp.listed { " listed" } else { "" };
        let presence = lamp.presence.map(|of| format!(" {}", of.word()));
        let why = lamp.why.as_ref().map(|why| format!(" {}", why.code));
        let line = format!(
            "{} {:?}{}{}{by}",
            lamp.label,
            lamp.state,
            presence.unwrap_or_default(),
            why.unwrap_or_default()
        );
        match removed {
            true => lamps.remove(&lamp.target),
            false => lamps.insert(lamp.target.clone(), line),
        };
    }
    lamps.into_values().collect()
}

fn subscribed(bench: &Bench) -> Vec<String> {
    let all = bench.sent.iter();
    all.map(|(_, request)| {
        let expires = request.headers().text(HeaderName::Expires);
        format!("{} {}", request.uri_text(), expires.unwrap_or_default())
    })
    .collect()
}

/// A list that the server offers: of 102 and 103.
fn offered() -> Bench {
    let mut bench = Bench::new(with_list(&["102", "104"]));
    bench.up();
    assert_eq!(subscribed(&bench), ["sip:people@pbx.test 300"]);
    assert_eq!(text(&bench, 0, HeaderName::Supported), "eventlist");
    let accept = format!("{PIDF}, application/rlmi+xml, multipart/related");
    assert_eq!(text(&bench, 0, HeaderName::Accept), accept);
    bench.respond(0, 200);
    let all = about(0, true, &[("102", Some("away")), ("103", None)]);
    bench.notify(0, RELATED, &all);
    bench.wait(1_000);
    bench
}

#[test]
fn m_098_one_subscription_tells_of_a_list_and_who_is_not_in_it_has_their_own() {
    let mut bench = offered();
    let expected = ["sip:people@pbx.test 300", "sip:104@pbx.test 300"];
    assert_eq!(subscribed(&bench), expected);
    assert_eq!(text(&bench, 1, HeaderName::Supported), "");
    assert_eq!(
        board(&bench),
        [
            "102 Idle away listed",
            "103 Unknown OH-4032 listed",
            "104 Unknown OH-4032"
        ]
    );
    bench.notify(0, RELATED, &about(1, false, &[("103", Some("busy"))]));
    let lamp = bench.shown();
    assert_eq!((lamp.label.as_str(), lamp.state), ("103", LampState::Busy));
    assert_eq!(lamp.note.as_deref(), Some("busy now"));
    bench.respond(1, 200);
    bench.notify(1, PIDF, &pidf("on-the-phone"));
    assert_eq!(
        bench.shown().presence,
        Some(control::PresenceState::OnThePhone)
    );
    assert!(!bench.shown().listed);
}

#[test]
fn m_098_a_gap_makes_every_lamp_of_a_list_unknown_and_the_whole_is_asked_for() {
    let mut bench = offered();
    bench.wait(6_000);
    let asked = bench.sent.len();
    bench.notify(0, RELATED, &about(2, false, &[("103", Some("busy"))]));
    assert_eq!(bench.why(), Some(Code::LAMP_GAP));
    assert!(
        board(&bench)[..2]
            .iter()
            .all(|lamp| lamp.contains("Unknown"))
    );
    bench.wait(6_000);
    assert!(bench.sent.len() > asked, "nobody asks for the whole");
    let all = [("102", Some("busy")), ("103", Some("away"))];
    bench.notify(0, RELATED, &about(9, true, &all));
    let known = ["102 Busy busy listed", "103 Idle away listed"];
    assert_eq!(board(&bench)[..2], known);
}

#[test]
fn m_098_a_list_that_shrinks_takes_its_lamps_and_leaves_those_that_somebody_wishes_for() {
    let mut bench = offered();
    let asked = bench.sent.len();
    bench.notify(0, RELATED, &about(1, true, &[]));
    bench.wait(1_000);
    assert_eq!(
        board(&bench),
        ["102 Unknown OH-4032", "104 Unknown OH-4032"]
    );
    assert_eq!(subscribed(&bench)[asked..], ["sip:102@pbx.test 300"]);
    bench.notify(0, RELATED, &about(2, true, &[("102", Some("away"))]));
    bench.wait(1_000);
    assert_eq!(board(&bench)[0], "102 Idle away listed");
}

/// 489 and 404; 200 and one document of nobody; and what cannot be read: all the same for who looks.
#[test]
fn m_098_without_a_list_at_the_server_each_is_asked_for() {
    let singles = |bench: &Bench| {
        let all = subscribed(bench);
        let of = |user: &str| all.contains(&format!("sip:{user}@pbx.test 300"));
        (of("102"), of("104"))
    };
    for status in [404, 420, 489] {
        let mut bench = Bench::new(with_list(&["102", "104"]));
        bench.up();
        bench.respond(0, status);
        bench.wait(1_000);
        assert_eq!(singles(&bench), (true, true), "{status}");
    }
    for (kind, body) in [(PIDF, "<presence/>"), (RELATED, "x")] {
        let mut bench = Bench::new(with_list(&["102", "104"]));
        bench.up();
        bench.respond(0, 200);
        bench.notify(0, kind, body);
        bench.wait(1_000);
        assert_eq!(singles(&bench), (true, true), "{kind}");
        let goodbye = subscribed(&bench).iter().any(|one| one.ends_with(" 0"));
        assert!(goodbye, "what is no list is not kept: {kind}");
    }
}

/// 503, silence, and a document of nobody at first: each is asked for by itself meanwhile, and no longer once the list comes.
#[test]
fn m_098_a_list_that_cannot_be_told_now_takes_over_later() {
    for first in ["503", "silence", "nobody", "pending"] {
        let mut bench = Bench::new(with_list(&["102"]));
        bench.up();
        match first {
            "503" => bench.respond(0, 503),
            "silence" => {
                bench.respond(0, 200);
                bench.wait(40_000);
            }
            "pending" => {
                bench.respond(0, 200);
                bench.notify_as(0, "pending;expires=300", RELATED, "");
            }
            _ => {
                bench.respond(0, 200);
                bench.notify(0, "", "");
            }
        }
        bench.wait(1_000);
        let all = subscribed(&bench);
        let own = all.iter().position(|one| one == "sip:102@pbx.test 300");
        let own = own.unwrap_or_else(|| panic!("{first}: {all:?}"));
        assert!(
            !all.iter().any(|one| one.ends_with(" 0")),
            "{first}: {all:?}"
        );
        bench.respond(own, 200);
        bench.notify(own, PIDF, &pidf("busy"));
        assert_eq!(board(&bench), ["102 Busy busy"], "{first}");
        let list = match first {
            "503" | "silence" => {
                bench.wait(100_000);
                let asked =
                    |(_, request): &(_, Request)| request.uri_text() == "sip:people@pbx.test";
                let last = bench.sent.iter().rposition(asked).unwrap();
                bench.respond(last, 200);
                last
            }
            _ => 0,
        };
        let news = [("102", Some("away")), ("103", Some("busy"))];
        bench.notify(list, RELATED, &about(0, true, &news));
        bench.wait(1_000);
        let known = ["102 Idle away listed", "103 Busy busy listed"];
        assert_eq!(board(&bench), known, "{first}");
        let goodbye = bench.sent.len() - 1;
        assert_eq!(text(&bench, goodbye, HeaderName::Expires), "0", "{first}");
        let whom = text(&bench, goodbye, HeaderName::To);
        assert!(whom.contains("sip:102@pbx.test"), "{first}: {whom}");
    }
}

/// Who has no password for the server does not try for each lamp.
#[test]
fn m_098_a_server_that_wants_a_password_is_not_asked_for_each() {
    let mut bench = Bench::new(with_list(&["102", "103", "104"]));
    bench.up();
    bench.challenge(0, "one");
    bench.wait(10_000);
    assert!(
        subscribed(&bench)
            .iter()
            .all(|one| one.starts_with("sip:people@"))
    );
    assert_eq!(bench.why(), Some(Code::NO_PROOF));
}

/// A list that nobody can read any more leaves no lamp dark: each is asked for by itself until the list is whole again.
#[test]
fn m_098_a_list_that_breaks_leaves_no_lamp_dark() {
    let mut bench = offered();
    bench.notify(0, RELATED, "x");
    bench.wait(6_000);
    let all = subscribed(&bench);
    for user in ["102", "103"] {
        assert!(all.contains(&format!("sip:{user}@pbx.test 300")), "{all:?}");
    }
    assert!(
        board(&bench).iter().all(|lamp| lamp.contains("Unknown")),
        "nothing old is shown"
    );
    let news = [("102", Some("away")), ("103", Some("busy"))];
    bench.notify(0, RELATED, &about(5, true, &news));
    bench.wait(1_000);
    let known = ["102 Idle away listed", "103 Busy busy listed"];
    assert_eq!(board(&bench)[..2], known);
}

/// One that is gone, and of whom nothing is known once they are there again.
#[test]
fn m_098_who_is_not_there_any_more_may_come_back_without_a_word() {
    let mut bench = offered();
    let gone = about(1, false, &[("102", None)]).replace(
        "@pbx.test'></resource>",
        "@pbx.test'><instance id='1' state='terminated' reason='noresource'/></resource>",
    );
    bench.notify(0, RELATED, &gone);
    assert!(
        board(&bench)[0].starts_with("102 Unregistered"),
        "{:?}",
        board(&bench)
    );
    let back = about(2, false, &[("102", None)]).replace(
        "@pbx.test'></resource>",
        "@pbx.test'><instance id='1' state='active'/></resource>",
    );
    bench.notify(0, RELATED, &back);
    assert_eq!(board(&bench)[0], "102 Unknown OH-4032 listed");
}

#[test]
fn m_098_a_list_is_lost_with_its_server_and_comes_back() {
    let mut bench = offered();
    bench.server(Server::Lost);
    assert!(
        board(&bench)[..2]
            .iter()
            .all(|lamp| lamp.contains("Unknown OH-4035"))
    );
    bench.up();
    let all = [("102", Some("away")), ("103", Some("busy"))];
    bench.notify(0, RELATED, &about(1, true, &all));
    let known = ["102 Idle away listed", "103 Busy busy listed"];
    assert_eq!(board(&bench)[..2], known);
}

#[test]
fn m_098_a_member_that_is_taken_off_stays_off_until_somebody_wishes_for_it() {
    let mut bench = offered();
    let account = String::from("work");
    let target = String::from("sip:103@pbx.test");
    let command = control::CommandId(1);
    bench.tell(Word::Remove {
        command,
        account: account.clone(),
        target,
    });
    bench.notify(0, RELATED, &about(1, false, &[("103", Some("busy"))]));
    assert_eq!(board(&bench).len(), 2);
    let asked = bench.sent.len();
    bench.wait(6_000);
    let lamp = wish("103");
    bench.tell(Word::Add {
        command,
        account,
        lamp,
    });
    bench.wait(6_000);
    assert_eq!(
        subscribed(&bench)[asked..].len(),
        1,
        "the list is asked anew"
    );
    let all = [("102", Some("away")), ("103", Some("busy"))];
    bench.notify(0, RELATED, &about(2, true, &all));
    assert_eq!(board(&bench)[1], "103 Busy busy listed");
}

/// Who is a favourite is wished for; and the list keeps whom nobody wishes for any more.
#[test]
fn m_098_favourites_of_a_list_are_its_lamps() {
    let mut bench = offered();
    let owner = with_list(&[]).owner();
    let asked = bench.sent.len();
    let labelled = LampWish {
        label: String::from("Carol"),
        ..wish("103")
    };
    bench.tell(Word::Kept(vec![(owner, labelled)]));
    bench.notify(0, RELATED, &about(1, false, &[("103", Some("busy"))]));
    assert_eq!(board(&bench)[1], "Carol Busy busy listed");
    bench.tell(Word::Kept(Vec::new()));
    assert_eq!(board(&bench)[1], "Carol Busy busy listed");
    assert_eq!(bench.sent.len(), asked);
    bench.notify(0, RELATED, &about(2, true, &[("102", None)]));
    assert_eq!(board(&bench).len(), 2);
}
