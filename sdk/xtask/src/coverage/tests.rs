use super::*;

fn claimed(short: &str, text: &str) -> Vec<String> {
    let found = of_source(short, text).into_iter();
    found.map(|(id, test)| format!("{id} {test}")).collect()
}

#[test]
fn names_and_comments_of_tests_claim() {
    let text = "
//! Of a file. M-001.

/// M-002: not of a test.
fn helper() {}

/// M-003: above.
#[tokio::test(start_paused = true)]
async fn k_004_by_name() {
    // M-005: inside.
    { let b = 1; }
}

// K-006 to K-008, and
// M-009.
#[test]
fn m010_twice() {}
";
    let of_tests = [
        "K-004 k_004_by_name",
        "M-003 k_004_by_name",
        "M-005 k_004_by_name",
        "M-010 m010_twice",
        "K-006 m010_twice",
        "K-007 m010_twice",
        "K-008 m010_twice",
        "M-009 m010_twice",
    ];
    assert_eq!(claimed("core/x/src/a.rs", text), of_tests);
    let mut of_file = of_tests.to_vec();
    of_file.push("M-001 (all)");
    assert_eq!(claimed("core/x/tests/a.rs", text), of_file);
}

#[test]
fn what_is_no_test_claims_nothing() {
    let text = "//! M-001\n\n/// M-002\nfn f() {}\n\n#[cfg(test)]\n/// M-003\nfn g() {}\n";
    assert!(claimed("tests/sim/src/a.rs", text).is_empty());
}

#[test]
fn ids_are_whole_words() {
    assert_eq!(
        ids("M-001, (K-022); M-0010 XM-003 M-12 K-019."),
        ["M-001", "K-022", "K-019"]
    );
    assert_eq!(ids("M-003 to K-005"), ["M-003", "K-005"]);
    assert!(ids_of_name("m_001x").is_empty());
    assert_eq!(ids_of_name("k066_a"), ["K-066"]);
    assert_eq!(ids_of_name("m_005_m007_loss"), ["M-005", "M-007"]);
    assert_eq!(
        ids_of_name("nothing_is_lost_m_121_k_001"),
        ["M-121", "K-001"]
    );
    assert!(ids_of_name("m_0010_a_km_100").is_empty());
}

#[test]
fn a_claim_of_nothing_required_is_wrong_and_a_reason_without_a_test() {
    let spec: Spec = [("M-001".to_owned(), "Register".to_owned())].into();
    let claims: Claims = [("M-999".to_owned(), ["a.rs::t".to_owned()].into())].into();
    let reason = "waits for another capability".to_owned();
    let partly = [
        ("M-001".to_owned(), reason.clone()),
        ("K-999".to_owned(), reason),
    ]
    .into();
    assert_eq!(
        wrong(&spec, &claims, &partly),
        [
            "a.rs::t: M-999 is not in the specification",
            "tests/partly.toml: K-999 is not in the specification",
            "tests/partly.toml: no test covers any part of M-001",
        ]
    );
    let claims: Claims = [("M-001".to_owned(), ["a.rs::t".to_owned()].into())].into();
    let partly = [("M-001".to_owned(), "later".to_owned())].into();
    assert_eq!(
        wrong(&spec, &claims, &partly),
        ["tests/partly.toml: M-001 has no reason"]
    );
    assert_eq!(
        count("M", &spec, &claims, &partly),
        "M: 1 in all, 0 covered, 1 partly, 0 none"
    );
}

#[test]
fn the_pages_of_the_specification_are_read() {
    let page = "# Features\n### M-001 Register\ntext\n### M-002 Call\n## 2. More\n### Other\n";
    let read: Vec<(String, String)> = requirements(page).into_iter().collect();
    assert_eq!(read[1], ("M-002".to_owned(), "Call".to_owned()));
    assert_eq!(read.len(), 2);
    let text = "[[key]]\nid = \"K-001\"\nname = \"a\"\npath = \"account/a\"\n";
    assert_eq!(keys(text).unwrap()["K-001"], "account/a");
    assert!(keys("[meta]\n").is_err());
}
