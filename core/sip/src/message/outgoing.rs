//! One message of ours: sent, proved, delivered or not. Its retransmission is the transaction's.

use super::{LARGEST, LONGEST, PLAIN};
use crate::auth::Refusal;
use crate::ids::ClientId;
use crate::outside::{Answer, Attempt, Outside, Sender};
use crate::transaction::Failure;
use base::{Instant, Machine, Rng};
use serde::{Deserialize, Serialize};
use sip_message::{HeaderName, Method, Request, RequestBuilder, Response, Status, Uri};
use std::collections::VecDeque;

/// What a Via with branch and rport takes, with the longest address. Unit: bytes.
const VIA: usize = 128;

/// Where a message stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum State {
    /// Not sent yet.
    New,
    /// It is out.
    Sending(Attempt),
    /// Nothing more will happen.
    Over,
}

/// Everything that can happen to a message.
#[derive(Debug, Clone)]
pub enum Input {
    /// It is to go out.
    Send,
    /// A response came.
    Response {
        /// To which request.
        id: ClientId,
        /// The response.
        response: Response,
    },
    /// No final response will come.
    Failed {
        /// To which request.
        id: ClientId,
        /// Why.
        why: Failure,
    },
}

/// Everything a message can ask of its driver.
#[derive(Debug, Clone)]
pub enum Output {
    /// Send in a transaction of its own.
    Send {
        /// Comes back with every response.
        id: ClientId,
        /// The request without Via.
        request: Request,
        /// Where to send it.
        next_hop: Uri,
    },
    /// What became of it; nothing comes after this.
    Ended(End),
}

/// What became of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum End {
    /// It is at the other end (200).
    Delivered,
    /// Somebody on the way keeps it, to hand it over later (202). Source: RFC 3428 §6.
    Accepted,
    /// It did not get there.
    Failed(Cause),
}

/// Why a message did not get there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cause {
    /// It is too large for UDP, by so many bytes; it was not sent.
    TooLarge(usize),
    /// Nobody answered in time. It may have got there all the same.
    NoAnswer,
    /// Nothing can be sent there.
    Unreachable,
    /// The server wants a proof that we do not or must not give.
    Unproved(Refusal),
    /// Somebody said no.
    Refused {
        /// The status.
        status: u16,
        /// Its reason phrase.
        reason: String,
    },
}

/// Everything a message knows, as plain data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Memory {
    state: State,
    outside: Outside,
    text: String,
    /// The whole way holds back by itself, so that no limit of packets counts.
    reliable: bool,
    next_id: ClientId,
}

/// One message of ours.
#[derive(Debug, Clone)]
pub struct Outgoing {
    memory: Memory,
    outputs: VecDeque<Output>,
    rng: Rng,
}

impl Outgoing {
    /// `first` is the name of its first request; up to four more follow, counted on.
    pub fn new(
        sender: Sender,
        text: String,
        reliable: bool,
        first: ClientId,
        mut rng: Rng,
    ) -> Self {
        let memory = Memory {
            state: State::New,
            outside: Outside::new(sender, &mut rng),
            text,
            reliable,
            next_id: first,
        };
        Self::restore(memory, rng)
    }

    /// One that goes on where `memory` stood.
    pub fn restore(memory: Memory, rng: Rng) -> Self {
        Self {
            memory,
            outputs: VecDeque::new(),
            rng,
        }
    }

    /// All it knows.
    pub const fn memory(&self) -> &Memory {
        &self.memory
    }

    /// Nothing more will happen.
    pub const fn is_over(&self) -> bool {
        matches!(self.memory.state, State::Over)
    }

    fn end(&mut self, end: End) {
        self.memory.state = State::Over;
        self.outputs.push_back(Output::Ended(end));
    }

    fn send(&mut self, mut attempt: Attempt) {
        let memory = &mut self.memory;
        let text = memory.text.clone();
        let body = |builder: RequestBuilder| {
            let kind = format!("{PLAIN};charset=UTF-8");
            let builder = builder.header(HeaderName::Accept, PLAIN);
            builder.body(&kind, text)
        };
        let (request, next_hop) =
            memory
                .outside
                .write(Method::Message, &mut attempt, &mut self.rng, body);
        let limit = if memory.reliable {
            LONGEST + LARGEST
        } else {
            LARGEST - VIA
        };
        let beyond = request.bytes().len().saturating_sub(limit);
        if beyond > 0 {
            return self.end(End::Failed(Cause::TooLarge(beyond)));
        }
        let id = attempt.id;
        self.memory.state = State::Sending(attempt);
        self.outputs.push_back(Output::Send {
            id,
            request,
            next_hop,
        });
    }

    fn next_id(&mut self) -> ClientId {
        let id = self.memory.next_id;
        self.memory.next_id = ClientId(id.0 + 1);
        id
    }

    fn response(&mut self, attempt: &Attempt, response: &Response, now: Instant) {
        let answer = self.memory.outside.answered(attempt, response, now);
        let cause = match answer {
            Answer::Taken(Status::ACCEPTED) => return self.end(End::Accepted),
            Answer::Taken(_) => return self.end(End::Delivered),
            Answer::Again => {
                let id = self.next_id();
                match attempt.again(id) {
                    Some(again) => return self.send(again),
                    None => Cause::Unproved(Refusal::Loop),
                }
            }
            Answer::Unproved(refusal) => Cause::Unproved(refusal),
            Answer::Refused { status, reason } => Cause::Refused { status, reason },
        };
        self.end(End::Failed(cause));
    }
}

impl Machine for Outgoing {
    type Input = Input;
    type Output = Output;

    fn handle(&mut self, input: Input, now: Instant) {
        match (self.memory.state.clone(), input) {
            (State::New, Input::Send) => {
                let id = self.next_id();
                self.send(Attempt::first(id));
            }
            (State::Sending(attempt), Input::Response { id, response }) if attempt.id == id => {
                if response.status().is_final() {
                    self.response(&attempt, &response, now);
                }
            }
            (State::Sending(attempt), Input::Failed { id, why }) if attempt.id == id => {
                let cause = match why {
                    Failure::TimedOut => Cause::NoAnswer,
                    Failure::Transport => Cause::Unreachable,
                };
                self.end(End::Failed(cause));
            }
            (
                State::New | State::Sending(_) | State::Over,
                Input::Send | Input::Response { .. } | Input::Failed { .. },
            ) => {}
        }
    }

    fn handle_time(&mut self, _now: Instant) {}

    fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    fn deadline(&self) -> Option<Instant> {
        None
    }
}
