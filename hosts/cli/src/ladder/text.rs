//! Two columns with arrows between, for terminals and mails.

use super::{local, seconds, words};
use control::Ladder;
use control::ladder::{Step, StepKind};

/// The characters that arrows are made of.
struct Signs {
    rail: char,
    signal: char,
    sound: char,
    left: char,
    right: char,
    note: char,
    cut: &'static str,
}

const DRAWN: Signs = Signs {
    rail: '│',
    signal: '─',
    sound: '═',
    left: '◀',
    right: '▶',
    note: '·',
    cut: "…",
};
const ASCII: Signs = Signs {
    rail: '|',
    signal: '-',
    sound: '=',
    left: '<',
    right: '>',
    note: '*',
    cut: "...",
};

/// Shortest and longest way between the columns. Unit: characters.
const WIDTH: (usize, usize) = (40, 96);
/// Of the way, so much is always arrow. Unit: characters.
const ARROW: usize = 8;

/// One line a step.
pub(crate) fn text(ladder: &Ladder, ascii: bool) -> Vec<String> {
    let signs = if ascii { &ASCII } else { &DRAWN };
    let longest = ladder.steps.iter().map(|step| words(step).chars().count());
    let width = (longest.max().unwrap_or(0) + ARROW).clamp(WIDTH.0, WIDTH.1);
    let times = ladder.steps.iter().map(|step| seconds(step.at_ms).len());
    let margin = times.max().unwrap_or(0).max(5) + 1;
    let left = local(ladder);
    let between = width.saturating_sub(left.chars().count() + ladder.remote.chars().count());
    let gap = " ".repeat(between.max(2));
    let head = format!("{:margin$}  {left}{gap}  {}", "", ladder.remote);
    let mut lines = vec![head];
    for step in &ladder.steps {
        let time = seconds(step.at_ms);
        lines.push(format!("{time:>margin$}  {}", line(step, width, signs)));
    }
    lines
}

fn line(step: &Step, width: usize, signs: &Signs) -> String {
    let most = width - ARROW;
    let mut words = words(step);
    if words.chars().count() > most {
        words = words
            .chars()
            .take(most - signs.cut.chars().count())
            .collect();
        words.push_str(signs.cut);
    }
    let free = width - words.chars().count();
    let stroke = |sign: char, count: usize| sign.to_string().repeat(count);
    let (left, right) = (free / 2, free - free / 2);
    let rail = signs.rail;
    match step.kind {
        StepKind::SipOut | StepKind::MediaOut => {
            let sign = sign(step.kind, signs);
            let (before, behind) = (stroke(sign, left - 1), stroke(sign, right - 2));
            format!("{rail}{before} {words} {behind}{}{rail}", signs.right)
        }
        StepKind::SipIn | StepKind::MediaIn => {
            let sign = sign(step.kind, signs);
            let (before, behind) = (stroke(sign, left - 2), stroke(sign, right - 1));
            format!("{rail}{}{before} {words} {behind}{rail}", signs.left)
        }
        StepKind::Note | StepKind::Unknown => {
            let behind = " ".repeat(free - 3);
            format!("{rail} {} {words}{behind}{rail}", signs.note)
        }
    }
}

const fn sign(kind: StepKind, signs: &Signs) -> char {
    match kind {
        StepKind::MediaOut | StepKind::MediaIn => signs.sound,
        StepKind::SipOut | StepKind::SipIn | StepKind::Note | StepKind::Unknown => signs.signal,
    }
}
