//! Server transaction of everything but INVITE: one request in, one final response out.
//!
//! Source: RFC 3261 §17.2.2 with RFC 4320 §4: no 1xx but 100, no early 100 where it would slow the
//! peer's resends, no 408, and nothing at all once the peer must have given up.

use super::effects::Effects;
use super::timers::{GIVE_UP, REQUEST_TRYING_AFTER};
use super::{Cut, Link};
use base::{Instant, Machine};
use serde::{Deserialize, Serialize};

/// Where the transaction stands. One variant per box of RFC 3261 figure 8; Trying is split by
/// whether a 100 may be sent yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum State {
    /// The user has said nothing yet and a 100 would come too early.
    Trying,
    /// A 100 was sent. Repeats of the request get it again.
    Proceeding,
    /// The final response was sent. Repeats of the request get it again until timer J.
    Completed,
    /// Nothing more will happen.
    Terminated,
}

/// Everything that can happen to the transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Input {
    /// The request came again.
    Repeat,
    /// The user sends 100-199.
    Provisional(u16),
    /// The user sends 200-699.
    Final(u16),
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
    /// Tell the user that the transaction ended other than by running its course.
    Cut(Cut),
}

/// J is RFC 3261's letter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Timer {
    /// A 100 may be sent now.
    Trying,
    /// The peer has given up.
    Late,
    /// Stop absorbing repeats of the request.
    J,
}

/// One server transaction of a request that is not INVITE.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestServer {
    state: State,
    effects: Effects<Output, Timer>,
}

impl RequestServer {
    /// The request has just been handed to the user.
    pub fn new(link: Link, now: Instant) -> Self {
        let mut effects = Effects::new(link);
        effects.set(Timer::Late, now + GIVE_UP);
        match link {
            Link::Lossy => effects.set(Timer::Trying, now + REQUEST_TRYING_AFTER),
            // Nothing is resent on a stream, so a 100 of our own would tell the peer nothing.
            Link::Reliable => {}
        }
        Self {
            state: State::Trying,
            effects,
        }
    }

    /// Where the transaction stands.
    pub fn state(&self) -> State {
        self.state
    }
}

impl Machine for RequestServer {
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

/// The one provisional response RFC 4320 §4.1 leaves.
const TRYING: u16 = 100;
/// What RFC 4320 §4.2 forbids: the peer has timed out by itself.
const REQUEST_TIMEOUT: u16 = 408;

fn step(state: State, input: Input, fx: &mut Fx, now: Instant) -> State {
    match state {
        State::Trying => match input {
            Input::Provisional(TRYING) => match fx.link() {
                Link::Reliable => {
                    fx.emit(Output::Send(TRYING));
                    State::Proceeding
                }
                // Comes by itself when it no longer does harm.
                Link::Lossy => state,
            },
            Input::Timer(Timer::Trying) => {
                fx.emit(Output::SendTrying);
                State::Proceeding
            }
            Input::Final(REQUEST_TIMEOUT) | Input::Timer(Timer::Late) => cut(Cut::Late, fx),
            Input::Final(code) => complete(code, fx, now),
            Input::TransportFailed => cut(Cut::Transport, fx),
            Input::Repeat | Input::Provisional(_) | Input::Timer(Timer::J) => state,
        },
        State::Proceeding => match input {
            Input::Repeat => {
                fx.emit(Output::Resend);
                state
            }
            Input::Final(REQUEST_TIMEOUT) | Input::Timer(Timer::Late) => cut(Cut::Late, fx),
            Input::Final(code) => complete(code, fx, now),
            Input::TransportFailed => cut(Cut::Transport, fx),
            Input::Provisional(_) | Input::Timer(Timer::Trying | Timer::J) => state,
        },
        State::Completed => match input {
            Input::Repeat => {
                fx.emit(Output::Resend);
                state
            }
            Input::Timer(Timer::J) => State::Terminated,
            Input::Provisional(_) | Input::Final(_) | Input::TransportFailed => state,
            Input::Timer(Timer::Trying | Timer::Late) => state,
        },
        State::Terminated => match input {
            Input::Repeat | Input::TransportFailed => state,
            Input::Provisional(_) | Input::Final(_) => state,
            Input::Timer(Timer::Trying | Timer::Late | Timer::J) => state,
        },
    }
}

fn complete(code: u16, fx: &mut Fx, now: Instant) -> State {
    fx.clear_timers();
    fx.emit(Output::Send(code));
    match fx.link() {
        Link::Lossy => {
            fx.set(Timer::J, now + GIVE_UP);
            State::Completed
        }
        Link::Reliable => State::Terminated,
    }
}

fn cut(why: Cut, fx: &mut Fx) -> State {
    fx.clear_timers();
    fx.emit(Output::Cut(why));
    State::Terminated
}
