//! `token`.

use crate::fake::run_alone;

#[test]
fn m067_tokens_are_made_listed_and_taken_away() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("tokens.json");
    let file = file.to_str().unwrap();
    let token = |words: &[&str]| {
        let mut args = vec!["token"];
        args.extend(words);
        args.extend(["--file", file]);
        run_alone(&args)
    };
    assert_eq!(token(&["list"]).told(), "nobody has a token\n--- exit 0\n");
    let made = token(&["new", "crm", "--days", "2"]);
    assert_eq!(made.exit, Some(0));
    let text = made.out.trim_end();
    assert!(text.starts_with("oht_") && text.len() == 68, "{text}");
    assert!(made.err.contains("crm  read, call until "), "{}", made.err);
    let again = token(&["new", "crm"]);
    assert_eq!(again.exit, Some(2));
    assert!(
        again.err.contains("there is a token for 'crm' already"),
        "{}",
        again.err
    );
    let narrow = token(&["new", "wall", "--scope", "read", "--json"]);
    assert!(
        narrow.out.contains(r#""scopes":["read"]"#),
        "{}",
        narrow.out
    );
    let listed = token(&["list", "--json"]);
    assert!(listed.out.contains(r#""name":"crm""#) && listed.out.contains(r#""name":"wall""#));
    assert!(!listed.out.contains("oht_"), "no token is shown twice");
    for (words, exit) in [
        (&["remove", "crm"][..], 0),
        (&["remove", "crm"], 2),
        (&["new", "a b"], 2),
        (&["new", "b", "--days", "0"], 2),
        (&["new", "b", "--scope", "write"], 2),
    ] {
        assert_eq!(token(words).exit, Some(exit), "{words:?}");
    }
    std::fs::write(file, "[").unwrap();
    let damaged = token(&["list"]);
    assert_eq!(damaged.exit, Some(1));
    assert!(damaged.err.starts_with("! OH-6204 "), "{}", damaged.err);
}
