//! A picture that needs nothing else: no font file, no script.

use super::{local, seconds, words};
use control::Ladder;
use control::ladder::{Step, StepKind};

/// Places in the picture. Unit: px.
const LEFT: usize = 90;
const RIGHT: usize = 590;
const WIDTH: usize = 680;
const FIRST: usize = 60;
const STEP: usize = 28;

/// The whole picture.
pub(crate) fn svg(ladder: &Ladder) -> String {
    let height = FIRST + STEP * (ladder.steps.len() + 1);
    let mut text = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" \
         font-family=\"sans-serif\" font-size=\"12\" role=\"img\">\n\
         <title>call {}</title>\n\
         <rect width=\"{WIDTH}\" height=\"{height}\" fill=\"white\"/>\n",
        ladder.call
    );
    for (x, name) in [(LEFT, local(ladder)), (RIGHT, ladder.remote.clone())] {
        text.push_str(&format!(
            "<text x=\"{x}\" y=\"24\" text-anchor=\"middle\" font-weight=\"bold\">{}</text>\n\
             <line x1=\"{x}\" y1=\"34\" x2=\"{x}\" y2=\"{height}\" stroke=\"#888\"/>\n",
            escaped(&name)
        ));
    }
    for (at, step) in ladder.steps.iter().enumerate() {
        row(step, FIRST + STEP * at, &mut text);
    }
    text.push_str("</svg>\n");
    text
}

fn row(step: &Step, y: usize, text: &mut String) {
    let time = seconds(step.at_ms);
    text.push_str(&format!(
        "<text x=\"6\" y=\"{y}\" fill=\"#555\">{time}</text>\n"
    ));
    let (middle, above) = ((LEFT + RIGHT) / 2, y - 4);
    text.push_str(&format!(
        "<text x=\"{middle}\" y=\"{above}\" text-anchor=\"middle\">{}</text>\n",
        escaped(&words(step))
    ));
    let (is_sound, outward) = match step.kind {
        StepKind::SipOut => (false, true),
        StepKind::SipIn => (false, false),
        StepKind::MediaOut => (true, true),
        StepKind::MediaIn => (true, false),
        StepKind::Note | StepKind::Unknown => return,
    };
    let (tip, back) = if outward {
        (RIGHT, RIGHT - 8)
    } else {
        (LEFT, LEFT + 8)
    };
    let dashes = if is_sound {
        " stroke-dasharray=\"6 3\""
    } else {
        ""
    };
    text.push_str(&format!(
        "<line x1=\"{LEFT}\" y1=\"{y}\" x2=\"{RIGHT}\" y2=\"{y}\" stroke=\"black\"{dashes}/>\n\
         <path d=\"M{tip} {y} L{back} {} L{back} {} Z\"/>\n",
        y - 4,
        y + 4
    ));
}

fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            c if c.is_control() => escaped.push('?'),
            c => escaped.push(c),
        }
    }
    escaped
}
