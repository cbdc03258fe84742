//! INVITE client transaction: one request out, responses in, retransmission between.
//!
//! Source: RFC 3261 §17.1.1, as amended by RFC 6026 §7.2 (state Accepted, timer M). CANCEL is part of
//! it because a CANCEL waits for a provisional response and then limits how long the INVITE may
//! still run (RFC 3261 §9.1).

use super::effects::Effects;
use super::timers::{GIVE_UP, REPEATED_FAILURE, T1};
use super::{Failure, Link};
use base::{Instant, Machine};
use core::time::Duration;
use serde::{Deserialize, Serialize};

/// Where the transaction stands. One variant per box of RFC 3261 figure 5, and two for CANCEL.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum State {
    /// Sent, nothing heard. Timer B runs; timer A too when the transport may lose packets.
    Calling {
        /// Wait before the next resend. Doubles each time.
        resend_after: Duration,
    },
    /// As Calling, but the user wants it cancelled: CANCEL follows the first 1xx.
    CancelHeld {
        /// Wait before the next resend. Doubles each time.
        resend_after: Duration,
    },
    /// A 1xx was heard. Nothing is resent; the user decides how long to wait.
    Proceeding,
    /// CANCEL was sent. The final response must come within 64·T1.
    Cancelling,
    /// A 2xx was passed up. Repeats of it are passed up until timer M.
    Accepted,
    /// A 3xx-6xx was acknowledged. Repeats of it are acknowledged until timer D.
    Completed,
    /// Nothing more will happen.
    Terminated,
}

/// Everything that can happen to the transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Input {
    /// 100-199.
    Provisional(u16),
    /// 200-299.
    Success(u16),
    /// 300-699.
    Failure(u16),
    /// The user no longer wants it.
    Cancel,
    /// A deadline set earlier has passed.
    Timer(Timer),
    /// The transport gave up on the request.
    TransportFailed,
}

/// Everything the transaction can ask of its driver.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Output {
    /// Put the INVITE on the wire again.
    ResendInvite,
    /// Put the ACK for a 3xx-6xx on the wire.
    SendAck,
    /// Start the CANCEL's own transaction.
    SendCancel,
    /// Hand this status code to the transaction user.
    Respond(u16),
    /// Tell the transaction user that no final response will come.
    Fail(Failure),
}

/// The letters are RFC 3261's and RFC 6026's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Timer {
    /// Resend the INVITE.
    A,
    /// Give up waiting for any response.
    B,
    /// Stop acknowledging repeats of a 3xx-6xx.
    D,
    /// Stop passing repeats of a 2xx up.
    M,
    /// Give up waiting for the end of a cancelled INVITE (RFC 3261 §9.1).
    Cancelled,
}

/// One INVITE client transaction.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InviteClient {
    state: State,
    effects: Effects<Output, Timer>,
}

impl InviteClient {
    /// The INVITE has just been handed to the transport.
    pub fn new(link: Link, now: Instant) -> Self {
        let mut effects = Effects::new(link);
        effects.set(Timer::B, now + GIVE_UP);
        match link {
            Link::Lossy => effects.set(Timer::A, now + T1),
            Link::Reliable => {}
        }
        let state = State::Calling { resend_after: T1 };
        Self { state, effects }
    }

    /// Where the transaction stands.
    pub fn state(&self) -> State {
        self.state
    }
}

impl Machine for InviteClient {
    type Input = Input;
    type Output = Output;

    fn handle(&mut self, input: Input, now: Instant) {
        self.state = step(self.state, input, &mut self.effects, now);
    }

    fn handle_time(&mut self, now: Instant) {
        while let Some(timer) = self.effects.expire(now) {
            self.handle(Input::Timer(timer), now);
        }
    }

    fn poll_output(&mut self) -> Option<Output> {
        self.effects.poll()
    }

    fn deadline(&self) -> Option<Instant> {
        self.effects.deadline()
    }
}

type Fx = Effects<Output, Timer>;

fn step(state: State, input: Input, fx: &mut Fx, now: Instant) -> State {
    match state {
        State::Calling { resend_after } => calling(resend_after, input, fx, now),
        State::CancelHeld { resend_after } => cancel_held(resend_after, input, fx, now),
        State::Proceeding => proceeding(input, fx, now),
        State::Cancelling => cancelling(input, fx, now),
        State::Accepted => match input {
            Input::Success(code) => {
                fx.emit(Output::Respond(code));
                state
            }
            Input::Timer(Timer::M) => State::Terminated,
            Input::Provisional(_) | Input::Failure(_) | Input::Cancel => state,
            Input::TransportFailed => state,
            Input::Timer(Timer::A | Timer::B | Timer::D | Timer::Cancelled) => state,
        },
        State::Completed => match input {
            Input::Failure(_) => {
                fx.emit(Output::SendAck);
                state
            }
            Input::Timer(Timer::D) => State::Terminated,
            // The user has its final response; only the acknowledging ends.
            Input::TransportFailed => {
                fx.clear_timers();
                State::Terminated
            }
            Input::Provisional(_) | Input::Success(_) | Input::Cancel => state,
            Input::Timer(Timer::A | Timer::B | Timer::M | Timer::Cancelled) => state,
        },
        State::Terminated => match input {
            Input::Provisional(_) | Input::Success(_) | Input::Failure(_) => state,
            Input::Cancel | Input::TransportFailed => state,
            Input::Timer(Timer::A | Timer::B | Timer::D | Timer::M | Timer::Cancelled) => state,
        },
    }
}

fn calling(resend_after: Duration, input: Input, fx: &mut Fx, now: Instant) -> State {
    match input {
        Input::Provisional(code) => {
            fx.clear_timers();
            fx.emit(Output::Respond(code));
            State::Proceeding
        }
        Input::Success(code) => accept(code, fx, now),
        Input::Failure(code) => complete(code, fx, now),
        Input::Cancel => State::CancelHeld { resend_after },
        Input::Timer(Timer::A) => {
            let resend_after = resend(resend_after, fx, now);
            State::Calling { resend_after }
        }
        Input::Timer(Timer::B) => fail(Failure::TimedOut, fx),
        Input::TransportFailed => fail(Failure::Transport, fx),
        Input::Timer(Timer::D | Timer::M | Timer::Cancelled) => State::Calling { resend_after },
    }
}

fn cancel_held(resend_after: Duration, input: Input, fx: &mut Fx, now: Instant) -> State {
    match input {
        Input::Provisional(code) => {
            fx.emit(Output::Respond(code));
            cancel(fx, now)
        }
        Input::Success(code) => accept(code, fx, now),
        Input::Failure(code) => complete(code, fx, now),
        Input::Timer(Timer::A) => {
            let resend_after = resend(resend_after, fx, now);
            State::CancelHeld { resend_after }
        }
        Input::Timer(Timer::B) => fail(Failure::TimedOut, fx),
        Input::TransportFailed => fail(Failure::Transport, fx),
        Input::Cancel | Input::Timer(Timer::D | Timer::M | Timer::Cancelled) => {
            State::CancelHeld { resend_after }
        }
    }
}

fn proceeding(input: Input, fx: &mut Fx, now: Instant) -> State {
    match input {
        Input::Provisional(code) => {
            fx.emit(Output::Respond(code));
            State::Proceeding
        }
        Input::Success(code) => accept(code, fx, now),
        Input::Failure(code) => complete(code, fx, now),
        Input::Cancel => cancel(fx, now),
        Input::TransportFailed => fail(Failure::Transport, fx),
        Input::Timer(Timer::A | Timer::B | Timer::D | Timer::M | Timer::Cancelled) => {
            State::Proceeding
        }
    }
}

fn cancelling(input: Input, fx: &mut Fx, now: Instant) -> State {
    match input {
        Input::Provisional(code) => {
            fx.emit(Output::Respond(code));
            State::Cancelling
        }
        Input::Success(code) => accept(code, fx, now),
        Input::Failure(code) => complete(code, fx, now),
        Input::Timer(Timer::Cancelled) => fail(Failure::TimedOut, fx),
        Input::TransportFailed => fail(Failure::Transport, fx),
        Input::Cancel | Input::Timer(Timer::A | Timer::B | Timer::D | Timer::M) => {
            State::Cancelling
        }
    }
}

fn resend(resend_after: Duration, fx: &mut Fx, now: Instant) -> Duration {
    let resend_after = 2 * resend_after;
    fx.emit(Output::ResendInvite);
    fx.set(Timer::A, now + resend_after);
    resend_after
}

fn cancel(fx: &mut Fx, now: Instant) -> State {
    fx.clear_timers();
    fx.emit(Output::SendCancel);
    fx.set(Timer::Cancelled, now + GIVE_UP);
    State::Cancelling
}

fn accept(code: u16, fx: &mut Fx, now: Instant) -> State {
    fx.clear_timers();
    fx.emit(Output::Respond(code));
    fx.set(Timer::M, now + GIVE_UP);
    State::Accepted
}

fn complete(code: u16, fx: &mut Fx, now: Instant) -> State {
    fx.clear_timers();
    fx.emit(Output::SendAck);
    fx.emit(Output::Respond(code));
    match fx.link() {
        Link::Lossy => {
            fx.set(Timer::D, now + REPEATED_FAILURE);
            State::Completed
        }
        Link::Reliable => State::Terminated,
    }
}

fn fail(failure: Failure, fx: &mut Fx) -> State {
    fx.clear_timers();
    fx.emit(Output::Fail(failure));
    State::Terminated
}
