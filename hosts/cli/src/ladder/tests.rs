use super::*;
use control::Ladder;
use control::ladder::{Step, StepKind};
use expect_test::expect;

fn step(at_ms: u64, kind: StepKind, text: &str) -> Step {
    Step {
        at_ms,
        kind,
        text: text.into(),
        repeat: false,
    }
}

fn ladder() -> Ladder {
    let mut steps = vec![
        step(0, StepKind::SipOut, "INVITE sdp: pcmu pcma"),
        step(500, StepKind::SipOut, "INVITE sdp: pcmu pcma"),
        step(501, StepKind::SipIn, "100 Trying"),
        step(512, StepKind::SipIn, "180 Ringing"),
        step(711, StepKind::SipIn, "200 OK sdp: pcmu"),
        step(712, StepKind::SipOut, "ACK"),
        step(715, StepKind::MediaOut, "RTP PCMU 50 pkt/s"),
        step(716, StepKind::MediaIn, "RTP PCMU 50 pkt/s"),
        step(3000, StepKind::Note, "muted; <b>#1</b>\u{1b}"),
        step(12_001, StepKind::SipOut, "BYE"),
    ];
    steps[1].repeat = true;
    Ladder {
        call: "c7k2".parse().unwrap(),
        local: "101".into(),
        remote: "600 demo-pbx".into(),
        steps,
    }
}

#[test]
fn text_has_two_columns_with_arrows() {
    expect![[r#""#]].assert_eq(&text(&ladder(), false).join("\n"));
}

#[test]
fn text_can_do_without_drawing_characters() {
    expect![[r#""#]].assert_eq(&text(&ladder(), true).join("\n"));
}

#[test]
fn mermaid_is_a_sequence_diagram() {
    expect![[r#""#]].assert_eq(&mermaid(&ladder()));
}

#[test]
fn svg_is_a_picture_by_itself() {
    let mut small = ladder();
    small.steps = vec![small.steps.remove(0), small.steps.remove(7)];
    expect![[r#""#]].assert_eq(&svg(&small));
}

#[test]
fn lines_stay_between_the_columns_however_long_their_words() {
    for length in [0, 1, 31, 32, 33, 87, 88, 89, 500] {
        for kind in [
            StepKind::SipOut,
            StepKind::SipIn,
            StepKind::Note,
            StepKind::Unknown,
        ] {
            for ascii in [false, true] {
                let mut long = ladder();
                long.steps = vec![step(0, kind, &"x".repeat(length)), step(1, kind, "ACK")];
                let lines = text(&long, ascii);
                let ends: Vec<_> = lines[1..].iter().map(|line| line.chars().count()).collect();
                assert_eq!(ends[0], ends[1], "{length} {kind:?}");
                assert!(ends[0] <= 108, "{}", ends[0]);
            }
        }
    }
    let mut none = ladder();
    none.steps.clear();
    assert_eq!(text(&none, false).len(), 1);
}
