//! The thirteen races of RFC 5407 §3, and those of CANCEL (RFC 3261 §9.1).

use super::flows::check;
use expect_test::expect;

/// RFC 5407 §3.1.1: the INVITE comes again after the 200.
#[test]
fn invite_repeated_in_the_moratorium() {
    check(
        "0    alice dial o1
         100  bob   lose 2
         490  bob   slow 100
         490  bob   accept a1
         2000 alice hangup
         3000 end",
        expect![[r#"
            0     * alice dial o1
            0     alice -> bob: INVITE [o1]
            20    ! bob incoming o1
            100   * bob lose 2
            220   bob -X alice: 100 INVITE
            490   * bob slow 100
            490   * bob accept a1
            490   bob -X alice: 200 INVITE [a1]
            500   alice -> bob: INVITE [o1]
            990   bob -> alice: 200 INVITE [a1]
            1110  ! alice answer 0 a1
            1110  ! alice confirmed 0
            1110  alice -> bob: ACK
            1130  ! bob confirmed 0
            2000  * alice hangup
            2000  alice -> bob: BYE
            2020  ! bob ended normal Remote Plain 0
            2020  bob -> alice: 200 BYE
            2140  ! alice ended normal Local Plain 0
        "#]],
    );
}

/// RFC 5407 §3.1.2: CANCEL and 200 cross.
#[test]
fn cancel_in_the_moratorium() {
    check(
        "0    alice dial o1
         100  bob   ring
         1000 bob   accept a1
         1010 alice hangup
         3000 end",
        expect![[r#"
            0     * alice dial o1
            0     alice -> bob: INVITE [o1]
            20    ! bob incoming o1
            100   * bob ring
            100   bob -> alice: 180 INVITE
            120   ! alice progress 0 180
            1000  * bob accept a1
            1000  bob -> alice: 200 INVITE [a1]
            1010  * alice hangup
            1010  alice -> bob: CANCEL
            1020  alice -> bob: ACK
            1020  alice -> bob: BYE
            1030  bob -> alice: 200 CANCEL
            1040  ! bob confirmed 0
            1040  ! bob ended normal Remote Plain 0
            1040  bob -> alice: 200 BYE
            1060  ! alice ended cancelled Local Plain 0
        "#]],
    );
}

/// RFC 5407 §3.1.6: the ACK is lost, then Alice hangs up.
#[test]
fn bye_in_the_moratorium() {
    check(
        "0    alice dial o1
         1000 bob   accept a1
         1010 alice lose 1
         1100 alice hangup
         3000 end",
        expect![[r#"
            0     * alice dial o1
            0     alice -> bob: INVITE [o1]
            20    ! bob incoming o1
            220   bob -> alice: 100 INVITE
            1000  * bob accept a1
            1000  bob -> alice: 200 INVITE [a1]
            1010  * alice lose 1
            1020  ! alice answer 0 a1
            1020  ! alice confirmed 0
            1020  alice -X bob: ACK
            1100  * alice hangup
            1100  alice -> bob: BYE
            1120  ! bob ended normal Remote Plain 0
            1120  bob -> alice: 200 BYE
            1140  ! alice ended normal Local Plain 0
            1500  bob -> alice: 200 INVITE [a1]
            1520  alice -> bob: ACK
        "#]],
    );
}

/// RFC 5407 §3.1.4: the ACK is lost, then Alice re-INVITEs.
#[test]
fn reinvite_in_the_moratorium() {
    check(
        "0    alice dial o1
         1000 bob   accept a1
         1010 alice lose 1
         1100 alice offer o2
         1200 bob   answer a2
         3000 alice hangup
         4000 end",
        expect![[r#"
            0     * alice dial o1
            0     alice -> bob: INVITE [o1]
            20    ! bob incoming o1
            220   bob -> alice: 100 INVITE
            1000  * bob accept a1
            1000  bob -> alice: 200 INVITE [a1]
            1010  * alice lose 1
            1020  ! alice answer 0 a1
            1020  ! alice confirmed 0
            1020  alice -X bob: ACK
            1100  * alice offer o2
            1100  alice -> bob: INVITE [o2]
            1120  ! bob confirmed 0
            1120  ! bob offer 0 o2
            1200  * bob answer a2
            1200  bob -> alice: 200 INVITE [a2]
            1220  ! alice answer 0 a2
            1220  alice -> bob: ACK
            1240  ! bob confirmed 0
            3000  * alice hangup
            3000  alice -> bob: BYE
            3020  ! bob ended normal Remote Plain 0
            3020  bob -> alice: 200 BYE
            3040  ! alice ended normal Local Plain 0
        "#]],
    );
}

/// RFC 5407 §3.1.5: the same, where the lost ACK had the answer.
#[test]
fn reinvite_before_the_answer_in_the_ack() {
    check(
        "0    alice dial
         1000 bob   accept o1
         1090 alice lose 1
         1100 alice answer a1
         1150 alice offer o2
         6000 bob   answer a2
         7000 alice hangup
         8000 end",
        expect![[r#"
            0     * alice dial
            0     alice -> bob: INVITE
            20    ! bob incoming -
            220   bob -> alice: 100 INVITE
            1000  * bob accept o1
            1000  bob -> alice: 200 INVITE [o1]
            1020  ! alice confirmed 0
            1020  ! alice offer 0 o1
            1090  * alice lose 1
            1100  * alice answer a1
            1100  alice -X bob: ACK [a1]
            1150  * alice offer o2
            1150  alice -> bob: INVITE [o2]
            1170  bob -> alice: 491 INVITE
            1190  alice -> bob: ACK
            1500  bob -> alice: 200 INVITE [o1]
            1520  alice -> bob: ACK [a1]
            1540  ! bob answer 0 a1
            1540  ! bob confirmed 0
            4160  alice -> bob: INVITE [o2]
            4180  ! bob offer 0 o2
            4380  bob -> alice: 100 INVITE
            6000  * bob answer a2
            6000  bob -> alice: 200 INVITE [a2]
            6020  ! alice answer 0 a2
            6020  alice -> bob: ACK
            6040  ! bob confirmed 0
            7000  * alice hangup
            7000  alice -> bob: BYE
            7020  ! bob ended normal Remote Plain 0
            7020  bob -> alice: 200 BYE
            7040  ! alice ended normal Local Plain 0
        "#]],
    );
}

/// RFC 5407 §3.2.1: both hang up.
#[test]
fn bye_in_the_mortal_state() {
    check(
        "0    alice dial o1
         1000 bob   accept a1
         2000 alice hangup
         2010 bob   hangup
         4000 end",
        expect![[r#"
            0     * alice dial o1
            0     alice -> bob: INVITE [o1]
            20    ! bob incoming o1
            220   bob -> alice: 100 INVITE
            1000  * bob accept a1
            1000  bob -> alice: 200 INVITE [a1]
            1020  ! alice answer 0 a1
            1020  ! alice confirmed 0
            1020  alice -> bob: ACK
            1040  ! bob confirmed 0
            2000  * alice hangup
            2000  alice -> bob: BYE
            2010  * bob hangup
            2010  bob -> alice: BYE
            2020  ! bob ended normal Local Plain 0
            2020  bob -> alice: 200 BYE
            2030  ! alice ended normal Local Plain 0
            2030  alice -> bob: 200 BYE
        "#]],
    );
}

/// RFC 5407 §3.2.2: a re-INVITE crosses the BYE.
#[test]
fn reinvite_in_the_mortal_state() {
    check(
        "0    alice dial o1
         1000 bob   accept a1
         2000 alice hangup
         2010 bob   offer o2
         4000 end",
        expect![[r#"
            0     * alice dial o1
            0     alice -> bob: INVITE [o1]
            20    ! bob incoming o1
            220   bob -> alice: 100 INVITE
            1000  * bob accept a1
            1000  bob -> alice: 200 INVITE [a1]
            1020  ! alice answer 0 a1
            1020  ! alice confirmed 0
            1020  alice -> bob: ACK
            1040  ! bob confirmed 0
            2000  * alice hangup
            2000  alice -> bob: BYE
            2010  * bob offer o2
            2010  bob -> alice: INVITE [o2]
            2020  ! bob ended normal Remote Plain 0
            2020  bob -> alice: 200 BYE
            2030  alice -> bob: 481 INVITE
            2040  ! alice ended normal Local Plain 0
            2050  bob -> alice: ACK
        "#]],
    );
}

/// RFC 5407 §3.2.3: the 200 to a re-INVITE crosses the BYE.
#[test]
fn success_of_a_reinvite_in_the_mortal_state() {
    check(
        "0    alice dial o1
         1000 bob   accept a1
         2000 alice offer o2
         2100 bob   answer a2
         2110 alice hangup
         4000 end",
        expect![[r#"
            0     * alice dial o1
            0     alice -> bob: INVITE [o1]
            20    ! bob incoming o1
            220   bob -> alice: 100 INVITE
            1000  * bob accept a1
            1000  bob -> alice: 200 INVITE [a1]
            1020  ! alice answer 0 a1
            1020  ! alice confirmed 0
            1020  alice -> bob: ACK
            1040  ! bob confirmed 0
            2000  * alice offer o2
            2000  alice -> bob: INVITE [o2]
            2020  ! bob offer 0 o2
            2100  * bob answer a2
            2100  bob -> alice: 200 INVITE [a2]
            2110  * alice hangup
            2110  alice -> bob: BYE
            2120  alice -> bob: ACK
            2130  ! bob ended normal Remote Plain 0
            2130  bob -> alice: 200 BYE
            2150  ! alice ended normal Local Plain 0
        "#]],
    );
}

/// RFC 5407 §3.2.4: the ACK to a re-INVITE comes after the BYE.
#[test]
fn ack_in_the_mortal_state() {
    check(
        "0    alice dial o1
         1000 bob   accept a1
         2000 alice offer o2
         2100 bob   answer a2
         2110 bob   hangup
         4000 end",
        expect![[r#"
            0     * alice dial o1
            0     alice -> bob: INVITE [o1]
            20    ! bob incoming o1
            220   bob -> alice: 100 INVITE
            1000  * bob accept a1
            1000  bob -> alice: 200 INVITE [a1]
            1020  ! alice answer 0 a1
            1020  ! alice confirmed 0
            1020  alice -> bob: ACK
            1040  ! bob confirmed 0
            2000  * alice offer o2
            2000  alice -> bob: INVITE [o2]
            2020  ! bob offer 0 o2
            2100  * bob answer a2
            2100  bob -> alice: 200 INVITE [a2]
            2110  * bob hangup
            2120  ! alice answer 0 a2
            2120  alice -> bob: ACK
            2140  bob -> alice: BYE
            2160  ! alice ended normal Remote Plain 0
            2160  alice -> bob: 200 BYE
            2180  ! bob ended normal Local Plain 0
        "#]],
    );
}

/// RFC 5407 §3.3.1: both re-INVITE; each gets 491 and waits its own time.
#[test]
fn reinvites_cross() {
    check(
        "0    alice dial o1
         1000 bob   accept a1
         2000 alice offer o2
         2010 bob   offer o3
         4100 alice answer a3
         9000 bob   answer a2
         9900 alice hangup
         12000 end",
        expect![[r#"
            0     * alice dial o1
            0     alice -> bob: INVITE [o1]
            20    ! bob incoming o1
            220   bob -> alice: 100 INVITE
            1000  * bob accept a1
            1000  bob -> alice: 200 INVITE [a1]
            1020  ! alice answer 0 a1
            1020  ! alice confirmed 0
            1020  alice -> bob: ACK
            1040  ! bob confirmed 0
            2000  * alice offer o2
            2000  alice -> bob: INVITE [o2]
            2010  * bob offer o3
            2010  bob -> alice: INVITE [o3]
            2020  bob -> alice: 491 INVITE
            2030  alice -> bob: 491 INVITE
            2040  alice -> bob: ACK
            2050  bob -> alice: ACK
            2990  bob -> alice: INVITE [o3]
            3010  ! alice offer 0 o3
            3210  alice -> bob: 100 INVITE
            4100  * alice answer a3
            4100  alice -> bob: 200 INVITE [a3]
            4120  ! bob answer 0 a3
            4120  bob -> alice: ACK
            4140  ! alice confirmed 0
            4140  alice -> bob: INVITE [o2]
            4160  ! bob offer 0 o2
            4360  bob -> alice: 100 INVITE
            9000  * bob answer a2
            9000  bob -> alice: 200 INVITE [a2]
            9020  ! alice answer 0 a2
            9020  alice -> bob: ACK
            9040  ! bob confirmed 0
            9900  * alice hangup
            9900  alice -> bob: BYE
            9920  ! bob ended normal Remote Plain 0
            9920  bob -> alice: 200 BYE
            9940  ! alice ended normal Local Plain 0
        "#]],
    );
}

/// RFC 3261 §9.1: nothing was heard yet, so the CANCEL waits.
#[test]
fn cancel_waits_for_a_provisional() {
    check(
        "0    alice lose 1
         0    alice dial o1
         200  alice hangup
         600  bob   ring
         4000 end",
        expect![[r#"
            0     * alice lose 1
            0     * alice dial o1
            0     alice -X bob: INVITE [o1]
            200   * alice hangup
            500   alice -> bob: INVITE [o1]
            520   ! bob incoming o1
            600   * bob ring
            600   bob -> alice: 180 INVITE
            620   alice -> bob: CANCEL
            640   bob -> alice: 200 CANCEL
            640   ! bob ended cancelled Remote Plain 487
            640   bob -> alice: 487 INVITE
            660   alice -> bob: ACK
            660   ! alice ended cancelled Local Plain 487
        "#]],
    );
}

/// The 200 to INVITE is lost until after the caller's next copies: each copy gets the same ACK.
#[test]
fn lost_acks_and_successes_are_repeated() {
    check(
        "0    alice dial o1
         1000 bob   lose 1
         1000 bob   accept a1
         1500 alice lose 1
         6000 alice hangup
         7000 end",
        expect![[r#"
            0     * alice dial o1
            0     alice -> bob: INVITE [o1]
            20    ! bob incoming o1
            220   bob -> alice: 100 INVITE
            1000  * bob lose 1
            1000  * bob accept a1
            1000  bob -X alice: 200 INVITE [a1]
            1500  bob -> alice: 200 INVITE [a1]
            1500  * alice lose 1
            1520  ! alice answer 0 a1
            1520  ! alice confirmed 0
            1520  alice -X bob: ACK
            2500  bob -> alice: 200 INVITE [a1]
            2520  alice -> bob: ACK
            2540  ! bob confirmed 0
            6000  * alice hangup
            6000  alice -> bob: BYE
            6020  ! bob ended normal Remote Plain 0
            6020  bob -> alice: 200 BYE
            6040  ! alice ended normal Local Plain 0
        "#]],
    );
}

/// RFC 3261 §13.3.1.4: no ACK at all ends the session by BYE.
#[test]
fn no_ack_ends_the_session() {
    check(
        "0     alice dial o1
         1000  alice lose 12
         1000  bob   accept a1
         40000 end",
        expect![[r#"
            0     * alice dial o1
            0     alice -> bob: INVITE [o1]
            20    ! bob incoming o1
            220   bob -> alice: 100 INVITE
            1000  * alice lose 12
            1000  * bob accept a1
            1000  bob -> alice: 200 INVITE [a1]
            1020  ! alice answer 0 a1
            1020  ! alice confirmed 0
            1020  alice -X bob: ACK
            1500  bob -> alice: 200 INVITE [a1]
            1520  alice -X bob: ACK
            2500  bob -> alice: 200 INVITE [a1]
            2520  alice -X bob: ACK
            4500  bob -> alice: 200 INVITE [a1]
            4520  alice -X bob: ACK
            8500  bob -> alice: 200 INVITE [a1]
            8520  alice -X bob: ACK
            12500 bob -> alice: 200 INVITE [a1]
            12520 alice -X bob: ACK
            16500 bob -> alice: 200 INVITE [a1]
            16520 alice -X bob: ACK
            20500 bob -> alice: 200 INVITE [a1]
            20520 alice -X bob: ACK
            24500 bob -> alice: 200 INVITE [a1]
            24520 alice -X bob: ACK
            28500 bob -> alice: 200 INVITE [a1]
            28520 alice -X bob: ACK
            32500 bob -> alice: 200 INVITE [a1]
            32520 alice -X bob: ACK
            33000 ! bob ended failed Local NoAck 0
            33000 bob -> alice: BYE
            33020 ! alice ended normal Remote Plain 0
            33020 alice -X bob: 200 BYE
            33500 bob -> alice: BYE
            33520 alice -> bob: 200 BYE
        "#]],
    );
}
