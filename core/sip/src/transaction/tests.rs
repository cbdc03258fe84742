//! The four machines, timer by timer. Times are milliseconds after the first sending.

use super::script::run;
use super::{InviteClient, InviteServer, Link, RequestClient, RequestServer};
use super::{invite_client, invite_server, request_client, request_server};
use base::{Instant, Machine};
use expect_test::{Expect, expect};
use serde::{Serialize, de::DeserializeOwned};

fn code(word: &str) -> u16 {
    word.parse().expect("a status code")
}

/// The state goes through JSON after every script, so every variant reached here round-trips.
fn same_after_json<M: Serialize + DeserializeOwned + PartialEq + core::fmt::Debug>(machine: &M) {
    let json = serde_json::to_string(machine).expect("plain data");
    let back: M = serde_json::from_str(&json).expect("its own output");
    assert_eq!(&back, machine);
}

fn invite_out(link: Link, script: &str, expected: Expect) {
    use invite_client::Input;
    let mut machine = InviteClient::new(link, Instant::ZERO);
    same_after_json(&machine);
    let read = |word: &str| match word {
        "cancel" => Input::Cancel,
        "broken" => Input::TransportFailed,
        word => match code(word) {
            provisional @ 100..=199 => Input::Provisional(provisional),
            success @ 200..=299 => Input::Success(success),
            failure => Input::Failure(failure),
        },
    };
    let trace = run(&mut machine, script, read, |m| format!("{:?}", m.state()));
    same_after_json(&machine);
    expected.assert_eq(&trace);
}

fn invite_in(link: Link, script: &str, expected: Expect) {
    use invite_server::Input;
    let mut machine = InviteServer::new(link, Instant::ZERO);
    same_after_json(&machine);
    let read = |word: &str| match word {
        "repeat" => Input::Repeat,
        "ack" => Input::Ack,
        "broken" => Input::TransportFailed,
        word => match code(word) {
            provisional @ 100..=199 => Input::Provisional(provisional),
            success @ 200..=299 => Input::Success(success),
            failure => Input::Failure(failure),
        },
    };
    let trace = run(&mut machine, script, read, |m| format!("{:?}", m.state()));
    same_after_json(&machine);
    expected.assert_eq(&trace);
}

fn request_out(link: Link, script: &str, expected: Expect) {
    use request_client::Input;
    let mut machine = RequestClient::new(link, Instant::ZERO);
    same_after_json(&machine);
    let read = |word: &str| match word {
        "broken" => Input::TransportFailed,
        word => match code(word) {
            provisional @ 100..=199 => Input::Provisional(provisional),
            last => Input::Final(last),
        },
    };
    let trace = run(&mut machine, script, read, |m| format!("{:?}", m.state()));
    same_after_json(&machine);
    expected.assert_eq(&trace);
}

fn request_in(link: Link, script: &str, expected: Expect) {
    use request_server::Input;
    let mut machine = RequestServer::new(link, Instant::ZERO);
    same_after_json(&machine);
    let read = |word: &str| match word {
        "repeat" => Input::Repeat,
        "broken" => Input::TransportFailed,
        word => match code(word) {
            provisional @ 100..=199 => Input::Provisional(provisional),
            last => Input::Final(last),
        },
    };
    let trace = run(&mut machine, script, read, |m| format!("{:?}", m.state()));
    same_after_json(&machine);
    expected.assert_eq(&trace);
}

mod invite_client_scripts {
    use super::*;

    #[test]
    fn resends_double_until_a_provisional() {
        invite_out(
            Link::Lossy,
            "1600 180
             9000 wait
             9100 200",
            expect![[r#"

                    500 ResendInvite
                   1500 ResendInvite
                   1600 Respond(180)
                   9100 Respond(200)
                = Accepted
            "#]],
        );
    }

    #[test]
    fn silence_ends_after_64_t1() {
        invite_out(
            Link::Lossy,
            "40000 wait",
            expect![[r#"

                500 ResendInvite
               1500 ResendInvite
               3500 ResendInvite
               7500 ResendInvite
              15500 ResendInvite
              31500 ResendInvite
              32000 Fail(TimedOut)
            = Terminated
        "#]],
        );
        invite_out(
            Link::Reliable,
            "40000 wait",
            expect![[r#"

              32000 Fail(TimedOut)
            = Terminated
        "#]],
        );
    }

    #[test]
    fn busy_is_acknowledged_again_when_repeated() {
        invite_out(
            Link::Lossy,
            "40    486
             540   486
             600   180
             610   200
             40000 wait",
            expect![[r#"

                     40 SendAck
                     40 Respond(486)
                    540 SendAck
                = Terminated
            "#]],
        );
    }

    #[test]
    fn busy_on_a_stream_ends_at_once() {
        invite_out(
            Link::Reliable,
            "40 486
             50 486",
            expect![[r#"

                     40 SendAck
                     40 Respond(486)
                = Terminated
            "#]],
        );
    }

    #[test]
    fn every_2xx_is_passed_up_until_timer_m() {
        invite_out(
            Link::Lossy,
            "40    200
             540   200
             600   486
             32039 200
             32041 200",
            expect![[r#"

                     40 Respond(200)
                    540 Respond(200)
                  32039 Respond(200)
                = Terminated
            "#]],
        );
    }

    #[test]
    fn cancel_waits_for_a_provisional() {
        invite_out(
            Link::Lossy,
            "10   cancel
             600  100
             650  cancel
             700  487
             40000 wait",
            expect![[r#"

                    500 ResendInvite
                    600 Respond(100)
                    600 SendCancel
                    700 SendAck
                    700 Respond(487)
                = Terminated
            "#]],
        );
    }

    #[test]
    fn a_2xx_overtakes_the_cancel() {
        invite_out(
            Link::Lossy,
            "10   100
             20   cancel
             30   200
             40000 wait",
            expect![[r#"

                     10 Respond(100)
                     20 SendCancel
                     30 Respond(200)
                = Terminated
            "#]],
        );
        invite_out(
            Link::Lossy,
            "20   cancel
             30   200
             40000 wait",
            expect![[r#"

                     30 Respond(200)
                = Terminated
            "#]],
        );
    }

    #[test]
    fn a_cancelled_invite_that_never_ends_is_given_up() {
        invite_out(
            Link::Lossy,
            "10   180
             20   cancel
             30   183
             40000 wait",
            expect![[r#"

                     10 Respond(180)
                     20 SendCancel
                     30 Respond(183)
                  32020 Fail(TimedOut)
                = Terminated
            "#]],
        );
        invite_out(
            Link::Lossy,
            "20   cancel
             40000 wait",
            expect![[r#"

                    500 ResendInvite
                   1500 ResendInvite
                   3500 ResendInvite
                   7500 ResendInvite
                  15500 ResendInvite
                  31500 ResendInvite
                  32000 Fail(TimedOut)
                = Terminated
            "#]],
        );
    }

    #[test]
    fn a_broken_transport_ends_what_has_no_final_response() {
        invite_out(
            Link::Reliable,
            "20 broken",
            expect![[r#"

                 20 Fail(Transport)
            = Terminated
        "#]],
        );
        invite_out(
            Link::Reliable,
            "10 180
             20 broken",
            expect![[r#"

                     10 Respond(180)
                     20 Fail(Transport)
                = Terminated
            "#]],
        );
        invite_out(
            Link::Lossy,
            "10 cancel
             20 broken",
            expect![[r#"

                     20 Fail(Transport)
                = Terminated
            "#]],
        );
        invite_out(
            Link::Lossy,
            "10 200
             20 broken
             30 200",
            expect![[r#"

                     10 Respond(200)
                     30 Respond(200)
                = Accepted
            "#]],
        );
        invite_out(
            Link::Lossy,
            "10 486
             20 broken
             30 486",
            expect![[r#"

                     10 SendAck
                     10 Respond(486)
                = Terminated
            "#]],
        );
    }
}

mod invite_server_scripts {
    use super::*;

    #[test]
    fn a_silent_user_is_covered_by_100_after_200_ms() {
        invite_in(
            Link::Lossy,
            "100  repeat
             500  repeat
             600  180
             1500 repeat",
            expect![[r#"

                    200 SendTrying
                    500 Resend
                    600 Send(180)
                   1500 Resend
                = Proceeding
            "#]],
        );
    }

    #[test]
    fn a_2xx_is_the_users_to_repeat() {
        invite_in(
            Link::Lossy,
            "10    180
             50    200
             500   repeat
             550   200
             600   ack
             700   486
             32049 ack
             32051 ack",
            expect![[r#"

                     10 Send(180)
                     50 Send(200)
                    550 Send(200)
                    600 PassAck
                  32049 PassAck
                = Terminated
            "#]],
        );
    }

    #[test]
    fn a_refusal_is_repeated_until_acknowledged() {
        invite_in(
            Link::Lossy,
            "10    486
             600   repeat
             8000  ack
             8100  ack
             8200  repeat
             14000 wait",
            expect![[r#"

                     10 Send(486)
                    510 Resend
                    600 Resend
                   1510 Resend
                   3510 Resend
                   7510 Resend
                = Terminated
            "#]],
        );
    }

    #[test]
    fn a_refusal_that_is_never_acknowledged_is_told() {
        invite_in(
            Link::Lossy,
            "0     486
             40000 wait",
            expect![[r#"

                      0 Send(486)
                    500 Resend
                   1500 Resend
                   3500 Resend
                   7500 Resend
                  11500 Resend
                  15500 Resend
                  19500 Resend
                  23500 Resend
                  27500 Resend
                  31500 Resend
                  32000 Cut(NoAck)
                = Terminated
            "#]],
        );
        invite_in(
            Link::Reliable,
            "0     486
             40000 wait",
            expect![[r#"

                      0 Send(486)
                  32000 Cut(NoAck)
                = Terminated
            "#]],
        );
    }

    #[test]
    fn on_a_stream_the_ack_ends_it() {
        invite_in(
            Link::Reliable,
            "0  486
             20 ack
             30 ack",
            expect![[r#"

                      0 Send(486)
                = Terminated
            "#]],
        );
    }

    #[test]
    fn a_broken_transport_is_told_unless_a_2xx_was_sent() {
        invite_in(
            Link::Reliable,
            "20 broken",
            expect![[r#"

                 20 Cut(Transport)
            = Terminated
        "#]],
        );
        invite_in(
            Link::Reliable,
            "10 180
             20 broken",
            expect![[r#"

                     10 Send(180)
                     20 Cut(Transport)
                = Terminated
            "#]],
        );
        invite_in(
            Link::Reliable,
            "10 200
             20 broken
             30 200",
            expect![[r#"

                     10 Send(200)
                     30 Send(200)
                = Accepted
            "#]],
        );
        invite_in(
            Link::Lossy,
            "10 486
             20 broken",
            expect![[r#"

                     10 Send(486)
                     20 Cut(Transport)
                = Terminated
            "#]],
        );
    }
}

mod request_client_scripts {
    use super::*;

    #[test]
    fn resends_grow_to_t2_and_stop_after_64_t1() {
        request_out(
            Link::Lossy,
            "40000 wait",
            expect![[r#"

                500 Resend
               1500 Resend
               3500 Resend
               7500 Resend
              11500 Resend
              15500 Resend
              19500 Resend
              23500 Resend
              27500 Resend
              31500 Resend
              32000 Fail(TimedOut)
            = Terminated
        "#]],
        );
        request_out(
            Link::Reliable,
            "40000 wait",
            expect![[r#"

              32000 Fail(TimedOut)
            = Terminated
        "#]],
        );
    }

    #[test]
    fn after_a_100_resends_come_every_t2() {
        request_out(
            Link::Lossy,
            "600  100
             9000 wait
             9001 200
             9100 200
             15000 wait",
            expect![[r#"

                    500 Resend
                    600 Respond(100)
                   1500 Resend
                   5500 Resend
                   9001 Respond(200)
                = Terminated
            "#]],
        );
    }

    #[test]
    fn after_a_100_it_still_gives_up() {
        request_out(
            Link::Reliable,
            "600  100
             40000 wait",
            expect![[r#"

                    600 Respond(100)
                  32000 Fail(TimedOut)
                = Terminated
            "#]],
        );
    }

    #[test]
    fn a_broken_transport_is_told_before_a_final_response_only() {
        request_out(
            Link::Reliable,
            "20 broken",
            expect![[r#"

                 20 Fail(Transport)
            = Terminated
        "#]],
        );
        request_out(
            Link::Reliable,
            "10 100
             20 broken",
            expect![[r#"

                     10 Respond(100)
                     20 Fail(Transport)
                = Terminated
            "#]],
        );
        request_out(
            Link::Lossy,
            "10 404
             20 broken
             30 404",
            expect![[r#"

                     10 Respond(404)
                = Completed
            "#]],
        );
    }
}

mod request_server_scripts {
    use super::*;

    #[test]
    fn the_final_response_answers_repeats_until_timer_j() {
        request_in(
            Link::Lossy,
            "10    repeat
             20    200
             500   repeat
             600   404
             32019 repeat
             32021 repeat",
            expect![[r#"

                     20 Send(200)
                    500 Resend
                  32019 Resend
                = Terminated
            "#]],
        );
    }

    #[test]
    fn rfc4320_no_provisional_but_100_and_that_not_early() {
        request_in(
            Link::Lossy,
            "10    180
             20    100
             500   repeat
             3500  wait
             3600  repeat
             3700  200
             3800  repeat",
            expect![[r#"

                   3500 SendTrying
                   3600 Resend
                   3700 Send(200)
                   3800 Resend
                = Completed
            "#]],
        );
        request_in(
            Link::Reliable,
            "10    180
             20    100
             30    200
             40    repeat",
            expect![[r#"

                     20 Send(100)
                     30 Send(200)
                = Terminated
            "#]],
        );
    }

    #[test]
    fn rfc4320_neither_408_nor_a_late_final_response() {
        request_in(
            Link::Lossy,
            "10    408
             20    200",
            expect![[r#"

                     10 Cut(Late)
                = Terminated
            "#]],
        );
        request_in(
            Link::Lossy,
            "32010 200",
            expect![[r#"

               3500 SendTrying
              32000 Cut(Late)
            = Terminated
        "#]],
        );
        request_in(
            Link::Reliable,
            "20    100
             32010 200",
            expect![[r#"

                     20 Send(100)
                  32000 Cut(Late)
                = Terminated
            "#]],
        );
    }

    #[test]
    fn a_broken_transport_is_told() {
        request_in(
            Link::Reliable,
            "10 broken",
            expect![[r#"

                 10 Cut(Transport)
            = Terminated
        "#]],
        );
        request_in(
            Link::Reliable,
            "10 100
             20 broken",
            expect![[r#"

                     10 Send(100)
                     20 Cut(Transport)
                = Terminated
            "#]],
        );
        request_in(
            Link::Lossy,
            "10 200
             20 broken
             30 repeat",
            expect![[r#"

                     10 Send(200)
                     30 Resend
                = Completed
            "#]],
        );
    }
}

#[test]
fn a_jump_in_time_fires_each_timer_once() {
    let mut machine = RequestClient::new(Link::Lossy, Instant::ZERO);
    machine.handle_time(Instant::from_millis(20_000));
    assert_eq!(machine.poll_output(), Some(request_client::Output::Resend));
    assert_eq!(machine.poll_output(), None);
    assert_eq!(machine.deadline(), Some(Instant::from_millis(21_000)));
}
