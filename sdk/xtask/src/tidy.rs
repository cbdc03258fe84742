//! File sizes, leftover markers, citations that name no section, ignored tests, missing pages.
//!
//! Function length, wildcard arms, missing docs and `unwrap` are clippy's and rustc's business.

use crate::layers::is_test_file;
use crate::lexer::{Comment, Source};
use crate::workspace::{Member, Workspace};

#[cfg(test)]
mod tests;

/// Most lines of code a file may hold, comments, blank lines and tests apart. Unit: lines.
const FILE_LINES: usize = 400;

/// Most lines of tests beside the code they test; more go to `NAME/tests.rs`. Unit: lines.
const INLINE_TEST_LINES: usize = 150;

/// Most lines of a crate's README. Unit: lines.
const README_LINES: usize = 60;

/// Most lines of ARCHITECTURE.md. Unit: lines.
const ARCHITECTURE_LINES: usize = 250;

/// Words in comments that say something is not done. Matched as whole words, as spelled.
const MARKERS: &[&str] = &["TODO", "FIXME", "XXX", "HACK"];

/// Phrases in comments that say the same. Matched without regard to case.
const PHRASES: &[&str] = &[
    "for now",
    "placeholder",
    "not implemented yet",
    "not yet implemented",
    "temporary hack",
];

/// Macros that stand for missing or forgotten code.
const MACROS: &[&str] = &["todo", "unimplemented", "dbg"];

/// Pages that stand beside the root `Cargo.toml`.
const PAGES: &[&str] = &[
    "README.md",
    "ARCHITECTURE.md",
    "CONTRIBUTING.md",
    "CHANGELOG.md",
    "LICENSE-MIT",
    "LICENSE-APACHE",
];

/// All violations, one line each.
pub(crate) fn check(space: &Workspace) -> Vec<String> {
    let mut found = Vec::new();
    for folder in ["core", "sdk", "plugins", "hosts", "tests", "benches"] {
        for path in space.files(folder, ".rs") {
            let Ok(text) = std::fs::read_to_string(&path) else {
                found.push(format!("{}: cannot be read as text", space.short(&path)));
                continue;
            };
            let short = space.short(&path);
            found.extend(
                source_file(&short, &text)
                    .into_iter()
                    .map(|(line, text)| format!("{short}:{line}: {text}")),
            );
        }
        for path in space.files(folder, ".toml") {
            let text = std::fs::read_to_string(&path).unwrap_or_default();
            found.extend(
                manifest_markers(&text)
                    .into_iter()
                    .map(|(line, text)| format!("{}:{line}: {text}", space.short(&path))),
            );
        }
    }
    pages(space, &mut found);
    found
}

/// What is wrong with one Rust file, with line numbers.
fn source_file(short: &str, text: &str) -> Vec<(usize, String)> {
    let source = Source::new(text);
    let mut found = Vec::new();
    if !is_test_file(short) {
        sizes(&source, &mut found);
    }
    for comment in &source.comments {
        found.extend(markers(comment));
    }
    macros(&source, &mut found);
    ignored_tests(&source, &mut found);
    citations(&source.comments, &mut found);
    let is_root = short.ends_with("/src/lib.rs") || short.ends_with("/src/main.rs");
    if is_root
        && !text
            .trim_start_matches(|c: char| c.is_whitespace())
            .starts_with("//!")
    {
        found.push((1, "does not open with what the crate is (`//! …`)".into()));
    }
    found
}

fn sizes(source: &Source<'_>, found: &mut Vec<(usize, String)>) {
    let spans = source.test_spans();
    let in_tests = |line: &usize| spans.iter().any(|(from, to)| (from..=to).contains(&line));
    let lines = source.code_lines();
    let tests = lines.iter().filter(|line| in_tests(line)).count();
    let code = lines.len() - tests;
    if code > FILE_LINES {
        found.push((1, format!("{code} lines of code, at most {FILE_LINES}")));
    }
    if tests > INLINE_TEST_LINES {
        let line = spans.first().map_or(1, |span| span.0);
        found.push((
            line,
            format!("{tests} lines of tests, more than {INLINE_TEST_LINES} go to NAME/tests.rs"),
        ));
    }
}

fn markers(comment: &Comment<'_>) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for (i, text) in comment.text.lines().enumerate() {
        let word = text
            .split(|c: char| !c.is_alphanumeric())
            .find(|word| MARKERS.contains(word));
        let lower = text.to_lowercase();
        let phrase = PHRASES
            .iter()
            .find(|phrase| has_words(&lower, phrase))
            .copied();
        if let Some(marker) = word.or(phrase) {
            found.push((comment.line + i, format!("leftover marker '{marker}'")));
        }
    }
    found
}

/// Whether `text` holds `phrase` with no letter before or behind it.
fn has_words(text: &str, phrase: &str) -> bool {
    text.match_indices(phrase).any(|(at, _)| {
        let letter = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
        !letter(text[..at].chars().next_back()) && !letter(text[at + phrase.len()..].chars().next())
    })
}

fn manifest_markers(text: &str) -> Vec<(usize, String)> {
    let comment = |(i, line): (usize, &str)| {
        let (_, text) = line.split_once('#')?;
        markers(&Comment {
            text,
            line: i + 1,
            doc: false,
        })
        .into_iter()
        .next()
    };
    text.lines().enumerate().filter_map(comment).collect()
}

fn macros(source: &Source<'_>, found: &mut Vec<(usize, String)>) {
    for pair in source.tokens.windows(2) {
        if pair[1].text == "!" && MACROS.contains(&pair[0].text) {
            found.push((
                pair[0].line,
                format!("{}! is left in the code", pair[0].text),
            ));
        }
    }
}

/// A test that does not run proves nothing; slow ones belong to another command.
fn ignored_tests(source: &Source<'_>, found: &mut Vec<(usize, String)>) {
    for (at, pair) in source.tokens.windows(2).enumerate() {
        if pair[0].text != "#" || pair[1].text != "[" {
            continue;
        }
        let end = source.closing(at + 1).unwrap_or(at + 1);
        let inside = &source.tokens[at + 1..end];
        let head = inside.get(1).map(|token| token.text);
        let ignores = match head {
            Some("ignore") => true,
            Some("cfg_attr") => inside.iter().any(|token| token.text == "ignore"),
            Some(_) | None => false,
        };
        if ignores {
            found.push((
                pair[0].line,
                "#[ignore]: a test runs or is not there".into(),
            ));
        }
    }
}

/// A `Source:` line that names an RFC names its section, figure, table or appendix too.
fn citations(comments: &[Comment<'_>], found: &mut Vec<(usize, String)>) {
    let mut at = 0;
    while at < comments.len() {
        let comment = &comments[at];
        at += 1;
        let Some(first) = comment
            .doc
            .then(|| comment.text.trim().strip_prefix("Source:"))
            .flatten()
        else {
            continue;
        };
        let mut cited = first.to_string();
        let mut line = comment.line;
        while let Some(next) = comments
            .get(at)
            .filter(|next| next.doc && next.line == line + 1 && continues(next.text))
        {
            cited.push(' ');
            cited.push_str(next.text);
            line = next.line;
            at += 1;
        }
        for rfc in bare_citations(&cited) {
            found.push((comment.line, format!("cites RFC {rfc} without a section")));
        }
    }
}

/// Whether a doc line goes on with the label above it.
fn continues(text: &str) -> bool {
    let text = text.trim();
    let label = [
        "Unit:", "Range:", "Source:", "Thread:", "Bound:", "#", "```", "- ", "* ", "|",
    ];
    !text.is_empty() && !label.iter().any(|label| text.starts_with(label))
}

/// Numbers of the RFCs in `text` that are followed by no section before the next RFC.
fn bare_citations(text: &str) -> Vec<&str> {
    const PLACES: &[&str] = &[
        "§", "section", "figure", "table", "appendix", "app.", "erratum", "errata",
    ];
    let mut bare = Vec::new();
    for piece in text.split("RFC ").skip(1) {
        let end = piece
            .find(|c: char| !c.is_ascii_digit())
            .unwrap_or(piece.len());
        let rest = piece[end..].to_lowercase();
        if end > 0 && !PLACES.iter().any(|place| rest.contains(place)) {
            bare.push(&piece[..end]);
        }
    }
    bare
}

fn pages(space: &Workspace, found: &mut Vec<String>) {
    for page in PAGES {
        if !space.root.join(page).is_file() {
            found.push(format!("{page}: missing"));
        }
    }
    let architecture =
        std::fs::read_to_string(space.root.join("ARCHITECTURE.md")).unwrap_or_default();
    let lines = architecture.lines().count();
    if lines > ARCHITECTURE_LINES {
        found.push(format!(
            "ARCHITECTURE.md: {lines} lines, at most {ARCHITECTURE_LINES}"
        ));
    }
    for member in &space.members {
        if !is_mentioned(&architecture, member) {
            found.push(format!(
                "ARCHITECTURE.md: does not mention {}",
                member.folder
            ));
        }
        let readme = std::fs::read_to_string(space.root.join(&member.folder).join("README.md"));
        match readme.map(|text| text.lines().count()) {
            Err(_) => found.push(format!("{}/README.md: missing", member.folder)),
            Ok(n) if n > README_LINES => found.push(format!(
                "{}/README.md: {n} lines, at most {README_LINES}",
                member.folder
            )),
            Ok(_) => {}
        }
    }
}

/// By folder, by package name, or by its short name between backticks.
fn is_mentioned(architecture: &str, member: &Member) -> bool {
    let short = member.folder.rsplit('/').next().unwrap_or_default();
    architecture.contains(&member.folder)
        || architecture.contains(&format!("`{}`", member.name))
        || architecture.contains(&format!("`{short}`"))
}
