use super::*;

/// What is said of a file, without line numbers.
fn said(short: &str, text: &str) -> Vec<String> {
    source_file(short, text)
        .into_iter()
        .map(|(_, text)| text)
        .collect()
}

#[test]
fn a_clean_file_passes() {
    let text = "//! What it is.\n\n/// Waits.\n///\n/// Source: RFC 3261 §17.1.1, as amended by RFC 6026 §7.2.\npub fn wait() {}\n";
    assert!(said("core/x/src/lib.rs", text).is_empty());
}

#[test]
fn code_is_counted_without_comments_and_tests() {
    let code = "fn f() {}\n".repeat(FILE_LINES);
    let comments = "// why\n\n".repeat(300);
    let tests = format!(
        "#[cfg(test)]\nmod tests {{\n{}}}\n",
        "fn t() {}\n".repeat(INLINE_TEST_LINES - 3)
    );
    assert!(said("core/x/src/a.rs", &format!("{comments}{code}{tests}")).is_empty());
    assert_eq!(
        said("core/x/src/a.rs", &format!("{code}fn g() {{}}\n")),
        ["401 lines of code, at most 400"]
    );
    assert!(said("core/x/src/a/tests.rs", &format!("{code}fn g() {{}}\n")).is_empty());
}

#[test]
fn long_inline_tests_move_out() {
    let tests = format!(
        "fn a() {{}}\n#[cfg(test)]\nmod tests {{\n{}}}\n",
        "fn t() {}\n".repeat(INLINE_TEST_LINES)
    );
    assert_eq!(said("core/x/src/a.rs", &tests).len(), 1);
}

#[test]
fn markers_count_in_comments_only() {
    assert_eq!(said("a.rs", "// TODO later"), ["leftover marker 'TODO'"]);
    assert_eq!(
        said("a.rs", "/* a\n   b for now c */"),
        ["leftover marker 'for now'"]
    );
    assert_eq!(
        said("a.rs", "/// A placeholder."),
        ["leftover marker 'placeholder'"]
    );
    assert!(said("a.rs", "let a = \"TODO\"; // XXXL hackney for nowhere").is_empty());
    assert_eq!(
        manifest_markers("a = 1\nb = 2 # FIXME"),
        [(2, "leftover marker 'FIXME'".to_string())]
    );
}

#[test]
fn missing_code_and_ignored_tests_are_found() {
    assert_eq!(
        said("a.rs", "fn f() { todo!() }"),
        ["todo! is left in the code"]
    );
    assert_eq!(
        said("a.rs", "#[test]\n#[ignore = \"slow\"]\nfn f() {}").len(),
        1
    );
    assert_eq!(
        said("a.rs", "#[cfg_attr(windows, ignore)]\nfn f() {}").len(),
        1
    );
    assert!(said("a.rs", "#[serde(ignore)]\nfn ignore() {}").is_empty());
}

#[test]
fn a_citation_names_its_section() {
    assert_eq!(
        said("a.rs", "/// Source: RFC 3261."),
        ["cites RFC 3261 without a section"]
    );
    assert_eq!(
        said("a.rs", "/// Source: RFC 3261 §8.1, RFC 6026"),
        ["cites RFC 6026 without a section"]
    );
    assert!(
        said(
            "a.rs",
            "/// Source: RFC 3261\n/// figure 5; the rest is ours."
        )
        .is_empty()
    );
    assert_eq!(
        said("a.rs", "/// Source: RFC 3261\n///\n/// §9 elsewhere").len(),
        1
    );
    assert!(said("a.rs", "/// Speaks RFC 3261.\n// Source: RFC 3261").is_empty());
}

#[test]
fn crate_roots_say_what_they_are() {
    assert_eq!(said("core/x/src/lib.rs", "pub mod a;\n").len(), 1);
    assert!(said("core/x/src/other.rs", "pub mod a;\n").is_empty());
}

#[test]
fn a_crate_is_mentioned_by_folder_name_or_short_name() {
    let member = Member {
        name: "offhook-sip".into(),
        folder: "core/sip".into(),
        ..Member::default()
    };
    assert!(is_mentioned("the machines (core/sip)", &member));
    assert!(is_mentioned("`sip` has no clock", &member));
    assert!(is_mentioned("`offhook-sip`", &member));
    assert!(!is_mentioned("speaks sip", &member));
}
