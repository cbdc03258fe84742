//! A rule as one line of text: `CONDITION, CONDITION => ACTION, ACTION`.

use super::{Action, Clause, Place, RuleError};

/// Conditions and actions of a line. Commas part them, but inside of `"…"`.
pub(super) fn clauses(line: &str, number: usize) -> Result<(Vec<Clause>, Vec<Clause>), RuleError> {
    let wrong = |what: &str| RuleError {
        place: Place::Rule(number),
        what: what.to_owned(),
    };
    let Some((conditions, actions)) = halves(line) else {
        return Err(wrong(
            "is not CONDITION, … => ACTION, …, such as startsWith 00 => replace +",
        ));
    };
    let read = |text: &str| split(text).ok_or_else(|| wrong("a quotation mark is not closed"));
    Ok((read(conditions)?, read(actions)?))
}

/// What stands before and behind the first `=>` outside of quotes.
fn halves(line: &str) -> Option<(&str, &str)> {
    let mut quoted = false;
    for (at, c) in line.char_indices() {
        quoted ^= c == '"';
        if !quoted && line[at..].starts_with("=>") {
            return Some((&line[..at], &line[at + 2..]));
        }
    }
    None
}

fn split(text: &str) -> Option<Vec<Clause>> {
    let mut parts = vec![String::new()];
    let mut quoted = false;
    for c in text.chars() {
        quoted ^= c == '"';
        match parts.last_mut() {
            Some(part) if c != ',' || quoted => part.push(c),
            Some(_) | None => parts.push(String::new()),
        }
    }
    if quoted {
        return None;
    }
    let clauses = parts.iter().map(|part| part.trim());
    let clauses = clauses.filter(|part| !part.is_empty()).map(|part| {
        let (kind, operand) = part.split_once(char::is_whitespace).unwrap_or((part, ""));
        let operand = operand.trim();
        let inner = operand.strip_prefix('"').and_then(|o| o.strip_suffix('"'));
        let operand = match inner {
            Some(inner) => Some(inner.to_owned()),
            None => Some(operand.to_owned()).filter(|operand| !operand.is_empty()),
        };
        (kind.to_owned(), operand)
    });
    Some(clauses.collect())
}

/// Operands of actions that take none (K-130): they are left out, and worth a warning.
pub fn idle_operands(lines: &[String]) -> Vec<RuleError> {
    let mut idle = Vec::new();
    for (index, line) in lines.iter().enumerate() {
        let number = index + 1;
        let actions = clauses(line, number).map_or_else(|_| Vec::new(), |(_, actions)| actions);
        for (at, (kind, operand)) in actions.iter().enumerate() {
            if operand.is_some() && !Action::takes_operand(kind) {
                idle.push(RuleError {
                    place: Place::Action(number, at + 1),
                    what: format!("{kind} takes no operand; it is left out"),
                });
            }
        }
    }
    idle
}
