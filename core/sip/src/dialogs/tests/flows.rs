//! The eleven session flows of RFC 3665 §3, between two phones.

use super::world::{CALM, World};
use crate::dialogs::Config;
use base::{Instant, Machine};
use expect_test::{Expect, expect};

pub(super) fn config() -> Config {
    Config {
        timer: None,
        ..Config::default()
    }
}

#[track_caller]
pub(super) fn check(script: &str, trace: Expect) {
    let mut world = World::new(&["alice", "bob"], &config(), CALM, 1);
    world.play(script);
    trace.assert_eq(&world.trace);
    world.run_until(Instant::from_millis(600_000));
    for phone in &world.phones {
        assert_eq!(phone.dialogs.len(), 0, "{} keeps a session", phone.name);
        assert_eq!(phone.dialogs.deadline(), None, "{}", phone.name);
    }
    super::swarm::survives(script);
}

/// RFC 3665 §3.1.
#[test]
fn session_establishment() {
    check(
        "0    alice dial o1
         100  bob   ring
         2000 bob   accept a1
         5000 bob   hangup
         6000 end",
        expect![[r#"
            0     * alice dial o1
            0     alice -> bob: INVITE [o1]
            20    ! bob incoming o1
            100   * bob ring
            100   bob -> alice: 180 INVITE
            120   ! alice progress 0 180
            2000  * bob accept a1
            2000  bob -> alice: 200 INVITE [a1]
            2020  ! alice answer 0 a1
            2020  ! alice confirmed 0
            2020  alice -> bob: ACK
            2040  ! bob confirmed 0
            5000  * bob hangup
            5000  bob -> alice: BYE
            5020  ! alice ended normal Remote Plain 0
            5020  alice -> bob: 200 BYE
            5040  ! bob ended normal Local Plain 0
        "#]],
    );
}

/// RFC 3665 §3.6: the offer is in the 200, the answer in the ACK.
#[test]
fn session_with_the_answer_in_the_ack() {
    check(
        "0    alice dial
         100  bob   ring
         2000 bob   accept o1
         2100 alice answer a1
         3000 alice hangup
         4000 end",
        expect![[r#"
            0     * alice dial
            0     alice -> bob: INVITE
            20    ! bob incoming -
            100   * bob ring
            100   bob -> alice: 180 INVITE
            120   ! alice progress 0 180
            2000  * bob accept o1
            2000  bob -> alice: 200 INVITE [o1]
            2020  ! alice confirmed 0
            2020  ! alice offer 0 o1
            2100  * alice answer a1
            2100  alice -> bob: ACK [a1]
            2120  ! bob answer 0 a1
            2120  ! bob confirmed 0
            3000  * alice hangup
            3000  alice -> bob: BYE
            3020  ! bob ended normal Remote Plain 0
            3020  bob -> alice: 200 BYE
            3040  ! alice ended normal Local Plain 0
        "#]],
    );
}

/// RFC 3665 §3.7: Bob moves to another address by re-INVITE.
#[test]
fn session_with_reinvite() {
    check(
        "0    alice dial o1
         500  bob   accept a1
         1000 bob   offer o2
         1500 alice answer a2
         3000 bob   hangup
         4000 end",
        expect![[r#"
            0     * alice dial o1
            0     alice -> bob: INVITE [o1]
            20    ! bob incoming o1
            220   bob -> alice: 100 INVITE
            500   * bob accept a1
            500   bob -> alice: 200 INVITE [a1]
            520   ! alice answer 0 a1
            520   ! alice confirmed 0
            520   alice -> bob: ACK
            540   ! bob confirmed 0
            1000  * bob offer o2
            1000  bob -> alice: INVITE [o2]
            1020  ! alice offer 0 o2
            1220  alice -> bob: 100 INVITE
            1500  * alice answer a2
            1500  alice -> bob: 200 INVITE [a2]
            1520  ! bob answer 0 a2
            1520  bob -> alice: ACK
            1540  ! alice confirmed 0
            3000  * bob hangup
            3000  bob -> alice: BYE
            3020  ! alice ended normal Remote Plain 0
            3020  alice -> bob: 200 BYE
            3040  ! bob ended normal Local Plain 0
        "#]],
    );
}

/// RFC 3665 §3.8: nobody picks up, Alice gives up.
#[test]
fn unsuccessful_no_answer() {
    check(
        "0    alice dial o1
         100  bob   ring
         5000 alice hangup
         6000 end",
        expect![[r#"
            0     * alice dial o1
            0     alice -> bob: INVITE [o1]
            20    ! bob incoming o1
            100   * bob ring
            100   bob -> alice: 180 INVITE
            120   ! alice progress 0 180
            5000  * alice hangup
            5000  alice -> bob: CANCEL
            5020  bob -> alice: 200 CANCEL
            5020  ! bob ended cancelled Remote Plain 487
            5020  bob -> alice: 487 INVITE
            5040  alice -> bob: ACK
            5040  ! alice ended cancelled Local Plain 487
        "#]],
    );
}

/// RFC 3665 §3.9.
#[test]
fn unsuccessful_busy() {
    check(
        "0    alice dial o1
         100  bob   decline 486
         6000 end",
        expect![[r#"
            0     * alice dial o1
            0     alice -> bob: INVITE [o1]
            20    ! bob incoming o1
            100   * bob decline 486
            100   ! bob ended busy Local Plain 486
            100   bob -> alice: 486 INVITE
            120   alice -> bob: ACK
            120   ! alice ended busy Remote Plain 486
        "#]],
    );
}

/// RFC 3665 §3.10: silence for 64·T1.
#[test]
fn unsuccessful_no_response() {
    check(
        "0     bob   lose 0
         0     alice lose 100
         0     alice dial o1
         40000 end",
        expect![[r#"
            0     * bob lose 0
            0     * alice lose 100
            0     * alice dial o1
            0     alice -X bob: INVITE [o1]
            500   alice -X bob: INVITE [o1]
            1500  alice -X bob: INVITE [o1]
            3500  alice -X bob: INVITE [o1]
            7500  alice -X bob: INVITE [o1]
            15500 alice -X bob: INVITE [o1]
            31500 alice -X bob: INVITE [o1]
            32000 ! alice ended failed Local TimedOut 408
        "#]],
    );
}

/// RFC 3665 §3.11.
#[test]
fn unsuccessful_temporarily_unavailable() {
    check(
        "0    alice dial o1
         100  bob   ring
         2000 bob   decline 480
         6000 end",
        expect![[r#"
            0     * alice dial o1
            0     alice -> bob: INVITE [o1]
            20    ! bob incoming o1
            100   * bob ring
            100   bob -> alice: 180 INVITE
            120   ! alice progress 0 180
            2000  * bob decline 480
            2000  ! bob ended no_answer Local Plain 480
            2000  bob -> alice: 480 INVITE
            2020  alice -> bob: ACK
            2020  ! alice ended no_answer Remote Plain 480
        "#]],
    );
}
