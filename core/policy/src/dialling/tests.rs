use super::*;
use crate::dial_string::PAUSE;
use crate::rule::Direction;

fn desk(rules: &[&str]) -> Dialling {
    Dialling {
        rules: Rules::read(rules.iter().copied(), Direction::Outgoing).unwrap(),
        location: Some(Location::germany("711")),
        emergency: vec!["112".to_owned(), "911".to_owned()],
        ..Dialling::default()
    }
}

fn dial(dialling: &Dialling, typed: &str) -> Result<Dialled, Refused> {
    dialling.dial(typed, &Surroundings::default())
}

fn to(dialling: &Dialling, typed: &str) -> String {
    dial(dialling, typed).unwrap().to
}

/// M-063: links and numbers with + are brought into dialable form; what somebody keys in is his own.
#[test]
fn numbers_of_links_are_located_and_typed_ones_are_not() {
    let desk = desk(&[]);
    assert_eq!(to(&desk, "tel:+49 711 12345"), "0071112345");
    assert_eq!(to(&desk, "tel:0711-12345"), "0071112345");
    assert_eq!(to(&desk, "tel:12345"), "0071112345");
    assert_eq!(to(&desk, "callto:600"), "600");
    assert_eq!(to(&desk, "+49 (0)711 12345"), "0071112345");
    assert_eq!(to(&desk, "0071112345"), "0071112345");
    assert_eq!(to(&desk, "0711/12345"), "071112345");
    assert_eq!(to(&desk, "*69"), "*69");
    assert_eq!(to(&desk, "sip:alice@pbx.example"), "sip:alice@pbx.example");
    assert_eq!(to(&desk, "alice@pbx.example"), "alice@pbx.example");
    assert_eq!(to(&desk, "alice"), "alice");
    let located = dial(&desk, "tel:12345").unwrap().located;
    assert_eq!(located.as_deref(), Some("0071112345"));
    assert_eq!(to(&Dialling::default(), "tel:+49-711-12345"), "+4971112345");
}

/// M-062: pauses and digits are set aside before rules, and a rule may add more.
#[test]
fn pauses_are_set_aside_before_the_rules() {
    let desk = desk(&["equals 555 => replace 777", "startsWith 8 => append \",1\""]);
    let dialled = dial(&desk, "555,,12#").unwrap();
    let keys = |keys: &str| Stage::Keys(keys.to_owned());
    assert_eq!(dialled.to, "777");
    assert_eq!(dialled.after, [Stage::Wait(2 * PAUSE), keys("12#")]);
    let dialled = dial(&desk, "88,2").unwrap();
    let wait = Stage::Wait(PAUSE);
    assert_eq!(
        (dialled.to.as_str(), dialled.after),
        ("88", vec![wait.clone(), keys("1"), wait, keys("2")])
    );
    assert_eq!(
        dial(&desk, "5,x").unwrap_err().to_string(),
        "'x' at place 3 is no key: allowed after the first comma are 0-9 * # A-D and commas"
    );
}

/// Emergency numbers meet no rule but those that name them, and nothing keeps them from being called.
#[test]
fn emergency_numbers_bypass_what_does_not_name_them() {
    let desk = desk(&[
        "shorterThan 4 => prepend 9, callThrough, continue",
        "equals 112 => dialOut mobile, overrideDialAction openUrl",
    ]);
    let dialled = dial(&desk, "1 1 2").unwrap();
    assert!(dialled.is_emergency);
    assert_eq!((dialled.to.as_str(), dialled.action), ("112", None));
    assert_eq!(dialled.account.as_deref(), Some("mobile"));
    assert_eq!(to(&desk, "tel:911"), "911");
    assert_eq!(to(&desk, "113"), "9113");
}

#[test]
fn what_cannot_be_dialled_says_why() {
    let desk = desk(&["=> prepend 0123456789"]);
    assert_eq!(dial(&desk, "  ").unwrap_err(), Refused::Nothing);
    assert_eq!(dial(&desk, &"1".repeat(257)).unwrap_err(), Refused::TooLong);
    assert_eq!(
        dial(&desk, &"1".repeat(256)).unwrap_err().to_string(),
        "the account's rewriting: rule 1 makes the number longer than 256 characters"
    );
    assert_eq!(
        dial(&desk, "tel:alice").unwrap_err().to_string(),
        "the link cannot be called: it has no number that can be dialled"
    );
}

/// M-064: a link is never called without a yes where the setting wants one.
#[test]
fn links_wait_for_a_yes_as_the_setting_says() {
    let asks = |confirm, uri: &str| {
        let desk = Dialling {
            confirm,
            ..desk(&[])
        };
        desk.asks_before(&Link::read(uri).unwrap(), "pbx.example")
    };
    for (uri, always, unknown, never) in [
        ("tel:600", true, false, false),
        ("tel:+4971112345", true, true, false),
        ("sip:alice@pbx.example", true, false, false),
        ("sip:alice@else.example", true, true, false),
        ("tel:*21%23", true, true, true),
        ("tel:112", false, false, false),
    ] {
        assert_eq!(asks(Confirm::Always, uri), always, "{uri}");
        assert_eq!(asks(Confirm::Unknown, uri), unknown, "{uri}");
        assert_eq!(asks(Confirm::Never, uri), never, "{uri}");
    }
}
