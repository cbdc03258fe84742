//! `cargo xtask coverage`: which requirements of the specification the tests claim to cover, and which none does.
//!
//! A test claims a requirement by its name (`m_037_…`, `k066_…`), by a comment directly above or inside it
//! (`M-037`, `K-038 to K-041`), or by the `//!` lines of a file of tests. Ladders and SIPp scenarios claim by any
//! line of theirs. `tests/partly.toml` lists what is covered in part, with the reason. A claim of a requirement
//! that the specification does not know is an error, and so is a reason for what nothing covers.

use crate::layers::is_test_file;
use crate::lexer::Source;
use crate::workspace::Workspace;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

#[cfg(test)]
mod tests;

/// Where the specification lies, from the root.
const SPEC: &str = "../shared/spec";
/// Reasons for what is covered in part, from the root.
const PARTLY: &str = "tests/partly.toml";
/// What is searched for tests.
const FOLDERS: [&str; 6] = ["core", "sdk", "plugins", "hosts", "tests", "benches"];
/// What is printed of the tests that claim one requirement.
const NAMED: usize = 3;

/// Requirement to the tests that claim it.
type Claims = BTreeMap<String, BTreeSet<String>>;

/// What the specification knows: id to what it is about.
type Spec = BTreeMap<String, String>;

/// How the run ends where nothing is wrong.
pub(crate) enum Seen {
    /// The specification was read.
    All,
    /// It is not there; the text says so.
    Skipped(String),
}

/// Prints the lists, or with `short` only their lengths, and says what is wrong.
pub(crate) fn run(space: &Workspace, short: bool) -> Result<Seen, String> {
    let claims = claims(space);
    let partly = partly(&space.root.join(PARTLY))?;
    let spec = match spec(&space.root.join(SPEC))? {
        Some(spec) => spec,
        None => {
            let said = format!(
                "no specification at {SPEC}: {} claims unproved",
                claims.len()
            );
            println!("SKIPPED: {said}");
            return Ok(Seen::Skipped(said));
        }
    };
    let wrong = wrong(&spec, &claims, &partly);
    if !short {
        lists(&spec, &claims, &partly);
    }
    for letter in ["M", "K"] {
        println!("{}", count(letter, &spec, &claims, &partly));
    }
    wrong.iter().for_each(|line| println!("coverage: {line}"));
    match wrong.len() {
        0 => Ok(Seen::All),
        n => Err(format!("{n} found")),
    }
}

fn lists(spec: &Spec, claims: &Claims, partly: &BTreeMap<String, String>) {
    let of = |id: &String| claims.get(id).cloned().unwrap_or_default();
    println!("covered");
    for (id, about) in spec {
        if claims.contains_key(id) && !partly.contains_key(id) {
            println!("  {id}  {about}: {}", named(&of(id)));
        }
    }
    println!("\npartly");
    for (id, reason) in partly {
        let about = spec.get(id).map_or("", String::as_str);
        println!(
            "  {id}  {about}: {}\n         but: {reason}",
            named(&of(id))
        );
    }
    println!("\nnone");
    for (id, about) in spec.iter().filter(|(id, _)| !claims.contains_key(*id)) {
        println!("  {id}  {about}");
    }
    println!();
}

fn named(tests: &BTreeSet<String>) -> String {
    let mut text: Vec<&str> = tests.iter().take(NAMED).map(String::as_str).collect();
    let more = tests.len().saturating_sub(NAMED);
    let rest = format!("and {more} more");
    if more > 0 {
        text.push(&rest);
    }
    text.join(", ")
}

fn count(letter: &str, spec: &Spec, claims: &Claims, partly: &BTreeMap<String, String>) -> String {
    let ours = || spec.keys().filter(|id| id.starts_with(letter));
    let claimed = ours().filter(|id| claims.contains_key(*id)).count();
    let part = ours().filter(|id| partly.contains_key(*id)).count();
    let all = ours().count();
    format!(
        "{letter}: {all} in all, {} covered, {part} partly, {} none",
        claimed.saturating_sub(part),
        all - claimed
    )
}

/// What cannot be true: claims of what is not required, reasons without a test.
fn wrong(spec: &Spec, claims: &Claims, partly: &BTreeMap<String, String>) -> Vec<String> {
    let mut wrong = Vec::new();
    for (id, tests) in claims.iter().filter(|(id, _)| !spec.contains_key(*id)) {
        let text = format!("{}: {id} is not in the specification", named(tests));
        wrong.push(text);
    }
    for (id, reason) in partly {
        if !spec.contains_key(id) {
            wrong.push(format!("{PARTLY}: {id} is not in the specification"));
        } else if !claims.contains_key(id) {
            wrong.push(format!("{PARTLY}: no test covers any part of {id}"));
        }
        if reason.trim().len() < 10 {
            wrong.push(format!("{PARTLY}: {id} has no reason"));
        }
    }
    wrong
}

fn partly(file: &Path) -> Result<BTreeMap<String, String>, String> {
    let failed = |why: &dyn std::fmt::Display| format!("{}: {why}", file.display());
    let text = std::fs::read_to_string(file).map_err(|why| failed(&why))?;
    toml::from_str(&text).map_err(|why| failed(&why))
}

/// Ids of both pages; `None` when there is no such folder.
fn spec(folder: &Path) -> Result<Option<Spec>, String> {
    if !folder.is_dir() {
        return Ok(None);
    }
    let read = |name: &str| {
        let path = folder.join(name);
        std::fs::read_to_string(&path).map_err(|why| format!("{}: {why}", path.display()))
    };
    let mut spec = requirements(&read("features.md")?);
    spec.extend(keys(&read("account-keys.toml")?)?);
    Ok(Some(spec))
}

/// `### M-001 Title` of features.md.
fn requirements(page: &str) -> Spec {
    let heads = page.lines().filter_map(|line| line.strip_prefix("### "));
    let split = heads.filter_map(|head| head.split_once(' '));
    split
        .filter(|(id, _)| id.starts_with("M-"))
        .map(|(id, title)| (id.to_owned(), title.to_owned()))
        .collect()
}

/// Id and path of every `[[key]]` of account-keys.toml.
fn keys(text: &str) -> Result<Spec, String> {
    let table: toml::Table = text
        .parse()
        .map_err(|why| format!("account-keys.toml: {why}"))?;
    let keys = table.get("key").and_then(toml::Value::as_array);
    let keys = keys.ok_or("account-keys.toml: there is no [[key]]")?;
    let text = |key: &toml::Value, name: &str| Some(key.get(name)?.as_str()?.to_owned());
    Ok(keys
        .iter()
        .filter_map(|key| Some((text(key, "id")?, text(key, "path")?)))
        .collect())
}

/// What all tests of the tree claim.
fn claims(space: &Workspace) -> Claims {
    let mut claims = Claims::new();
    let mut add = |id: String, test: String| {
        claims.entry(id).or_default().insert(test);
    };
    for folder in FOLDERS {
        for path in space.files(folder, ".rs") {
            let text = std::fs::read_to_string(&path).unwrap_or_default();
            let short = space.short(&path);
            for (id, test) in of_source(&short, &text) {
                add(id, format!("{short}::{test}"));
            }
        }
        for ending in [".ladder", ".scn"] {
            for path in space.files(folder, ending) {
                let text = std::fs::read_to_string(&path).unwrap_or_default();
                let short = space.short(&path);
                ids(&text).into_iter().for_each(|id| add(id, short.clone()));
            }
        }
    }
    claims
}

/// Claims of one Rust file: requirement and test.
fn of_source(short: &str, text: &str) -> Vec<(String, String)> {
    let source = Source::new(text);
    let tests = tests_of(&source);
    let mut found = Vec::new();
    for test in &tests {
        let by_name = ids_of_name(test.name).into_iter();
        found.extend(by_name.map(|id| (id, test.name.to_owned())));
        let begin = first_comment(&source, test.from);
        for comment in &source.comments {
            if (begin..=test.to).contains(&comment.line) {
                let named = ids(comment.text).into_iter();
                found.extend(named.map(|id| (id, test.name.to_owned())));
            }
        }
    }
    if is_test_file(short) && !tests.is_empty() {
        let line = |at: usize| text.lines().nth(at - 1).unwrap_or("").trim_start();
        let heads = source
            .comments
            .iter()
            .filter(|comment| line(comment.line).starts_with("//!"));
        let named = heads.flat_map(|comment| ids(comment.text));
        found.extend(named.map(|id| (id, "(all)".to_owned())));
    }
    found
}

/// A test function: its lines from the first attribute to the last brace.
struct Test<'a> {
    name: &'a str,
    from: usize,
    to: usize,
}

/// All functions with an attribute that ends in `test`, such as `#[tokio::test]`.
fn tests_of<'a>(source: &Source<'a>) -> Vec<Test<'a>> {
    let word = |at: usize| source.tokens.get(at).map(|token| token.text);
    let mut tests = Vec::new();
    let mut at = 0;
    while at < source.tokens.len() {
        let begin = at;
        let mut is_test = false;
        while word(at) == Some("#") && word(at + 1) == Some("[") {
            let end = source.closing(at + 1).unwrap_or(source.tokens.len());
            let path = (at + 2..end).take_while(|i| word(*i) != Some("("));
            is_test |= path.last().and_then(word) == Some("test");
            at = end + 1;
        }
        if !is_test {
            at = at.max(begin + 1);
            continue;
        }
        while word(at).is_some_and(|text| text != "fn") {
            at += 1;
        }
        let body = (at..source.tokens.len()).find(|i| word(*i) == Some("{"));
        let end = body.and_then(|open| source.closing(open));
        let (Some(name), Some(end)) = (word(at + 1), end) else {
            break;
        };
        tests.push(Test {
            name,
            from: source.tokens[begin].line,
            to: source.tokens[end].line,
        });
        at = end + 1;
    }
    tests
}

/// The first line of the comments that stand directly above `line`.
fn first_comment(source: &Source<'_>, line: usize) -> usize {
    let mut first = line;
    for comment in source.comments.iter().rev() {
        let last = comment.line + comment.text.matches('\n').count();
        if last + 1 == first {
            first = comment.line;
        }
    }
    first
}

/// `m_037_keys_are_heard` is of M-037, `m005_m007_loss` of both, and `nothing_is_lost_m_123` of M-123.
fn ids_of_name(name: &str) -> Vec<String> {
    let words: Vec<&str> = name.split('_').collect();
    let number = |digits: &str| digits.len() == 3 && digits.bytes().all(|b| b.is_ascii_digit());
    let id = |(at, word): (usize, &&str)| {
        let digits = match word.strip_prefix(['m', 'k'])? {
            "" => words.get(at + 1)?,
            digits => digits,
        };
        let letter = word[..1].to_ascii_uppercase();
        number(digits).then(|| format!("{letter}-{digits}"))
    };
    words.iter().enumerate().filter_map(id).collect()
}

/// Ids in a text, those between `K-038 to K-041` among them.
fn ids(text: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let mut last: Option<(char, u32, usize)> = None;
    for (at, sign) in text.char_indices().filter(|(_, c)| matches!(c, 'M' | 'K')) {
        let before = text[..at].chars().next_back();
        let digits = text[at + 1..]
            .strip_prefix('-')
            .and_then(|rest| rest.get(..3));
        let after = text[at + 1..].chars().nth(4);
        let Some(number) = digits
            .filter(|digits| digits.bytes().all(|b| b.is_ascii_digit()))
            .filter(|_| !before.is_some_and(char::is_alphanumeric))
            .filter(|_| !after.is_some_and(char::is_alphanumeric))
            .and_then(|digits| digits.parse::<u32>().ok())
        else {
            continue;
        };
        let first = match last {
            Some((of, from, end)) if of == sign && text[end..at].trim() == "to" => from + 1,
            Some(_) | None => number,
        };
        found.extend((first..=number).map(|n| format!("{sign}-{n:03}")));
        last = Some((sign, number, at + 5));
    }
    found
}
