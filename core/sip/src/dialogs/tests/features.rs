//! What one peer, or a proxy, can do to us.

use super::flows::config;
use super::solo::Solo;
use crate::auth::{Authenticator, Credentials};
use crate::dialogs::{Config, Full, Limits};
use crate::session::Wish;
use base::Redacted;
use expect_test::{Expect, expect};
use sip_message::{HeaderName, Uri};

#[track_caller]
fn check(script: &str, trace: Expect) {
    trace.assert_eq(&Solo::new(config()).run(script));
}

#[track_caller]
fn check_with(config: Config, script: &str, trace: Expect) {
    trace.assert_eq(&Solo::new(config).run(script));
}

/// RFC 3261 §13.2.2.4: the first 2xx wins; another fork that answers gets ACK and BYE.
#[test]
fn forks_that_answer_late_are_released() {
    check(
        "0   dial o1
         10  hears 180 INVITE tag=a
         20  hears 183 INVITE tag=b sdp=eb
         30  hears 200 INVITE tag=b sdp=ab
         40  hears 200 INVITE tag=a sdp=aa
         50  hears 200 BYE
         60  hears 200 INVITE tag=b sdp=ab
         70  hears 200 INVITE tag=a sdp=aa
         80  hangup
         90  hears 200 BYE
         100 hears 200 INVITE tag=c sdp=ac
         110 hears 200 BYE
         70000 wait",
        expect![[r#"
            0     dial o1
            0       sends INVITE [o1] via sip:bob@b.test
            10    hears 180 INVITE tag=a
            10      ! progress 0 180
            20    hears 183 INVITE tag=b sdp=eb
            20      ! answer 1 eb early
            20      ! progress 1 183
            30    hears 200 INVITE tag=b sdp=ab
            30      sends ACK to b
            30      ! answer 1 ab
            30      ! confirmed 1
            40    hears 200 INVITE tag=a sdp=aa
            40      sends ACK to a
            40      sends BYE to a via sip:a@10.0.0.9
            50    hears 200 BYE
            60    hears 200 INVITE tag=b sdp=ab
            60      sends ACK to b
            70    hears 200 INVITE tag=a sdp=aa
            70      sends ACK to a
            80    hangup 
            80      sends BYE to b via sip:b@10.0.0.9
            90    hears 200 BYE
            90      ! ended normal Local Plain 0
            100   hears 200 INVITE tag=c sdp=ac
            100     sends ACK to c
            100     sends BYE to c via sip:c@10.0.0.9
            110   hears 200 BYE
            70000 wait 
        "#]],
    );
}

/// RFC 3262 §4: PRACK for each reliable 1xx in order, per fork; a gap and a repeat get none.
#[test]
fn reliable_progress_is_acknowledged_in_order() {
    check(
        "0  dial o1
         10 hears 183 INVITE tag=a sdp=e1 Require=100rel RSeq=5
         20 hears 200 PRACK
         30 hears 183 INVITE tag=a sdp=e1 Require=100rel RSeq=5
         40 hears 180 INVITE tag=a Require=100rel RSeq=7
         50 hears 180 INVITE tag=a Require=100rel RSeq=6
         60 hears 180 INVITE tag=b Require=100rel RSeq=900
         70 hears 200 INVITE tag=a
         80 hangup",
        expect![[r#"
            0     dial o1
            0       sends INVITE [o1] via sip:bob@b.test
            10    hears 183 INVITE tag=a sdp=e1 Require=100rel RSeq=5
            10      sends PRACK RAck: to a via sip:a@10.0.0.9
            10      ! answer 0 e1
            10      ! progress 0 183
            20    hears 200 PRACK
            30    hears 183 INVITE tag=a sdp=e1 Require=100rel RSeq=5
            40    hears 180 INVITE tag=a Require=100rel RSeq=7
            50    hears 180 INVITE tag=a Require=100rel RSeq=6
            50      sends PRACK RAck: to a via sip:a@10.0.0.9
            50      ! progress 0 180
            60    hears 180 INVITE tag=b Require=100rel RSeq=900
            60      sends PRACK RAck: to b via sip:b@10.0.0.9
            60      ! progress 1 180
            70    hears 200 INVITE tag=a
            70      sends ACK to a
            70      ! confirmed 0
            80    hangup 
            80      sends BYE to a via sip:a@10.0.0.9
        "#]],
    );
}

/// RFC 3262 §5: the offer comes in the reliable 1xx, the answer goes in the PRACK.
#[test]
fn an_offer_in_a_reliable_1xx_is_answered_in_the_prack() {
    check(
        "0  dial
         10 hears 183 INVITE tag=a sdp=o1 Require=100rel RSeq=1
         20 answer a1
         30 hears 200 PRACK
         40 hears 200 INVITE tag=a
         50 hangup",
        expect![[r#"
            0     dial 
            0       sends INVITE via sip:bob@b.test
            10    hears 183 INVITE tag=a sdp=o1 Require=100rel RSeq=1
            10      ! offer 0 o1
            10      ! progress 0 183
            20    answer a1
            20      sends PRACK RAck: [a1] to a via sip:a@10.0.0.9
            30    hears 200 PRACK
            40    hears 200 INVITE tag=a
            40      sends ACK to a
            40      ! confirmed 0
            50    hangup 
            50      sends BYE to a via sip:a@10.0.0.9
        "#]],
    );
}

/// RFC 3262 §3: the 2xx waits for the PRACK; a wrong RAck gets 481; 1xx are repeated.
#[test]
fn our_reliable_progress_holds_the_success_back() {
    check(
        "0    asked INVITE cseq=7 sdp=o1 Supported=100rel
         10   reliable a1
         20   accept
         1000 asked PRACK cseq=8 RAck=1_7_INVITE
         1600 asked PRACK cseq=9 RAck=last_7_INVITE
         1700 asked ACK cseq=7",
        expect![[r#"
            0     asked INVITE cseq=7 sdp=o1 Supported=100rel
            0       ! incoming o1
            10    reliable a1
            10      says 183 INVITE RSeq: [a1]
            20    accept 
            510     says 183 INVITE RSeq: [a1]
            1000  asked PRACK cseq=8 RAck=1_7_INVITE
            1000    says 481 PRACK
            1510    says 183 INVITE RSeq: [a1]
            1600  asked PRACK cseq=9 RAck=last_7_INVITE
            1600    says 200 PRACK
            1600    says 200 INVITE
            1700  asked ACK cseq=7
            1700    ! confirmed 0
        "#]],
    );
}

/// RFC 3262 §3: nobody acknowledges, so the INVITE is refused after 64·T1.
#[test]
fn reliable_progress_without_prack_gives_up() {
    check(
        "0     asked INVITE cseq=7 sdp=o1 Require=100rel
         10    ring
         33000 wait",
        expect![[r#"
            0     asked INVITE cseq=7 sdp=o1 Require=100rel
            0       ! incoming o1
            10    ring 
            10      says 180 INVITE RSeq:
            510     says 180 INVITE RSeq:
            1510    says 180 INVITE RSeq:
            3510    says 180 INVITE RSeq:
            7510    says 180 INVITE RSeq:
            15510   says 180 INVITE RSeq:
            31510   says 180 INVITE RSeq:
            32010   says 504 INVITE
            32010   ! ended failed Local NoPrack 504
            33000 wait 
        "#]],
    );
}

/// RFC 3311 §5.1: after the early answer either side may UPDATE; RFC 5407 §3.3.2: they may cross.
#[test]
fn updates_before_the_answer() {
    check(
        "0  dial o1
         10 hears 183 INVITE tag=a sdp=a1 Require=100rel RSeq=1 Allow=INVITE,UPDATE
         20 hears 200 PRACK
         30 offer o2
         40 asked UPDATE tag=a cseq=1 sdp=o3
         50 hears 491 UPDATE
         60 asked UPDATE tag=a cseq=2 sdp=o3
         70 asked UPDATE tag=a cseq=3 sdp=o4
         80 answer a3
         90 asked UPDATE tag=a cseq=2 sdp=o5
         99 hears 200 INVITE tag=a",
        expect![[r#"
            0     dial o1
            0       sends INVITE [o1] via sip:bob@b.test
            10    hears 183 INVITE tag=a sdp=a1 Require=100rel RSeq=1 Allow=INVITE,UPDATE
            10      sends PRACK RAck: to a via sip:a@10.0.0.9
            10      ! answer 0 a1
            10      ! progress 0 183
            20    hears 200 PRACK
            30    offer o2
            30      sends UPDATE [o2] to a via sip:a@10.0.0.9
            40    asked UPDATE tag=a cseq=1 sdp=o3
            40      says 491 UPDATE
            50    hears 491 UPDATE
            50      ! offer refused 491
            60    asked UPDATE tag=a cseq=2 sdp=o3
            60      ! offer 0 o3
            70    asked UPDATE tag=a cseq=3 sdp=o4
            70      says 500 UPDATE Retry-After:5
            80    answer a3
            80      says 200 UPDATE [a3]
            90    asked UPDATE tag=a cseq=2 sdp=o5
            90      says 500 UPDATE Retry-After:6
            99    hears 200 INVITE tag=a
            99      sends ACK to a
            99      ! confirmed 0
        "#]],
    );
}

/// RFC 5407 §3.3.2: our re-INVITE is out when the peer's UPDATE comes, and the other way round.
#[test]
fn update_and_reinvite_cross() {
    check(
        "0   dial o1
         10  hears 200 INVITE tag=a sdp=a1
         20  offer o2
         30  asked UPDATE tag=a cseq=1 sdp=o3
         40  hears 491 INVITE tag=a
         50  asked UPDATE tag=a cseq=2 sdp=o3
         60  asked INVITE tag=a cseq=3 sdp=o4
         70  answer a3
         4500 hears 200 INVITE tag=a sdp=a2",
        expect![[r#"
            0     dial o1
            0       sends INVITE [o1] via sip:bob@b.test
            10    hears 200 INVITE tag=a sdp=a1
            10      sends ACK to a
            10      ! answer 0 a1
            10      ! confirmed 0
            20    offer o2
            20      sends INVITE [o2] to a via sip:a@10.0.0.9
            30    asked UPDATE tag=a cseq=1 sdp=o3
            30      says 491 UPDATE
            40    hears 491 INVITE tag=a
            50    asked UPDATE tag=a cseq=2 sdp=o3
            50      ! offer 0 o3
            60    asked INVITE tag=a cseq=3 sdp=o4
            60      says 500 INVITE Retry-After:3
            70    answer a3
            70      says 200 UPDATE [a3]
            3370    sends INVITE [o2] to a via sip:bob@10.0.0.2
            4500  hears 200 INVITE tag=a sdp=a2
            4500    sends ACK to a
            4500    ! answer 0 a2
        "#]],
    );
}

/// An UPDATE that nobody answers dies with its transaction, and the next offer is free again.
#[test]
fn an_unanswered_update_lapses() {
    check(
        "0     asked INVITE cseq=1 sdp=o1
         20    accept a1
         30    asked ACK cseq=1
         40    asked UPDATE cseq=2 sdp=o2
         33000 lapsed 2
         33010 offer o3",
        expect![[r#"
            0     asked INVITE cseq=1 sdp=o1
            0       ! incoming o1
            20    accept a1
            20      says 200 INVITE [a1]
            30    asked ACK cseq=1
            30      ! confirmed 0
            40    asked UPDATE cseq=2 sdp=o2
            40      ! offer 0 o2
            33000 lapsed 2
            33000   ! offer withdrawn
            33010 offer o3
            33010   sends INVITE [o3] to peer via sip:bob@10.0.0.2
        "#]],
    );
}

/// RFC 3261 §13.2.1: the answer of an unreliable 183 is said again in the 200.
#[test]
fn early_media_without_100rel() {
    check(
        "0  asked INVITE cseq=1 sdp=o1
         10 early a1
         20 accept",
        expect![[r#"
            0     asked INVITE cseq=1 sdp=o1
            0       ! incoming o1
            10    early a1
            10      says 183 INVITE [a1]
            20    accept 
            20      says 200 INVITE [a1]
        "#]],
    );
}

/// RFC 5407 §3.1.3: BYE in the early dialog crosses our 200, which is repeated until its ACK.
#[test]
fn early_bye_crosses_the_success() {
    check(
        "0    asked INVITE cseq=1 sdp=o1
         10   accept a1
         20   asked BYE cseq=2
         700  asked ACK cseq=1
         3000 wait",
        expect![[r#"
            0     asked INVITE cseq=1 sdp=o1
            0       ! incoming o1
            10    accept a1
            10      says 200 INVITE [a1]
            20    asked BYE cseq=2
            20      says 200 BYE
            20      ! ended normal Remote Plain 0
            510     says 200 INVITE [a1]
            700   asked ACK cseq=1
            3000  wait 
        "#]],
    );
}

/// RFC 3261 §15: BYE before our final response ends the call as a CANCEL would.
#[test]
fn early_bye_ends_a_ringing_call() {
    check(
        "0  asked INVITE cseq=1 sdp=o1
         10 ring
         20 asked BYE cseq=2",
        expect![[r#"
            0     asked INVITE cseq=1 sdp=o1
            0       ! incoming o1
            10    ring 
            10      says 180 INVITE
            20    asked BYE cseq=2
            20      says 200 BYE
            20      says 487 INVITE
            20      ! ended cancelled Remote Plain 487
        "#]],
    );
}

/// RFC 5407 §3.3.3: REFER after our BYE comes too late.
#[test]
fn refer_in_the_mortal_state() {
    check(
        "0  dial o1
         10 hears 200 INVITE tag=a sdp=a1
         20 hangup
         30 asked REFER tag=a cseq=1
         40 hears 200 BYE",
        expect![[r#"
            0     dial o1
            0       sends INVITE [o1] via sip:bob@b.test
            10    hears 200 INVITE tag=a sdp=a1
            10      sends ACK to a
            10      ! answer 0 a1
            10      ! confirmed 0
            20    hangup 
            20      sends BYE to a via sip:a@10.0.0.9
            30    asked REFER tag=a cseq=1
            30      says 481 REFER
            40    hears 200 BYE
            40      ! ended normal Local Plain 0
        "#]],
    );
}

/// RFC 3326: another phone of ours took the call.
#[test]
fn a_cancel_may_say_answered_elsewhere() {
    check(
        "0  asked INVITE cseq=1 sdp=o1
         10 ring
         20 cancelled SIP;cause=200",
        expect![[r#"
            0     asked INVITE cseq=1 sdp=o1
            0       ! incoming o1
            10    ring 
            10      says 180 INVITE
            20    cancelled SIP;cause=200
            20      says 487 INVITE
            20      ! ended answered_elsewhere Remote Plain 487
        "#]],
    );
}

/// RFC 3665 §3.6: a redirection is followed; RFC 3261 §8.1.3.4.
#[test]
fn redirections_are_followed_once_each() {
    check(
        "0  dial o1
         10 hears 302 INVITE tag=a Contact=<sip:bob@c.test>
         20 hears 302 INVITE tag=b Contact=<sip:bob@b.test>,<sip:bob@c.test>",
        expect![[r#"
            0     dial o1
            0       sends INVITE [o1] via sip:bob@b.test
            10    hears 302 INVITE tag=a Contact=<sip:bob@c.test>
            10      ! redirected sip:bob@c.test
            10      sends INVITE [o1] via sip:bob@c.test
            20    hears 302 INVITE tag=b Contact=<sip:bob@b.test>,<sip:bob@c.test>
            20      ! ended failed Remote Redirected 302
        "#]],
    );
}

/// RFC 4028 §7.3, §7.4, §9, §10: 422, refresh by UPDATE, and the end without an answer.
#[test]
fn session_timer_as_caller() {
    let timer = Some(Wish::default());
    check_with(
        Config { timer, ..config() },
        "0       dial o1
         10      hears 422 INVITE tag=a Min-SE=2000
         20      hears 200 INVITE tag=a sdp=a1 Session-Expires=2000;refresher=uac Allow=UPDATE
         1000100 hears 200 UPDATE Session-Expires=2000;refresher=uac
         2000200 hears 481 UPDATE
         2000300 hears 481 BYE",
        expect![[r#"
            0     dial o1
            0       sends INVITE Min-SE:90 Session-Expires:1800 [o1] via sip:bob@b.test
            10    hears 422 INVITE tag=a Min-SE=2000
            10      sends INVITE Min-SE:2000 Session-Expires:2000 [o1] via sip:bob@b.test
            20    hears 200 INVITE tag=a sdp=a1 Session-Expires=2000;refresher=uac Allow=UPDATE
            20      sends ACK to a
            20      ! answer 0 a1
            20      ! confirmed 0
            1000020   sends UPDATE Session-Expires:2000;refresher=uac to a via sip:a@10.0.0.9
            1000100 hears 200 UPDATE Session-Expires=2000;refresher=uac
            2000100   sends UPDATE Session-Expires:2000;refresher=uac to a via sip:a@10.0.0.9
            2000200 hears 481 UPDATE
            2000200   sends BYE to a via sip:a@10.0.0.9
            2000200   ! ended failed Local DialogLost 481
            2000300 hears 481 BYE
        "#]],
    );
}

/// RFC 4028 §9, §10: too short an interval, then the peer forgets to refresh.
#[test]
fn session_timer_as_callee() {
    check(
        "0     asked INVITE cseq=1 sdp=o1 Session-Expires=60 Supported=timer
         10    asked INVITE cseq=2 sdp=o1 Session-Expires=90;refresher=uac Supported=timer
         20    accept a1
         30    asked ACK cseq=2
         50000 asked UPDATE cseq=3 Session-Expires=90;refresher=uac Supported=timer
         120000 wait",
        expect![[r#"
            0     asked INVITE cseq=1 sdp=o1 Session-Expires=60 Supported=timer
            0       says 422 INVITE Min-SE:90
            10    asked INVITE cseq=2 sdp=o1 Session-Expires=90;refresher=uac Supported=timer
            10      ! incoming o1
            20    accept a1
            20      says 200 INVITE Session-Expires:90;refresher=uac [a1]
            30    asked ACK cseq=2
            30      ! confirmed 0
            50000 asked UPDATE cseq=3 Session-Expires=90;refresher=uac Supported=timer
            50000   says 200 UPDATE Session-Expires:90;refresher=uac
            110000   sends BYE to peer via sip:bob@10.0.0.2
            110000   ! ended failed Local Expired 0
            120000 wait 
        "#]],
    );
}

/// M-008; RFC 3261 §11.2, §8.2.2.3: OPTIONS outside dialogs, unknown dialogs, unknown extensions.
#[test]
fn options_and_strays() {
    let mut solo = Solo::new(config());
    solo.forget_tags();
    let trace = solo.run(
        "0  asked OPTIONS cseq=1
         10 asked BYE cseq=1
         20 asked INVITE cseq=1 Require=nonsense
         30 asked PUBLISH cseq=1",
    );
    expect![[r#"
        0     asked OPTIONS cseq=1
        0       says 200 OPTIONS
        10    asked BYE cseq=1
        10      says 481 BYE
        20    asked INVITE cseq=1 Require=nonsense
        20      says 420 INVITE
        30    asked PUBLISH cseq=1
        30      says 405 PUBLISH
    "#]]
    .assert_eq(&trace);
}

/// M-008: what OPTIONS is told.
#[test]
fn options_list_what_we_can() {
    let mut solo = Solo::new(config());
    let response = solo.options();
    let headers = response.headers();
    let value = |name| headers.text(name).unwrap().as_str().to_owned();
    assert_eq!(
        value(HeaderName::Allow),
        "INVITE, ACK, CANCEL, BYE, OPTIONS, PRACK, UPDATE, INFO"
    );
    assert_eq!(
        value(HeaderName::Accept),
        "application/sdp, multipart/mixed, multipart/alternative"
    );
    assert_eq!(headers.text(HeaderName::AllowEvents), None);
    assert_eq!(value(HeaderName::Supported), "100rel, replaces, timer");
    assert!(headers.to().unwrap().tag().is_some());
}

/// RFC 3665 §3.3, RFC 3261 §22.3: the proxy asks who we are; ACK and BYE prove it too.
#[test]
fn challenges_are_answered_and_loops_are_not() {
    let challenge = "Proxy-Authenticate=Digest_realm=\"b\",nonce=\"n1\",qop=\"auth\"";
    let script = format!(
        "0  dial o1
         10 hears 407 INVITE tag=a {challenge}
         20 hears 200 INVITE tag=b sdp=a1 Record-Route=<sip:b.test;lr>
         30 hangup
         40 hears 407 BYE {challenge}"
    );
    let mut solo = Solo::new(config());
    solo.account(account());
    expect![[r#"
        0     dial o1
        0       sends INVITE [o1] via sip:bob@b.test
        10    hears 407 INVITE tag=a Proxy-Authenticate=Digest_realm="b",nonce="n1",qop="auth"
        10      sends INVITE [o1] with Proxy-Authorization via sip:bob@b.test
        20    hears 200 INVITE tag=b sdp=a1 Record-Route=<sip:b.test;lr>
        20      sends ACK to b with Route with Proxy-Authorization
        20      ! answer 0 a1
        20      ! confirmed 0
        30    hangup 
        30      sends BYE to b with Route with Proxy-Authorization via sip:b.test;lr
        40    hears 407 BYE Proxy-Authenticate=Digest_realm="b",nonce="n1",qop="auth"
        40      ! ended normal Local Plain 0
    "#]]
    .assert_eq(&solo.run(&script));

    let refused = format!(
        "0  dial o1
         10 hears 407 INVITE tag=a {challenge}
         20 hears 407 INVITE tag=b {challenge}"
    );
    let mut solo = Solo::new(config());
    solo.account(account());
    expect![[r#"
        0     dial o1
        0       sends INVITE [o1] via sip:bob@b.test
        10    hears 407 INVITE tag=a Proxy-Authenticate=Digest_realm="b",nonce="n1",qop="auth"
        10      sends INVITE [o1] with Proxy-Authorization via sip:bob@b.test
        20    hears 407 INVITE tag=b Proxy-Authenticate=Digest_realm="b",nonce="n1",qop="auth"
        20      ! ended failed Remote Credentials 407
    "#]]
    .assert_eq(&solo.run(&refused));
}

fn account() -> Authenticator {
    let credentials = Credentials {
        user: "alice".to_owned(),
        password: Redacted::new("secret".to_owned()),
        realm: None,
    };
    let own: Uri = "sip:b.test".parse().unwrap();
    Authenticator::new(Some(credentials), &[own.host().unwrap().clone()])
}

/// RFC 4028 §10, §7.4: a callee that refreshes by re-INVITE where the peer has no UPDATE.
#[test]
fn session_timer_by_reinvite() {
    check(
        "0     asked INVITE cseq=1 sdp=o1 Session-Expires=100
         20    accept a1
         30    asked ACK cseq=1
         50100 hears 200 INVITE sdp=a2 Session-Expires=100;refresher=uac
         100200 fails INVITE
         110000 fails BYE",
        expect![[r#"
            0     asked INVITE cseq=1 sdp=o1 Session-Expires=100
            0       ! incoming o1
            20    accept a1
            20      says 200 INVITE Session-Expires:100;refresher=uas [a1]
            30    asked ACK cseq=1
            30      ! confirmed 0
            50020   sends INVITE Session-Expires:100;refresher=uac [a1] to peer via sip:bob@10.0.0.2
            50100 hears 200 INVITE sdp=a2 Session-Expires=100;refresher=uac
            50100   sends ACK to peer
            50100   ! answer 0 a2
            100100   sends INVITE Session-Expires:100;refresher=uac [a1] to peer via sip:bob@10.0.0.2
            100200 fails INVITE
            100200   sends BYE to peer via sip:bob@10.0.0.2
            100200   ! ended failed Local DialogLost 408
            110000 fails BYE
        "#]],
    );
}

/// A ringing phone that nobody picks up says 480; one that dials gives up by CANCEL.
#[test]
fn nobody_answers() {
    check(
        "0      asked INVITE cseq=1 sdp=o1
         10     ring
         200000 wait",
        expect![[r#"
            0     asked INVITE cseq=1 sdp=o1
            0       ! incoming o1
            10    ring 
            10      says 180 INVITE
            60010   says 180 INVITE
            120010   says 180 INVITE
            180000   says 480 INVITE
            180000   ! ended no_answer Local Plain 480
            200000 wait 
        "#]],
    );
    check(
        "0     dial o1
         10    hears 180 INVITE tag=a
         60100 hears 487 INVITE tag=a",
        expect![[r#"
            0     dial o1
            0       sends INVITE [o1] via sip:bob@b.test
            10    hears 180 INVITE tag=a
            10      ! progress 0 180
            60000   cancels
            60100 hears 487 INVITE tag=a
            60100   ! ended no_answer Local Plain 487
        "#]],
    );
}

/// RFC 3261 §12.2.2, RFC 5057: order and faults inside a dialog.
#[test]
fn requests_in_a_dialog() {
    check(
        "0  dial o1
         10 hears 200 INVITE tag=a sdp=a1 Record-Route=<sip:p.test;lr>
         20 asked OPTIONS tag=a cseq=5
         30 asked INFO tag=a cseq=6 sdp=digits
         40 asked INFO tag=a cseq=6
         50 asked INFO tag=x cseq=9
         60 asked REFER tag=a cseq=10
         70 offer o2
         80 hears 488 INVITE tag=a
         90 offer o3
         95 hears 481 INVITE tag=a",
        expect![[r#"
            0     dial o1
            0       sends INVITE [o1] via sip:bob@b.test
            10    hears 200 INVITE tag=a sdp=a1 Record-Route=<sip:p.test;lr>
            10      sends ACK to a with Route
            10      ! answer 0 a1
            10      ! confirmed 0
            20    asked OPTIONS tag=a cseq=5
            20      says 200 OPTIONS
            30    asked INFO tag=a cseq=6 sdp=digits
            30      says 200 INFO
            30      ! info digits
            40    asked INFO tag=a cseq=6
            40      says 500 INFO Retry-After:7
            50    asked INFO tag=x cseq=9
            50      says 481 INFO
            60    asked REFER tag=a cseq=10
            60      says 405 REFER
            70    offer o2
            70      sends INVITE [o2] to a with Route via sip:p.test;lr
            80    hears 488 INVITE tag=a
            80      ! offer refused 488
            90    offer o3
            90      sends INVITE [o3] to a with Route via sip:p.test;lr
            95    hears 481 INVITE tag=a
            95      sends BYE to a with Route via sip:p.test;lr
            95      ! ended failed Local DialogLost 481
        "#]],
    );
}

/// RFC 3515 §2.4.4: what the session itself makes nothing of is the user's to answer, where it says so;
/// RFC 5057 §4.1: what becomes of it does not end the call.
#[test]
fn requests_of_other_usages() {
    let config = Config {
        handed_over: vec!["REFER".to_owned(), "NOTIFY".to_owned()],
        ..config()
    };
    check_with(
        config,
        "0  dial o1
         10 hears 200 INVITE tag=a sdp=a1
         20 asked REFER tag=a cseq=5 Refer-To=<sip:c@c.test>
         30 respond 1 202
         40 asked NOTIFY tag=a cseq=6
         45 lapsed 2
         50 respond 2 200
         60 asked DANCE tag=a cseq=7
         70 refer sip:carol@c.test
         80 hears 481 REFER tag=a
         90 asked REFER tag=a cseq=8 Refer-To=<sip:c@c.test>
         95 hangup",
        expect![[r#"
            0     dial o1
            0       sends INVITE [o1] via sip:bob@b.test
            10    hears 200 INVITE tag=a sdp=a1
            10      sends ACK to a
            10      ! answer 0 a1
            10      ! confirmed 0
            20    asked REFER tag=a cseq=5 Refer-To=<sip:c@c.test>
            20      ! asked REFER
            30    respond 1 202
            30      says 202 REFER
            40    asked NOTIFY tag=a cseq=6
            40      ! asked NOTIFY
            45    lapsed 2
            50    respond 2 200
            60    asked DANCE tag=a cseq=7
            60      says 405 DANCE
            70    refer sip:carol@c.test
            70      sends REFER to a via sip:a@10.0.0.9
            80    hears 481 REFER tag=a
            80      ! informed 481
            90    asked REFER tag=a cseq=8 Refer-To=<sip:c@c.test>
            90      ! asked REFER
            95    hangup 
            95      says 487 REFER
            95      sends BYE to a via sip:a@10.0.0.9
        "#]],
    );
}

/// rulings, Limits: unanswered calls of one address, and calls in all.
#[test]
fn bounds_hold() {
    let limits = Limits {
        calls: 3,
        early_per_source: Some(2),
        ..Limits::DESKTOP
    };
    let mut solo = Solo::new(Config { limits, ..config() });
    solo.forget_tags();
    let trace = solo.run(
        "0  asked INVITE cseq=1 sdp=o1
         10 asked INVITE cseq=1 sdp=o1
         20 asked INVITE cseq=1 sdp=o1
         30 accept a1
         40 asked INVITE cseq=1 sdp=o1
         50 accept a1
         60 asked INVITE cseq=1 sdp=o1
         70 asked INVITE cseq=1 sdp=o1",
    );
    expect![[r#"
        0     asked INVITE cseq=1 sdp=o1
        0       ! incoming o1
        10    asked INVITE cseq=1 sdp=o1
        10      ! incoming o1
        20    asked INVITE cseq=1 sdp=o1
        20      says 503 INVITE Retry-After:11
        30    accept a1
        30      says 200 INVITE [a1]
        40    asked INVITE cseq=1 sdp=o1
        40      ! incoming o1
        50    accept a1
        50      says 200 INVITE [a1]
        60    asked INVITE cseq=1 sdp=o1
        60      says 486 INVITE
        70    asked INVITE cseq=1 sdp=o1
        70      says 486 INVITE
    "#]]
    .assert_eq(&trace);
}

/// A service that is full says when to come back, and keeps nothing of who was sent away.
#[test]
fn a_full_service_says_when_to_come_back() {
    let limits = Limits {
        calls: 1,
        full: Full::Later,
        ..Limits::DESKTOP
    };
    let mut solo = Solo::new(Config { limits, ..config() });
    solo.forget_tags();
    let trace = solo.run(
        "0  asked INVITE cseq=1 sdp=o1
         10 accept a1
         20 asked INVITE cseq=1 sdp=o1",
    );
    expect![[r#"
        0     asked INVITE cseq=1 sdp=o1
        0       ! incoming o1
        10    accept a1
        10      says 200 INVITE [a1]
        20    asked INVITE cseq=1 sdp=o1
        20      says 503 INVITE Retry-After:11
    "#]]
    .assert_eq(&trace);
}
