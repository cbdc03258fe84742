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
        step(3000, StepKind::Note, "muted; <b>#1</b>"),
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

/// The first line keeps the margin of the others when golden texts are aligned.
fn drawn(ascii: bool) -> String {
    format!("call c7k2\n{}\n", text(&ladder(), ascii).join("\n"))
}

#[test]
fn text_has_two_columns_with_arrows() {
    expect![[r#"
        call c7k2
                 101 (you)                     600 demo-pbx
          0.000  │──────── INVITE sdp: pcmu pcma ────────▶│
          0.500  │──── INVITE sdp: pcmu pcma (again) ────▶│
          0.501  │◀───────────── 100 Trying ──────────────│
          0.512  │◀──────────── 180 Ringing ──────────────│
          0.711  │◀────────── 200 OK sdp: pcmu ───────────│
          0.712  │───────────────── ACK ─────────────────▶│
          0.715  │══════════ RTP PCMU 50 pkt/s ══════════▶│
          0.716  │◀═════════ RTP PCMU 50 pkt/s ═══════════│
          3.000  │ · muted; <b>#1</b>                     │
         12.001  │───────────────── BYE ─────────────────▶│
    "#]]
    .assert_eq(&drawn(false));
}

#[test]
fn text_can_do_without_drawing_characters() {
    expect![[r#"
        call c7k2
                 101 (you)                     600 demo-pbx
          0.000  |-------- INVITE sdp: pcmu pcma -------->|
          0.500  |---- INVITE sdp: pcmu pcma (again) ---->|
          0.501  |<------------- 100 Trying --------------|
          0.512  |<------------ 180 Ringing --------------|
          0.711  |<---------- 200 OK sdp: pcmu -----------|
          0.712  |----------------- ACK ----------------->|
          0.715  |========== RTP PCMU 50 pkt/s ==========>|
          0.716  |<========= RTP PCMU 50 pkt/s ===========|
          3.000  | * muted; <b>#1</b>                     |
         12.001  |----------------- BYE ----------------->|
    "#]]
    .assert_eq(&drawn(true));
}

#[test]
fn mermaid_is_a_sequence_diagram() {
    expect![[r#"
        sequenceDiagram
            participant A as 101 (you)
            participant B as 600 demo-pbx
            A->>B: 0.000 INVITE sdp: pcmu pcma
            A->>B: 0.500 INVITE sdp: pcmu pcma (again)
            B->>A: 0.501 100 Trying
            B->>A: 0.512 180 Ringing
            B->>A: 0.711 200 OK sdp: pcmu
            A->>B: 0.712 ACK
            A-->>B: 0.715 RTP PCMU 50 pkt/s
            B-->>A: 0.716 RTP PCMU 50 pkt/s
            Note over A,B: 3.000 muted#59; #lt;b#gt;#35;1#lt;/b#gt;
            A->>B: 12.001 BYE
    "#]]
    .assert_eq(&mermaid(&ladder()));
}

#[test]
fn svg_is_a_picture_by_itself() {
    let mut small = ladder();
    small.steps = vec![small.steps.remove(0), small.steps.remove(7)];
    expect![[r##"
        <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 680 144" font-family="sans-serif" font-size="12" role="img">
        <title>call c7k2</title>
        <rect width="680" height="144" fill="white"/>
        <text x="90" y="24" text-anchor="middle" font-weight="bold">101 (you)</text>
        <line x1="90" y1="34" x2="90" y2="144" stroke="#888"/>
        <text x="590" y="24" text-anchor="middle" font-weight="bold">600 demo-pbx</text>
        <line x1="590" y1="34" x2="590" y2="144" stroke="#888"/>
        <text x="6" y="60" fill="#555">0.000</text>
        <text x="340" y="56" text-anchor="middle">INVITE sdp: pcmu pcma</text>
        <line x1="90" y1="60" x2="590" y2="60" stroke="black"/>
        <path d="M590 60 L582 56 L582 64 Z"/>
        <text x="6" y="88" fill="#555">3.000</text>
        <text x="340" y="84" text-anchor="middle">muted; &lt;b&gt;#1&lt;/b&gt;</text>
        </svg>
    "##]].assert_eq(&svg(&small));
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

#[test]
fn pictures_hold_no_control_characters() {
    let mut evil = ladder();
    evil.steps = vec![step(0, StepKind::SipOut, "BYE\u{1b}[2J")];
    assert!(mermaid(&evil).contains("BYE?[2J"));
    assert!(svg(&evil).contains("BYE?[2J"));
}
