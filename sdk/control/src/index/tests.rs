use super::*;
use expect_test::expect;

#[test]
fn the_index_is_sorted_complete_and_plain() {
    assert!(INDEX.is_sorted_by(|a, b| a.code < b.code));
    for entry in INDEX {
        assert_eq!(find(entry.code), Some(entry));
        for text in [entry.title, entry.cause, entry.fix] {
            assert!(
                !text.is_empty() && !text.ends_with('.') && !text.contains('\n'),
                "{text}"
            );
        }
        assert_ne!(entry.exit, ExitCode::Success, "{}", entry.code);
        assert!(entry.title.len() <= 72, "{}", entry.title);
    }
    assert_eq!(find(Code(9999)), None);
}

#[test]
fn explain_prints_cause_fix_and_exit() {
    expect![[r#"
        OH-3107  you are sending sound but nothing comes back
          why   they told us an address for sound that is not reachable from here, or something between blocks it
          fix   on a real PBX turn on "NAT / symmetric RTP" for this phone
          exit  7
    "#]]
    .assert_eq(&explain(Code::MEDIA_UNREACHABLE).unwrap());
    assert_eq!(explain(Code(1)), None);
}
