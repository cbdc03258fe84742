//! A fixed set of seeds, in four parts so that they run beside each other.

use offhook_swarm::{Plan, check, shrink, stage};

/// Seeds of each part.
const SEEDS: u64 = 75;

/// Of these, so many are played twice.
const TWICE: u64 = 5;

fn part(number: u64) {
    let first = number * SEEDS + 1;
    for seed in first..first + SEEDS {
        if let Err(report) = offhook_swarm::seed(seed, seed < first + TWICE) {
            panic!("{report}");
        }
    }
}

#[test]
fn the_first_quarter_of_the_swarm() {
    part(0);
}

#[test]
fn the_second_quarter_of_the_swarm() {
    part(1);
}

#[test]
fn the_third_quarter_of_the_swarm() {
    part(2);
}

#[test]
fn the_last_quarter_of_the_swarm() {
    part(3);
}

/// The set is worth something only where calls come about and every feature is met.
#[test]
fn the_fixed_set_meets_every_feature_and_answers_calls() {
    let plans: Vec<_> = (1..=4 * SEEDS).map(Plan::new).collect();
    for feature in offhook_swarm::plan::FEATURES {
        let with = plans.iter().filter(|plan| plan.has(feature)).count() as u64;
        assert!(
            (SEEDS..=3 * SEEDS).contains(&with),
            "{feature:?} in {with} plans"
        );
    }
    let answered = plans.iter().take(60).filter(|plan| {
        let shown = stage::play(plan, stage::Keep::Ladder).kept;
        shown.contains("confirmed")
    });
    let answered = answered.count();
    assert!(
        answered >= 20,
        "{answered} of 60 worlds have an answered call"
    );
}

/// Dropping what does not matter leaves what does.
#[test]
fn a_plan_is_shortened_to_what_fails() {
    let plan = (1..).map(Plan::new).find(|plan| plan.steps.len() > 12);
    let plan = plan.expect("some plan is long");
    let wanted = plan.steps[7].step;
    let short = shrink::shortest(&plan, |plan| plan.steps.iter().any(|t| t.step == wanted));
    assert_eq!(short.steps.len(), 1);
    assert_eq!((short.steps[0].step, short.steps[0].then_ms), (wanted, 0));
    assert!(short.features.is_empty());
}

/// Holes, late and endless calls are seen: the checks can fail.
#[test]
fn what_may_not_be_is_noticed() {
    let plan = (1..).map(Plan::new).find(|plan| {
        let outcome = stage::play(plan, stage::Keep::Nothing);
        outcome.calls > 0
    });
    let plan = plan.expect("some plan has a call");
    let events = stage::events(&plan);
    let with_calls = events
        .into_iter()
        .find(|events| events.iter().any(|e| e.call.is_some()));
    let events = with_calls.expect("it has a call");
    assert_eq!(check::events(&events), []);
    let without = |name: &str| {
        let mut left: Vec<_> = events
            .iter()
            .filter(|e| e.body.name() != name)
            .cloned()
            .collect();
        for (event, seq) in left.iter_mut().zip(1..) {
            event.seq = seq;
        }
        check::events(&left)
    };
    assert!(
        without("call.ended").iter().all(|c| c.kind == "call") && !without("call.ended").is_empty()
    );
    assert!(!without("call.created").is_empty());
    let hole: Vec<_> = events.iter().skip(1).cloned().collect();
    assert_eq!(check::events(&hole)[0].kind, "hole");
    let twice: Vec<_> = events.iter().chain(&events).cloned().collect();
    assert!(!check::events(&twice).is_empty());
}
