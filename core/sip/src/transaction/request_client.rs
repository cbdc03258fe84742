//! Client transaction of everything but INVITE: one request out, resent until something final comes.
//!
//! Source: RFC 3261 §17.1.2; RFC 4320 §4 changes only what servers send.

use super::effects::Effects;
use super::timers::{GIVE_UP, T1, T2, T4, doubled};
use super::{Failure, Link};
use base::{Instant, Machine};
use core::time::Duration;
use serde::{Deserialize, Serialize};

/// Where the transaction stands. One variant per box of RFC 3261 figure 6.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum State {
    /// Sent, nothing heard. Timer F runs; timer E too when the transport may lose packets.
    Trying {
        /// Wait before the next resend. Doubles up to T2.
        resend_after: Duration,
    },
    /// A 1xx was heard; the request is resent every T2 all the same.
    Proceeding,
    /// A final response was passed up. Repeats of it are absorbed until timer K.
    Completed,
    /// Nothing more will happen.
    Terminated,
}

/// Everything that can happen to the transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Input {
    /// 100-199.
    Provisional(u16),
    /// 200-699.
    Final(u16),
    /// A deadline set earlier has passed.
    Timer(Timer),
    /// The transport gave up on the request.
    TransportFailed,
}

/// Everything the transaction can ask of its driver.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Output {
    /// Put the request on the wire again.
    Resend,
    /// Hand this status code to the transaction user.
    Respond(u16),
    /// Tell the transaction user that no final response will come.
    Fail(Failure),
}

/// The letters are RFC 3261's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Timer {
    /// Resend the request.
    E,
    /// Give up waiting for a final response.
    F,
    /// Stop absorbing repeats of the response.
    K,
}

/// One client transaction of a request that is not INVITE.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestClient {
    state: State,
    effects: Effects<Output, Timer>,
}

impl RequestClient {
    /// The request has just been handed to the transport.
    pub fn new(link: Link, now: Instant) -> Self {
        let mut effects = Effects::new(link);
        effects.set(Timer::F, now + GIVE_UP);
        match link {
            Link::Lossy => effects.set(Timer::E, now + T1),
            Link::Reliable => {}
        }
        let state = State::Trying { resend_after: T1 };
        Self { state, effects }
    }

    /// Where the transaction stands.
    pub fn state(&self) -> State {
        self.state
    }
}

impl Machine for RequestClient {
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
        State::Trying { resend_after } => match input {
            Input::Provisional(code) => {
                fx.emit(Output::Respond(code));
                State::Proceeding
            }
            Input::Final(code) => complete(code, fx, now),
            Input::Timer(Timer::E) => {
                let resend_after = doubled(resend_after);
                fx.emit(Output::Resend);
                fx.set(Timer::E, now + resend_after);
                State::Trying { resend_after }
            }
            Input::Timer(Timer::F) => fail(Failure::TimedOut, fx),
            Input::TransportFailed => fail(Failure::Transport, fx),
            Input::Timer(Timer::K) => state,
        },
        State::Proceeding => match input {
            Input::Provisional(code) => {
                fx.emit(Output::Respond(code));
                state
            }
            Input::Final(code) => complete(code, fx, now),
            Input::Timer(Timer::E) => {
                fx.emit(Output::Resend);
                fx.set(Timer::E, now + T2);
                state
            }
            Input::Timer(Timer::F) => fail(Failure::TimedOut, fx),
            Input::TransportFailed => fail(Failure::Transport, fx),
            Input::Timer(Timer::K) => state,
        },
        State::Completed => match input {
            Input::Timer(Timer::K) => State::Terminated,
            Input::Provisional(_) | Input::Final(_) | Input::TransportFailed => state,
            Input::Timer(Timer::E | Timer::F) => state,
        },
        State::Terminated => match input {
            Input::Provisional(_) | Input::Final(_) | Input::TransportFailed => state,
            Input::Timer(Timer::E | Timer::F | Timer::K) => state,
        },
    }
}

fn complete(code: u16, fx: &mut Fx, now: Instant) -> State {
    fx.clear_timers();
    fx.emit(Output::Respond(code));
    match fx.link() {
        Link::Lossy => {
            fx.set(Timer::K, now + T4);
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
