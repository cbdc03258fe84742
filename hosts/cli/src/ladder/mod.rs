//! A ladder as text, Mermaid or SVG.

mod mermaid;
mod svg;
#[cfg(test)]
mod tests;
mod text;

pub(crate) use mermaid::mermaid;
pub(crate) use svg::svg;
pub(crate) use text::text;

/// Unit in: ms. Out: s with three decimals, as in ` 0.012`.
fn seconds(ms: u64) -> String {
    format!("{}.{:03}", ms / 1000, ms % 1000)
}

/// What one line says, with a word for repeats.
fn words(step: &control::ladder::Step) -> String {
    match step.repeat {
        true => format!("{} (again)", step.text),
        false => step.text.clone(),
    }
}

/// Our column says that it is ours.
fn local(ladder: &control::Ladder) -> String {
    format!("{} (you)", ladder.local.trim_end_matches(" (you)"))
}
