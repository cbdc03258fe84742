use super::*;
use crate::rule::Direction;

fn rules(lines: &[&str]) -> Rules {
    Rules::read(lines.iter().copied(), Direction::Outgoing).unwrap()
}

fn plain(lines: &[&str], number: &str) -> String {
    let made = rules(lines).rewrite(number, &Surroundings::default(), false);
    made.unwrap().number
}

/// K-105, K-106, K-128: the document's own sample.
#[test]
fn m_198_the_sample_of_the_document() {
    let sample = ["doesntStartWith +, longerThan 8 => prepend +420"];
    for (dialled, becomes) in [
        ("123456789", "+420123456789"),
        ("12345678", "12345678"),
        ("+4212345678", "+4212345678"),
    ] {
        assert_eq!(plain(&sample, dialled), becomes);
    }
    assert_eq!(plain(&["=> append #"], "500"), "500#");
}

/// K-107, K-111 to K-116: every comparison, and all of a rule have to hold.
#[test]
fn comparisons_of_the_number() {
    for (condition, number, holds) in [
        ("startsWith 00", "00420", true),
        ("startsWith 00", "0420", false),
        ("doesntStartWith +", "420", true),
        ("doesntStartWith +", "+420", false),
        ("equals 112", "112", true),
        ("equals 112", "1120", false),
        ("lengthEquals 4", "123", false),
        ("lengthEquals 4", "1234", true),
        ("lengthEquals 4", "12345", false),
        ("shorterThan 4", "123", true),
        ("shorterThan 4", "1234", false),
        ("longerThan 8", "123456789", true),
        ("longerThan 8", "12345678", false),
        ("startsWith 1, longerThan 2", "123", true),
        ("startsWith 1, longerThan 2", "12", false),
        ("startsWith 1, longerThan 2", "223", false),
        ("startsWith 1, longerThan 2", "22", false),
        ("", "anything", true),
    ] {
        let rule = format!("{condition} => append X");
        let matched = plain(&[&rule], number) != number;
        assert_eq!(matched, holds, "{condition} on {number}");
    }
}

/// K-127, C-34: what is replaced is what the first such condition found, wherever it is by then.
#[test]
fn replace_puts_a_text_in_the_place_of_what_was_found() {
    assert_eq!(
        plain(&["startsWith 00 => replace +"], "00420123"),
        "+420123"
    );
    assert_eq!(plain(&["equals 5 => replace 500"], "5"), "500");
    assert_eq!(plain(&["startsWith 00 => replace"], "00420"), "420");
    assert_eq!(
        plain(&["startsWith 0, startsWith 00 => replace +"], "00420"),
        "+0420"
    );
    assert_eq!(
        plain(&["startsWith 00 => prepend 9, replace +"], "00420"),
        "9+420"
    );
    assert_eq!(
        plain(&["startsWith 00 => replace +, replace 011"], "00420"),
        "011420"
    );
    assert_eq!(plain(&["equals é => replace e"], "é"), "e");
}

/// K-123: actions follow in their order. K-130: continue lets the next rules see the changed number.
#[test]
fn the_first_rule_ends_the_run_unless_it_continues() {
    assert_eq!(plain(&["=> prepend 1, append 2"], "x"), "1x2");
    assert_eq!(plain(&["=> prepend 1, prepend 2"], "x"), "21x");
    let with = ["startsWith 00 => replace, continue", "=> prepend 9"];
    assert_eq!(plain(&with, "00420"), "9420");
    let without = ["startsWith 00 => replace", "=> prepend 9"];
    assert_eq!(plain(&without, "00420"), "420");
    assert_eq!(plain(&without, "420"), "9420");
    let changed = ["=> prepend +, continue", "startsWith + => append !"];
    let made = rules(&changed)
        .rewrite("1", &Surroundings::default(), false)
        .unwrap();
    assert_eq!(made.number, "+1!");
    let steps: Vec<(usize, &str, &str, bool)> = made
        .steps
        .iter()
        .map(|s| (s.rule, s.before.as_str(), s.after.as_str(), s.continues))
        .collect();
    assert_eq!(steps, [(1, "1", "+1", true), (2, "+1", "+1!", false)]);
}

/// K-117, K-118: the network and its name.
#[test]
fn comparisons_of_the_network() {
    let office = || Network::Wifi(Some("Office".to_owned()));
    for (condition, network, holds) in [
        ("networkType wifi", office(), true),
        ("networkType wifi", Network::Wired, true),
        ("networkType wifi", Network::Cellular, false),
        ("networkType cellular", Network::Cellular, true),
        ("networkType cellular", Network::Wired, false),
        ("networkType any", Network::Cellular, true),
        ("networkType any", Network::Absent, false),
        ("networkType none", Network::Absent, true),
        ("networkType none", office(), false),
        ("ssid Office", office(), true),
        ("ssid Office", Network::Wifi(Some("Home".to_owned())), false),
        ("ssid Office", Network::Wifi(None), false),
        ("ssid Office", Network::Wired, false),
    ] {
        let around = Surroundings {
            network,
            contacts: Vec::new(),
        };
        let rule = format!("{condition} => append X");
        let made = rules(&[&rule]).rewrite("1", &around, false).unwrap();
        assert_eq!(made.number == "1X", holds, "{condition} in {around:?}");
    }
}

/// K-119 to K-122: where the contact is kept and what it calls the number; without a contact only the negations hold.
#[test]
fn comparisons_of_the_contact() {
    let contact = |source, label: Option<&str>| {
        let label = label.map(str::to_owned);
        let identifier = "7".to_owned();
        vec![Contact {
            source,
            identifier,
            label,
        }]
    };
    let dav = || contact(Source::Dav, Some("work"));
    let quick = || contact(Source::QuickDial, None);
    for (condition, contacts, holds) in [
        ("contactIsFromSource dav", dav(), true),
        ("contactIsFromSource dav", quick(), false),
        ("contactIsFromSource dav", Vec::new(), false),
        ("contactIsNotFromSource dav", dav(), false),
        ("contactIsNotFromSource dav", quick(), true),
        ("contactIsNotFromSource dav", Vec::new(), true),
        ("contactLabelMatches Work", dav(), true),
        ("contactLabelMatches work", quick(), false),
        ("contactLabelMatches work", Vec::new(), false),
        ("contactLabelDoesNotMatch work", dav(), false),
        ("contactLabelDoesNotMatch cell", dav(), true),
        ("contactLabelDoesNotMatch work", Vec::new(), true),
        ("contactIsFromSource dav", [quick(), dav()].concat(), true),
    ] {
        let network = Network::default();
        let around = Surroundings { network, contacts };
        let rule = format!("{condition} => append X");
        let made = rules(&[&rule]).rewrite("1", &around, false).unwrap();
        assert_eq!(made.number == "1X", holds, "{condition} of {around:?}");
    }
}

/// K-131 to K-137: what actions do beside the number; K-133 and K-134 do nothing.
#[test]
fn actions_beside_the_number() {
    let lines = ["equals 112 => recordCall, dialOut mobile, confirm, drop, \
                  overrideDialAction videoCall, setHeader \"X-A: b, c\", setHeader X-D: e"];
    let made = rules(&lines)
        .rewrite("112", &Surroundings::default(), false)
        .unwrap();
    assert_eq!((made.number.as_str(), made.record), ("112", true));
    assert_eq!(made.account.as_deref(), Some("mobile"));
    assert_eq!(made.action, Some(DialAction::VideoCall));
    let header = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    assert_eq!(made.headers, [header("X-A", "b, c"), header("X-D", "e")]);
    let through = rules(&["=> callThrough"]).rewrite("1", &Surroundings::default(), false);
    assert_eq!(through.unwrap().action, Some(DialAction::CallThrough));
    let none = rules(&["=> confirm, drop"]).rewrite("1", &Surroundings::default(), false);
    let none = none.unwrap();
    assert_eq!(
        (none.number.as_str(), none.action, none.verdict),
        ("1", None, None)
    );
}

#[test]
fn bounds_stop_the_run_and_say_where() {
    let around = Surroundings::default();
    let longest = "1".repeat(LONGEST);
    let kept = rules(&["=> confirm"]).rewrite(&longest, &around, false);
    assert_eq!(kept.unwrap().number, longest);
    let longer = rules(&["equals x => drop", "=> append 1"]).rewrite(&longest, &around, false);
    assert_eq!(longer, Err(Stopped::TooLong { rule: 2 }));
    let twenty = vec!["=> confirm, continue"; 20];
    assert!(rules(&twenty).rewrite("1", &around, false).is_ok());
    let more = vec!["=> confirm, continue"; 21];
    let stopped = rules(&more).rewrite("1", &around, false).unwrap_err();
    assert_eq!(stopped, Stopped::TooMany { rule: 21 });
    assert_eq!(
        stopped.to_string(),
        "rule 21 would be more than the 20 actions that one number may meet"
    );
}
