//! Table of subscriptions, paced (M-089, M-094).

use crate::ids::{ClientId, ServerId};
use crate::subscription::{
    Input as One, Memory, News, Output as Asked, State, Subscription, Watch, WatchTag,
};
use crate::transaction::Failure;
use base::{Duration, Instant, Machine, Rng, Timers};
use serde::{Deserialize, Serialize};
use sip_message::{Request, Response, ResponseBuilder, Status, Uri};
use std::collections::{BTreeMap, VecDeque};

/// Subscriptions at once. Past it [`Input::Add`] is refused by [`Output::Full`].
/// Source: rulings, Limits.
pub const MAX_SUBSCRIPTIONS: usize = 2_000;

/// Pause between the first requests of two subscriptions, so that five hundred that start together do
/// not overrun a server. Unit: time.
pub const PACE: Duration = Duration::from_millis(10);

/// Bits of a request's count that one subscription owns.
const SHARE_BITS: u32 = 28;

/// A subscription, by the number its user gave it. Range: below 2^28; never used twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SubscriptionId(pub u32);

/// Everything that can happen to the table.
#[derive(Debug, Clone)]
pub enum Input {
    /// There is this subscription now; it starts when its turn comes.
    Add(SubscriptionId, Box<Watch>),
    /// It is no longer wanted.
    End(SubscriptionId),
    /// Its full state is wanted.
    Ask(SubscriptionId),
    /// Its server is lost.
    Doubt(SubscriptionId),
    /// Its server is back, or the person wants to know anew; asked when its turn comes.
    Again(SubscriptionId),
    /// Its NOTIFYs reach us there from now on.
    Moved(SubscriptionId, Uri),
    /// A response to a request of ours.
    Response {
        /// The request.
        id: ClientId,
        /// The response.
        response: Response,
    },
    /// A request of ours gets no final response.
    Failed {
        /// The request.
        id: ClientId,
        /// Why.
        why: Failure,
    },
    /// A NOTIFY with a tag of ours.
    Notify {
        /// Its transaction.
        id: ServerId,
        /// The request.
        request: Request,
    },
}

/// Everything the table can ask of its driver.
#[derive(Debug, Clone)]
pub enum Output {
    /// As [`crate::subscription::Output::Send`].
    Send {
        /// Whose it is.
        of: SubscriptionId,
        /// Comes back with every response.
        id: ClientId,
        /// The request without Via.
        request: Request,
        /// Where to send it.
        next_hop: Uri,
    },
    /// A response to this request is no longer of interest.
    Abandon {
        /// The request.
        id: ClientId,
    },
    /// Answer a NOTIFY.
    Respond {
        /// Its transaction.
        id: ServerId,
        /// The response.
        response: Response,
    },
    /// Tell the user of a subscription.
    News(SubscriptionId, News),
    /// There is no room for this subscription.
    Full(SubscriptionId),
}

/// One subscription's place.
#[derive(Debug, Clone)]
struct Place {
    subscription: Subscription,
    /// The tag it is found by.
    tag: WatchTag,
}

/// Table of subscriptions.
#[derive(Debug, Clone)]
pub struct Subscriptions {
    part: u8,
    places: BTreeMap<SubscriptionId, Place>,
    tags: BTreeMap<WatchTag, SubscriptionId>,
    timers: Timers<SubscriptionId>,
    /// When the next one may start.
    next_turn: Instant,
    outputs: VecDeque<Output>,
    rng: Rng,
}

/// The table as plain data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Saved {
    part: u8,
    places: BTreeMap<SubscriptionId, Memory>,
}

impl Subscriptions {
    /// No subscription. Requests are named as those of part number `part`.
    pub fn new(part: u8, rng: Rng) -> Self {
        Self {
            part,
            places: BTreeMap::new(),
            tags: BTreeMap::new(),
            timers: Timers::new(),
            next_turn: Instant::ZERO,
            outputs: VecDeque::new(),
            rng,
        }
    }

    /// The state at this moment. Outputs that were not taken are not part of it.
    pub fn save(&self) -> Saved {
        let memory = |(id, place): (&SubscriptionId, &Place)| {
            let memory = place.subscription.memory().clone();
            (*id, memory)
        };
        Saved {
            part: self.part,
            places: self.places.iter().map(memory).collect(),
        }
    }

    /// A table that goes on where `saved` stood.
    pub fn restore(saved: Saved, rng: Rng) -> Self {
        let mut table = Self::new(saved.part, rng);
        for (id, memory) in saved.places {
            let subscription = Subscription::restore(memory, table.rng.split());
            table.insert(id, subscription);
        }
        table
    }

    /// Subscriptions that are not over.
    pub fn len(&self) -> usize {
        self.places.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    fn insert(&mut self, id: SubscriptionId, subscription: Subscription) {
        let tag = subscription.tag();
        self.timers.set(id, subscription.deadline());
        self.tags.insert(tag, id);
        self.places.insert(id, Place { subscription, tag });
    }

    fn add(&mut self, id: SubscriptionId, watch: Watch, now: Instant) {
        if self.places.len() >= MAX_SUBSCRIPTIONS {
            return self.outputs.push_back(Output::Full(id));
        }
        let first = ClientId::new(self.part, u64::from(id.0) << SHARE_BITS);
        let subscription = Subscription::new(watch, first, self.rng.split());
        self.insert(id, subscription);
        let after = self.turn(now);
        self.one(id, One::Start(after), now);
    }

    /// How long the next one that starts has to wait.
    fn turn(&mut self, now: Instant) -> Duration {
        let at = self.next_turn.max(now);
        self.next_turn = at + PACE;
        at.since(now)
    }

    fn one(&mut self, id: SubscriptionId, input: One, now: Instant) {
        if let Some(place) = self.places.get_mut(&id) {
            place.subscription.handle(input, now);
            self.settle(id);
        }
    }

    fn reply(&mut self, client: ClientId, input: One, now: Instant) {
        let id = u32::try_from(client.count() >> SHARE_BITS).unwrap_or(u32::MAX);
        self.one(SubscriptionId(id), input, now);
    }

    fn notify(&mut self, id: ServerId, request: Request, now: Instant) {
        let to = request.headers().to().ok();
        let tag = to.as_ref().and_then(|to| to.tag());
        let found = tag
            .and_then(WatchTag::read)
            .and_then(|tag| self.tags.get(&tag));
        match found {
            Some(&subscription) => self.one(subscription, One::Notify { id, request }, now),
            None => {
                let status = Status::CALL_DOES_NOT_EXIST;
                let response = ResponseBuilder::to(&request, status).build();
                self.outputs.push_back(Output::Respond { id, response });
            }
        }
    }

    /// Carries over what a subscription asks for, and lets one that is over go.
    fn settle(&mut self, of: SubscriptionId) {
        let Some(place) = self.places.get_mut(&of) else {
            return;
        };
        while let Some(output) = place.subscription.poll_output() {
            self.outputs.push_back(match output {
                Asked::Send {
                    id,
                    request,
                    next_hop,
                } => Output::Send {
                    of,
                    id,
                    request,
                    next_hop,
                },
                Asked::Abandon { id } => Output::Abandon { id },
                Asked::Respond { id, response } => Output::Respond { id, response },
                Asked::News(news) => Output::News(of, news),
            });
        }
        let tag = place.subscription.tag();
        if tag != place.tag {
            self.tags.remove(&place.tag);
            self.tags.insert(tag, of);
            place.tag = tag;
        }
        self.timers.set(of, place.subscription.deadline());
        if *place.subscription.state() == State::Over {
            self.tags.remove(&tag);
            self.timers.set(of, None);
            self.places.remove(&of);
        }
    }
}

impl Machine for Subscriptions {
    type Input = Input;
    type Output = Output;

    fn handle(&mut self, input: Input, now: Instant) {
        match input {
            Input::Add(id, watch) => self.add(id, *watch, now),
            Input::End(id) => self.one(id, One::End, now),
            Input::Ask(id) => self.one(id, One::Ask, now),
            Input::Doubt(id) => self.one(id, One::Doubt, now),
            Input::Again(id) => {
                let after = self.turn(now);
                self.one(id, One::Again(after), now);
            }
            Input::Moved(id, contact) => self.one(id, One::Moved(contact), now),
            Input::Response { id, response } => {
                self.reply(id, One::Response { id, response }, now);
            }
            Input::Failed { id, why } => self.reply(id, One::Failed { id, why }, now),
            Input::Notify { id, request } => self.notify(id, request, now),
        }
    }

    fn handle_time(&mut self, now: Instant) {
        while let Some(id) = self.timers.expire(now) {
            if let Some(place) = self.places.get_mut(&id) {
                place.subscription.handle_time(now);
            }
            self.settle(id);
        }
    }

    fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    fn deadline(&self) -> Option<Instant> {
        self.timers.next()
    }
}

#[cfg(test)]
mod tests;
