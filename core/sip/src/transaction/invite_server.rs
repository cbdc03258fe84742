//! INVITE server transaction: one INVITE in, responses out until they are acknowledged.
//!
//! Source: RFC 3261 §17.2.1, as amended by RFC 6026 §7.1 (state Accepted, timer L). The transaction
//! user resends its 2xx until the ACK comes (RFC 3261 §13.3.1.4); the transaction only lets every copy
//! through and keeps repeats of the INVITE away from the user.

use super::effects::Effects;
use super::timers::{GIVE_UP, T1, T4, TRYING_AFTER, doubled};
use super::{Cut, Link};
use base::{Instant, Machine};
use core::time::Duration;
use serde::{Deserialize, Serialize};

/// Where the transaction stands. One variant per box of RFC 6026 figure 7, Proceeding split in two.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum State {
    /// The user has said nothing yet; 100 Trying follows after 200 ms.
    Silent,
    /// A 1xx was sent. Repeats of the INVITE get it again.
    Proceeding,
    /// A 2xx was sent. The user may send more copies of it until timer L.
    Accepted,
    /// A 3xx-6xx was sent. It is repeated until the ACK or timer H.
    Completed {
        /// Wait before the next resend. Doubles up to T2.
        resend_after: Duration,
    },
    /// The ACK came. Repeats of it are absorbed until timer I.
    Confirmed,
    /// Nothing more will happen.
    Terminated,
}

/// Everything that can happen to the transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Input {
    /// The INVITE came again.
    Repeat,
    /// An ACK that matches this transaction.
    Ack,
    /// The user sends 100-199.
    Provisional(u16),
    /// The user sends 200-299, for the first time or again.
    Success(u16),
    /// The user sends 300-699.
    Failure(u16),
    /// A deadline set earlier has passed.
    Timer(Timer),
    /// The transport gave up on a response.
    TransportFailed,
}

/// Everything the transaction can ask of its driver.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Output {
    /// Put 100 Trying on the wire; the user had nothing to say.
    SendTrying,
    /// Put the user's response on the wire.
    Send(u16),
    /// Put the last response on the wire again.
    Resend,
    /// Hand the ACK to the user: it is for a 2xx (RFC 6026 §7.1).
    PassAck,
    /// Tell the user that the transaction ended other than by running its course.
    Cut(Cut),
}

/// The letters are RFC 3261's and RFC 6026's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Timer {
    /// The user has been silent for 200 ms.
    Trying,
    /// Repeat the 3xx-6xx.
    G,
    /// Give up waiting for the ACK.
    H,
    /// Stop absorbing repeats of the ACK.
    I,
    /// Stop absorbing repeats of the INVITE after a 2xx.
    L,
}

/// One INVITE server transaction.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InviteServer {
    state: State,
    effects: Effects<Output, Timer>,
}

impl InviteServer {
    /// The INVITE has just been handed to the user.
    pub fn new(link: Link, now: Instant) -> Self {
        let mut effects = Effects::new(link);
        effects.set(Timer::Trying, now + TRYING_AFTER);
        Self {
            state: State::Silent,
            effects,
        }
    }

    /// Where the transaction stands.
    pub fn state(&self) -> State {
        self.state
    }
}

impl Machine for InviteServer {
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
        State::Silent => silent(input, fx, now),
        State::Proceeding => proceeding(input, fx, now),
        State::Accepted => match input {
            Input::Success(code) => {
                fx.emit(Output::Send(code));
                state
            }
            Input::Ack => {
                fx.emit(Output::PassAck);
                state
            }
            Input::Timer(Timer::L) => State::Terminated,
            Input::Repeat | Input::Provisional(_) | Input::Failure(_) => state,
            // The user resends anyway and gives up by itself.
            Input::TransportFailed => state,
            Input::Timer(Timer::Trying | Timer::G | Timer::H | Timer::I) => state,
        },
        State::Completed { resend_after } => completed(resend_after, input, fx, now),
        State::Confirmed => match input {
            Input::Timer(Timer::I) => State::Terminated,
            Input::Repeat | Input::Ack | Input::TransportFailed => state,
            Input::Provisional(_) | Input::Success(_) | Input::Failure(_) => state,
            Input::Timer(Timer::Trying | Timer::G | Timer::H | Timer::L) => state,
        },
        State::Terminated => match input {
            Input::Repeat | Input::Ack | Input::TransportFailed => state,
            Input::Provisional(_) | Input::Success(_) | Input::Failure(_) => state,
            Input::Timer(Timer::Trying | Timer::G | Timer::H | Timer::I | Timer::L) => state,
        },
    }
}

fn silent(input: Input, fx: &mut Fx, now: Instant) -> State {
    match input {
        Input::Timer(Timer::Trying) => {
            fx.emit(Output::SendTrying);
            State::Proceeding
        }
        Input::Provisional(code) => {
            fx.clear_timers();
            fx.emit(Output::Send(code));
            State::Proceeding
        }
        Input::Success(code) => accept(code, fx, now),
        Input::Failure(code) => complete(code, fx, now),
        Input::TransportFailed => cut(Cut::Transport, fx),
        // Nothing has been sent that could be sent again.
        Input::Repeat | Input::Ack => State::Silent,
        Input::Timer(Timer::G | Timer::H | Timer::I | Timer::L) => State::Silent,
    }
}

fn proceeding(input: Input, fx: &mut Fx, now: Instant) -> State {
    match input {
        Input::Repeat => {
            fx.emit(Output::Resend);
            State::Proceeding
        }
        Input::Provisional(code) => {
            fx.emit(Output::Send(code));
            State::Proceeding
        }
        Input::Success(code) => accept(code, fx, now),
        Input::Failure(code) => complete(code, fx, now),
        Input::TransportFailed => cut(Cut::Transport, fx),
        Input::Ack => State::Proceeding,
        Input::Timer(Timer::Trying | Timer::G | Timer::H | Timer::I | Timer::L) => {
            State::Proceeding
        }
    }
}

fn completed(resend_after: Duration, input: Input, fx: &mut Fx, now: Instant) -> State {
    let state = State::Completed { resend_after };
    match input {
        Input::Repeat => {
            fx.emit(Output::Resend);
            state
        }
        Input::Ack => {
            fx.clear_timers();
            match fx.link() {
                Link::Lossy => {
                    fx.set(Timer::I, now + T4);
                    State::Confirmed
                }
                Link::Reliable => State::Terminated,
            }
        }
        Input::Timer(Timer::G) => {
            let resend_after = doubled(resend_after);
            fx.emit(Output::Resend);
            fx.set(Timer::G, now + resend_after);
            State::Completed { resend_after }
        }
        Input::Timer(Timer::H) => cut(Cut::NoAck, fx),
        Input::TransportFailed => cut(Cut::Transport, fx),
        Input::Provisional(_) | Input::Success(_) | Input::Failure(_) => state,
        Input::Timer(Timer::Trying | Timer::I | Timer::L) => state,
    }
}

fn accept(code: u16, fx: &mut Fx, now: Instant) -> State {
    fx.clear_timers();
    fx.emit(Output::Send(code));
    fx.set(Timer::L, now + GIVE_UP);
    State::Accepted
}

fn complete(code: u16, fx: &mut Fx, now: Instant) -> State {
    fx.clear_timers();
    fx.emit(Output::Send(code));
    fx.set(Timer::H, now + GIVE_UP);
    match fx.link() {
        Link::Lossy => fx.set(Timer::G, now + T1),
        Link::Reliable => {}
    }
    State::Completed { resend_after: T1 }
}

fn cut(why: Cut, fx: &mut Fx) -> State {
    fx.clear_timers();
    fx.emit(Output::Cut(why));
    State::Terminated
}
