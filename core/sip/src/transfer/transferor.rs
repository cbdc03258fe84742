//! We hand a caller on.
//!
//! ```text
//! blind          hold, REFER                                        (RFC 5589 §6)
//! attended       hold, call the target, speak, REFER with Replaces  (RFC 5589 §7)
//! semi-attended  hold, call the target, give that up while it rings, REFER; or, where a person set it so, REFER with
//!                Replaces first
//! ```
//!
//! Where REFER with Replaces is refused as not understood, REFER goes without, and where that is refused too, the two
//! calls are joined here. Whatever else goes wrong, the caller is taken back from hold, unless a person held it before or it is gone.

use super::{Outcome, Report, Why};
use base::{Duration, Instant, Machine};
use serde::{Deserialize, Serialize};
use sip_message::Status;
use std::collections::VecDeque;

/// REFER waits so long for the caller to be held, which may need an answer that never comes. Unit: time.
pub const HOLD: Duration = Duration::from_secs(3);
/// REFER has its answer by then: timer F (RFC 3261 §17.1.2.2) and some. Unit: time.
pub const ANSWER: Duration = Duration::from_secs(40);
/// The first report has come by then (RFC 3515 §2.4.4 wants it at once). Unit: time.
pub const FIRST_REPORT: Duration = Duration::from_secs(32);
/// The target may ring so long after the last report. Source: ours; phones give up after two minutes. Unit: time.
pub const RESULT: Duration = Duration::from_secs(180);
/// The call to the target is given up by then. Unit: time.
pub const GIVEN_UP: Duration = Duration::from_secs(8);
/// Whoever mixes has said by then whether the two are joined. Unit: time.
pub const JOIN: Duration = Duration::from_secs(4);
/// The caller is back from hold by then, or its call has ended: a re-INVITE takes 32 s to fail. Unit: time.
pub const BACK: Duration = Duration::from_secs(40);

/// What a transfer begins with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Begin {
    /// The target is called and asked first.
    pub asks: bool,
    /// The target has answered already: its call was there before.
    pub answered: bool,
    /// The caller is on hold, because a person wanted it: there it stays where nothing comes of the transfer.
    pub held: bool,
    /// The caller stays on hold where nothing comes of the transfer, whoever held it.
    pub stays: bool,
    /// A target that rings is not given up before REFER, which names the call with it (M-081).
    pub early: bool,
}

/// Everything that can happen to a transfer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Input {
    /// The caller is on hold.
    Held,
    /// The caller is on hold no longer.
    Resumed,
    /// The caller's call is over.
    CallerGone,
    /// The target answered our call.
    TargetAnswered,
    /// Our call with the target is over; the status where it refused.
    TargetGone(Option<Status>),
    /// The person hands the caller over.
    Complete,
    /// The person takes the caller back.
    Cancel,
    /// The final response to REFER, where one came.
    Answered(Option<Status>),
    /// NOTIFY came.
    Reported(Report),
    /// The two calls are joined, or cannot be.
    Joined(bool),
}

/// Whether REFER names the call that the target has with us.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Way {
    /// It names the target alone.
    Plain,
    /// The new call takes the place of ours (RFC 3891).
    Replaces,
    /// The same, and REFER names the target's address rather than where our call with it goes, which may be known to
    /// nobody else (RFC 5589 §7.5).
    ByAddress,
    /// It names the target alone, whose call with us stays until REFER is taken: Replaces was not (M-078).
    Beside,
    /// The new call takes the place of ours while that rings, where its server knows how to (X-07).
    Early,
}

/// Everything a transfer can ask of its driver.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Output {
    /// Hold the caller.
    Hold,
    /// Go on with the caller.
    Resume,
    /// Send REFER in the caller's dialog.
    Refer(Way),
    /// End the caller's call.
    DropCaller,
    /// End our call with the target.
    DropTarget,
    /// Join the two calls here; answered by [`Input::Joined`].
    Join,
    /// Tell the person how far it is.
    Tell(Step),
    /// It is over; comes exactly once, and nothing comes after it.
    Over(Outcome),
}

/// How far it is, for a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Step {
    /// The target is being called.
    Asking,
    /// The target answered: the person speaks with it.
    Consulting,
    /// The caller was asked to go.
    Asked,
    /// It goes; what the target said last, where that is known.
    Going(Option<Status>),
    /// It did not work; the caller is being taken back.
    Returning(Why),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
enum Stage {
    /// REFER waits for the hold.
    Holding(Instant),
    /// The target rings, or speaks with the person.
    Consulting {
        answered: bool,
    },
    /// The target's call is being ended, so that it is free for the caller's.
    Freeing(Instant),
    /// REFER is out.
    Referring(Instant),
    /// REFER was accepted.
    Awaiting(Instant),
    /// The two are being joined here; REFER was refused so.
    Joining(Status, Instant),
    /// The caller is being taken back.
    Returning(Why, Instant),
    Over,
}

/// Our call with the target.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
enum OfTarget {
    /// There is none, or none any more.
    None,
    Rings,
    Answered,
}

/// One transfer of a caller.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Transferor {
    stage: Stage,
    begin: Begin,
    way: Way,
    target: OfTarget,
    /// The target ended our call after REFER was out, as one does whose call was replaced.
    replaced: bool,
    outputs: VecDeque<Output>,
}

impl Transferor {
    /// Begins. Where the target is to be asked first and was not called yet, the driver calls it.
    pub fn start(begin: Begin, now: Instant) -> Self {
        let mut machine = Self {
            stage: Stage::Holding(now + HOLD),
            begin,
            way: Way::Plain,
            target: match (begin.asks, begin.answered) {
                (false, _) => OfTarget::None,
                (true, false) => OfTarget::Rings,
                (true, true) => OfTarget::Answered,
            },
            replaced: false,
            outputs: VecDeque::new(),
        };
        if !begin.held {
            machine.outputs.push_back(Output::Hold);
        }
        if begin.asks {
            let answered = begin.answered;
            machine.stage = Stage::Consulting { answered };
            let step = if answered {
                Step::Consulting
            } else {
                Step::Asking
            };
            machine.outputs.push_back(Output::Tell(step));
        } else if begin.held {
            machine.refer(Way::Plain, now);
        }
        machine
    }

    /// Whether it is over.
    pub fn is_over(&self) -> bool {
        self.stage == Stage::Over
    }

    /// Whether the person may still hand over or take back: the target is being asked.
    pub fn is_open(&self) -> bool {
        matches!(self.stage, Stage::Consulting { .. })
    }

    fn has_target(&self) -> bool {
        self.target != OfTarget::None
    }

    fn tell(&mut self, step: Step) {
        self.outputs.push_back(Output::Tell(step));
    }

    fn over(&mut self, outcome: Outcome) {
        self.stage = Stage::Over;
        self.outputs.push_back(Output::Over(outcome));
    }

    fn refer(&mut self, way: Way, now: Instant) {
        self.way = way;
        self.stage = Stage::Referring(now + ANSWER);
        self.outputs.push_back(Output::Refer(way));
        self.tell(Step::Asked);
    }

    /// The two speak: both calls of ours end.
    fn complete(&mut self) {
        self.outputs.push_back(Output::DropCaller);
        if self.has_target() {
            self.outputs.push_back(Output::DropTarget);
        }
        self.over(Outcome::Completed);
    }

    /// Nothing comes of it: the caller is taken back.
    fn back(&mut self, why: Why, now: Instant) {
        if self.way == Way::Early && self.target == OfTarget::Rings {
            self.outputs.push_back(Output::DropTarget);
        }
        if self.begin.held || self.begin.stays {
            return self.over(Outcome::Recovered(why));
        }
        self.stage = Stage::Returning(why, now + BACK);
        self.outputs.push_back(Output::Resume);
        self.tell(Step::Returning(why));
    }

    /// The target is freed for a call of the caller's own; unless it answered us meanwhile, and can be replaced now.
    fn free(&mut self, now: Instant) {
        if self.way == Way::Early && self.target == OfTarget::Answered {
            return self.refer(Way::Replaces, now);
        }
        self.stage = Stage::Freeing(now + GIVEN_UP);
        self.outputs.push_back(Output::DropTarget);
    }

    fn caller_gone(&mut self) {
        let why = match self.stage {
            Stage::Over => return,
            Stage::Awaiting(_) | Stage::Referring(_) if self.replaced => {
                return self.complete();
            }
            Stage::Returning(why, _) => why,
            Stage::Holding(_)
            | Stage::Consulting { .. }
            | Stage::Freeing(_)
            | Stage::Joining(..)
            | Stage::Referring(_)
            | Stage::Awaiting(_) => Why::CallerGone,
        };
        self.over(Outcome::Lost(why));
    }

    fn target_gone(&mut self, status: Option<Status>, now: Instant) {
        self.target = OfTarget::None;
        match self.stage {
            Stage::Consulting { .. } => self.back(Why::TargetGone(status), now),
            Stage::Freeing(_) => self.refer(Way::Plain, now),
            Stage::Referring(_) | Stage::Awaiting(_) => {
                let spoken = matches!(self.way, Way::Replaces | Way::ByAddress);
                self.replaced = spoken && status.is_none();
            }
            Stage::Holding(_) | Stage::Joining(..) | Stage::Returning(..) | Stage::Over => {}
        }
    }

    fn hand_over(&mut self, now: Instant) {
        match self.stage {
            Stage::Consulting { answered: true } => self.refer(Way::Replaces, now),
            Stage::Consulting { answered: false } if self.begin.early => {
                self.refer(Way::Early, now);
            }
            Stage::Consulting { answered: false } => self.free(now),
            Stage::Holding(_)
            | Stage::Freeing(_)
            | Stage::Referring(_)
            | Stage::Awaiting(_)
            | Stage::Joining(..)
            | Stage::Returning(..)
            | Stage::Over => {}
        }
    }

    fn take_back(&mut self, now: Instant) {
        if self.is_open() {
            if self.has_target() {
                self.outputs.push_back(Output::DropTarget);
            }
            self.back(Why::Cancelled, now);
        }
    }

    /// The final response to REFER.
    fn answered(&mut self, status: Option<Status>, now: Instant) {
        if !matches!(self.stage, Stage::Referring(_)) {
            return;
        }
        match status {
            Some(status) if status.is_success() => self.accepted(now),
            Some(status) if self.may_go_beside(status) => self.refer(Way::Beside, now),
            Some(status) if self.may_join(status) => {
                self.stage = Stage::Joining(status, now + JOIN);
                self.outputs.push_back(Output::Join);
            }
            Some(status) if self.may_go_plain(status) => self.free(now),
            Some(status) => self.back(Why::Refused(status), now),
            None if self.way == Way::Early && self.has_target() => self.free(now),
            None => self.back(Why::Unanswered, now),
        }
    }

    /// The caller goes. A target that is to be called besides our call with it is freed for that.
    fn accepted(&mut self, now: Instant) {
        if self.way == Way::Beside && self.has_target() {
            self.target = OfTarget::None;
            self.outputs.push_back(Output::DropTarget);
        }
        self.stage = Stage::Awaiting(now + FIRST_REPORT);
        self.tell(Step::Going(None));
    }

    fn joined(&mut self, is_so: bool, now: Instant) {
        match self.stage {
            Stage::Joining(..) if is_so => self.over(Outcome::Joined),
            Stage::Joining(status, _) => self.back(Why::Refused(status), now),
            Stage::Holding(_)
            | Stage::Consulting { .. }
            | Stage::Freeing(_)
            | Stage::Referring(_)
            | Stage::Awaiting(_)
            | Stage::Returning(..)
            | Stage::Over => {}
        }
    }

    /// Whether REFER goes again without Replaces, because with it the caller did not understand it. The target stays
    /// with us meanwhile: the caller may know no REFER at all, and then the two are joined here.
    fn may_go_beside(&self, status: Status) -> bool {
        let spoken = matches!(self.way, Way::Replaces | Way::ByAddress);
        spoken && is_unknown(status) && self.target == OfTarget::Answered
    }

    /// Whether the two are joined here, because the caller takes no REFER. What somebody forbids, or does not want,
    /// is not done behind their back.
    fn may_join(&self, status: Status) -> bool {
        let unwanted = matches!(status.code(), 403 | 603);
        self.way == Way::Beside && self.target == OfTarget::Answered && !unwanted
    }

    /// Whether it is tried again without Replaces after the target was freed, because that is what the target does not
    /// understand (M-078). Where a call that rings was to be replaced, whatever the status: most do not know how. Where
    /// the target was called besides our call with it: it was busy with that.
    fn may_go_plain(&self, status: Status) -> bool {
        match self.way {
            Way::Replaces | Way::ByAddress => self.has_target() && is_unknown(status),
            Way::Early => self.has_target(),
            Way::Beside => matches!(status.code(), 486 | 600),
            Way::Plain => false,
        }
    }

    /// Whether the target was not found where our call with it goes (RFC 5589 §7.5).
    fn may_go_by_address(&self, status: Status) -> bool {
        let unreached = matches!(status.code(), 403 | 404 | 408 | 410 | 503 | 604);
        unreached && self.way == Way::Replaces && self.has_target()
    }

    fn reported(&mut self, report: Report, now: Instant) {
        if !matches!(self.stage, Stage::Referring(_) | Stage::Awaiting(_)) {
            return;
        }
        match report.status {
            Some(status) if status.is_success() => self.complete(),
            Some(status) if self.may_go_by_address(status) => self.refer(Way::ByAddress, now),
            Some(status) if status.is_final() => match self.may_go_plain(status) {
                true if self.has_target() => self.free(now),
                true => self.refer(Way::Plain, now),
                false => self.back(Why::Target(status), now),
            },
            _ if report.last => self.back(Why::Unknown, now),
            status => {
                self.stage = Stage::Awaiting(now + RESULT);
                self.tell(Step::Going(status));
            }
        }
    }
}

/// Something in a REFER, or REFER itself, is not known to whoever says this (RFC 3261 §21.4.6, §21.4.15, §21.5.2).
const fn is_unknown(status: Status) -> bool {
    matches!(status.code(), 405 | 420 | 501)
}

impl Machine for Transferor {
    type Input = Input;
    type Output = Output;

    fn handle(&mut self, input: Input, now: Instant) {
        match input {
            Input::Held => {
                if matches!(self.stage, Stage::Holding(_)) {
                    self.refer(Way::Plain, now);
                }
            }
            Input::Resumed => {
                if let Stage::Returning(why, _) = self.stage {
                    self.over(Outcome::Recovered(why));
                }
            }
            Input::CallerGone => self.caller_gone(),
            Input::TargetAnswered => {
                self.target = OfTarget::Answered;
                if self.stage == (Stage::Consulting { answered: false }) {
                    self.stage = Stage::Consulting { answered: true };
                    self.tell(Step::Consulting);
                }
            }
            Input::TargetGone(status) => self.target_gone(status, now),
            Input::Complete => self.hand_over(now),
            Input::Cancel => self.take_back(now),
            Input::Answered(status) => self.answered(status, now),
            Input::Reported(report) => self.reported(report, now),
            Input::Joined(is_so) => self.joined(is_so, now),
        }
    }

    fn handle_time(&mut self, now: Instant) {
        if self.deadline().is_none_or(|at| at > now) {
            return;
        }
        match self.stage {
            Stage::Holding(_) | Stage::Freeing(_) => self.refer(Way::Plain, now),
            Stage::Referring(_) if !self.replaced => self.back(Why::Unanswered, now),
            Stage::Awaiting(_) if !self.replaced => self.back(Why::Unknown, now),
            Stage::Referring(_) | Stage::Awaiting(_) => self.complete(),
            Stage::Joining(..) => self.joined(false, now),
            Stage::Returning(why, _) => self.over(Outcome::Lost(why)),
            Stage::Consulting { .. } | Stage::Over => {}
        }
    }

    fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    fn deadline(&self) -> Option<Instant> {
        match self.stage {
            Stage::Holding(at)
            | Stage::Freeing(at)
            | Stage::Referring(at)
            | Stage::Awaiting(at)
            | Stage::Joining(_, at)
            | Stage::Returning(_, at) => Some(at),
            Stage::Consulting { .. } | Stage::Over => None,
        }
    }
}
