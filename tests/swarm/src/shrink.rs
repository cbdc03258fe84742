//! The shortest plan that still shows a fault, and its report.

use crate::check::{self, Complaint};
use crate::plan::Plan;
use crate::stage::{Keep, play};

/// Plans that are tried on the way. A run takes milliseconds.
const TRIES: usize = 600;

/// Drops steps (halves first, then fewer), features and waits as long as `fails` says that the fault
/// is still there.
pub fn shortest(plan: &Plan, mut fails: impl FnMut(&Plan) -> bool) -> Plan {
    let mut best = plan.clone();
    let mut tries = TRIES;
    let mut attempt = |best: &mut Plan, candidate: Plan| {
        if tries == 0 || candidate == *best {
            return false;
        }
        tries -= 1;
        let worse = fails(&candidate);
        if worse {
            *best = candidate;
        }
        worse
    };
    loop {
        let before = best.clone();
        let mut size = best.steps.len().div_ceil(2);
        while size > 0 {
            let mut at = 0;
            while at < best.steps.len() {
                let mut candidate = best.clone();
                let end = (at + size).min(candidate.steps.len());
                candidate.steps.drain(at..end);
                if !attempt(&mut best, candidate) {
                    at += size;
                }
            }
            size /= 2;
        }
        for feature in best.features.clone() {
            let mut candidate = best.clone();
            candidate.features.remove(&feature);
            attempt(&mut best, candidate);
        }
        for at in 0..best.steps.len() {
            for shorter in [0, best.steps[at].then_ms / 2] {
                let mut candidate = best.clone();
                candidate.steps[at].then_ms = shorter;
                attempt(&mut best, candidate);
            }
        }
        if best == before {
            return best;
        }
    }
}

/// What a person needs to see a fault: seed, complaints, the shortest steps, the ladder.
pub fn report(plan: &Plan, first: &Complaint) -> String {
    let short = shortest(plan, |candidate| check::shows(candidate, first.kind));
    let shown = play(&short, Keep::Ladder);
    let mut text = format!("seed {} fails: {}: {}\n", plan.seed, first.kind, first.text);
    text += &format!(
        "\nthe shortest of it ({} of {} steps):\n{short}\n",
        short.steps.len(),
        plan.steps.len()
    );
    for Complaint { kind, text: why } in &shown.complaints {
        text += &format!("! {kind}: {why}\n");
    }
    text += &format!(
        "\n{}\nreplay: cargo xtask swarm --seed {}\n",
        shown.kept, plan.seed
    );
    text
}

/// The report of a seed that has two traces: the first line in which they differ.
pub fn two_traces(plan: &Plan) -> String {
    let differs = |candidate: &Plan| {
        let hash = || play(candidate, Keep::Nothing).hash;
        hash() != hash()
    };
    let short = shortest(plan, differs);
    let (one, other) = (
        play(&short, Keep::Lines).kept,
        play(&short, Keep::Lines).kept,
    );
    let mut pairs = one.lines().zip(other.lines());
    let first = pairs.find(|(a, b)| a != b);
    let (a, b) = first.unwrap_or(("one is longer", "than the other"));
    format!(
        "seed {} has two traces\n{short}\n- {a}\n+ {b}\nreplay: cargo xtask swarm --seed {}\n",
        plan.seed, plan.seed
    )
}
