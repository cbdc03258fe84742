//! What holds for any number and any rules.

use offhook_policy as policy;
use policy::number::LONGEST;
use policy::rule::{ACTION_TYPES, CONDITION_TYPES, Direction, RULES};
use policy::{DialString, Dialling, Link, Location, Rules, Surroundings};
use proptest::prelude::*;
use std::time::{Duration, Instant};

fn dialled() -> impl Strategy<Value = String> {
    prop_oneof![
        "[0-9+*#() ,-]{0,40}",
        "[a-z0-9@:;=%+.]{0,60}",
        "tel:[0-9+%;=a-z,-]{0,40}",
        "\\PC{0,80}"
    ]
}

fn line() -> impl Strategy<Value = String> {
    let operand = prop_oneof![
        "[0-9+]{0,6}",
        "[a-z]{0,6}",
        Just("wifi".to_owned()),
        Just("X-A: b".to_owned())
    ];
    let clause = |types: Vec<&'static str>| {
        (proptest::sample::select(types), operand.clone())
            .prop_map(|(kind, param)| format!("{kind} {param}"))
    };
    let conditions = proptest::collection::vec(clause(CONDITION_TYPES.to_vec()), 0..4);
    let actions = proptest::collection::vec(clause(ACTION_TYPES.to_vec()), 0..6);
    (conditions, actions).prop_map(|(c, a)| format!("{} => {}", c.join(", "), a.join(", ")))
}

proptest! {
    /// K-105: rules end, keep their bounds, say the same again, and tell of each rule once, in order.
    #[test]
    fn rewriting_ends_within_its_bounds(lines in proptest::collection::vec(line(), 0..30), number in dialled()) {
        let valid: Vec<&str> = lines.iter().map(String::as_str).filter(|line| Rules::read([*line], Direction::Outgoing).is_ok()).collect();
        let rules = Rules::read(valid.iter().copied(), Direction::Outgoing).unwrap();
        let around = Surroundings::default();
        let made = rules.rewrite(&number, &around, false);
        prop_assert_eq!(&made, &rules.rewrite(&number, &around, false));
        if let Ok(made) = made {
            prop_assert!(made.number.len() <= LONGEST.max(number.len()));
            let places: Vec<usize> = made.steps.iter().map(|step| step.rule).collect();
            prop_assert!(places.windows(2).all(|two| two[0] < two[1]));
            prop_assert!(made.steps.iter().rev().skip(1).all(|step| step.continues));
        }
    }

    /// Nothing that is dialled panics; without rules and location only marks and pauses go.
    #[test]
    fn anything_may_be_dialled(typed in dialled()) {
        let plain = Dialling::default();
        if let Ok(made) = plain.dial(&typed, &Surroundings::default()) {
            prop_assert!(made.steps.is_empty() && made.located.is_none());
            prop_assert!(!made.to.is_empty());
        }
        let _ = DialString::read(&typed);
        let _ = Rules::read([typed.as_str()], Direction::Incoming);
    }

    /// M-063: a number that is located is the same number for the world, and is located once.
    #[test]
    fn a_located_number_is_the_same_number(digits in "[1-9][0-9]{5,12}") {
        // The zero for calls inside the country is no part of a global number.
        prop_assume!(!digits.starts_with("490"));
        let here = Location { trunk_access: String::new(), ..Location::germany("711") };
        let global = format!("+{digits}");
        let dialled = here.dial(&global);
        prop_assert!(!dialled.starts_with('+'));
        prop_assert_eq!(here.e164(&dialled), Some(global));
        prop_assert_eq!(here.dial(&dialled), dialled);
    }

    /// M-064: what a link calls is one line without header fields, and calls the same when it is read again.
    #[test]
    fn a_link_is_clean_and_stays_so(uri in prop_oneof!["(tel|sip|sips|callto):[ -~]{0,60}", "\\PC{0,60}"]) {
        if let Ok(link) = Link::read(&uri) {
            prop_assert!(!link.to.contains(['?', '\r', '\n', '"', '<', '>', '\0']), "{}", link.to);
            prop_assert!(["tel:", "sip:", "sips:"].iter().any(|scheme| link.to.starts_with(scheme)));
            let again = Link::read(&link.to);
            prop_assert_eq!(again.map(|link| link.to), Ok(link.to));
        }
    }
}

/// K-105: 500 rules on 256 characters, all examined; the bound of 1 ms leaves room for a busy machine.
#[test]
fn rewriting_takes_time_in_proportion_to_the_rules() {
    let miss =
        "startsWith 1111111111111111111111111111111111111111111111111111111111111119 => confirm";
    let number = "1".repeat(LONGEST);
    let spend = |count: usize| {
        let rules = Rules::read(vec![miss; count], Direction::Outgoing).unwrap();
        let least = (0..50).map(|_| {
            let began = Instant::now();
            let made = rules.rewrite(&number, &Surroundings::default(), false);
            let took = began.elapsed();
            assert!(made.is_ok_and(|made| made.steps.is_empty()));
            took
        });
        least.min().unwrap_or_default()
    };
    let all = spend(RULES);
    assert!(all < Duration::from_millis(1), "{all:?}");
}
