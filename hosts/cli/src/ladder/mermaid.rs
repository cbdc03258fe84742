//! A Mermaid sequence diagram, for issues and wikis.

use super::{local, seconds, words};
use control::Ladder;
use control::ladder::StepKind;

/// The diagram's source.
pub(crate) fn mermaid(ladder: &Ladder) -> String {
    let mut text = String::from("sequenceDiagram\n");
    let names = [("A", local(ladder)), ("B", ladder.remote.clone())];
    for (id, name) in names {
        text.push_str(&format!("    participant {id} as {}\n", escaped(&name)));
    }
    for step in &ladder.steps {
        let way = match step.kind {
            StepKind::SipOut => "A->>B",
            StepKind::SipIn => "B->>A",
            StepKind::MediaOut => "A-->>B",
            StepKind::MediaIn => "B-->>A",
            StepKind::Note | StepKind::Unknown => "Note over A,B",
        };
        let words = escaped(&words(step));
        text.push_str(&format!("    {way}: {} {words}\n", seconds(step.at_ms)));
    }
    text
}

/// `#` begins a character's number, `;` ends a line; control characters do not belong there.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '#' => escaped.push_str("#35;"),
            ';' => escaped.push_str("#59;"),
            '<' => escaped.push_str("#lt;"),
            '>' => escaped.push_str("#gt;"),
            c if c.is_control() => escaped.push('?'),
            c => escaped.push(c),
        }
    }
    escaped
}
