//! Swarm: random worlds of whole phones, checked against invariants, shortened where they fail.
//!
//! A seed says everything: which features its world has (about half of all, drawn anew for each seed,
//! so that a feature that hides another's faults is often away), who calls whom, what breaks and when.
//! What it is not: it knows no right course of a call, only what may never be; ladders know courses.
//!
//! | file | holds |
//! | --- | --- |
//! | [`plan`] | [`Plan`]: features and steps of one seed |
//! | [`stage`] | plays a plan in a world of `tests/sim` |
//! | [`peer`] | the scripted peer of a world |
//! | [`check`] | what may never be |
//! | [`shrink`] | the shortest plan that still fails |
//! | [`quiet`] | panics that are caught are kept, not printed |

pub mod check;
pub mod peer;
pub mod plan;
pub mod quiet;
pub mod shrink;
pub mod stage;

pub use check::Complaint;
pub use plan::Plan;
pub use stage::{Outcome, play};

/// Plays a seed; where something is wrong, the story of the shortest plan that shows the same.
///
/// `twice`: plays it again, which must give the same trace.
///
/// # Errors
///
/// The report for a person: seed, complaints, steps and ladder.
pub fn seed(seed: u64, twice: bool) -> Result<Outcome, String> {
    let plan = Plan::new(seed);
    let outcome = play(&plan, stage::Keep::Nothing);
    if outcome.complaints.is_empty() && twice {
        let again = play(&plan, stage::Keep::Nothing);
        if again.hash != outcome.hash {
            return Err(shrink::two_traces(&plan));
        }
    }
    match outcome.complaints.first() {
        Some(first) => Err(shrink::report(&plan, first)),
        None => Ok(outcome),
    }
}
