//! Somebody hands us on: REFER came in a call, and we call whom it names (RFC 3515, RFC 5589).
//!
//! Reports go one after the other, and only the newest waits: the network may change the order of two that are
//! under way together.

use super::{Outcome, Report, Why};
use base::{Duration, Instant, Machine};
use serde::{Deserialize, Serialize};
use sip_message::Status;
use std::collections::VecDeque;

/// A person who is asked has so long to say yes. Source: ours. Unit: time.
pub const ASKED: Duration = Duration::from_secs(30);
/// Whoever handed us on hangs up by then; otherwise we do. Source: RFC 5589 §6.1 leaves it to them; the wait is
/// ours. Unit: time.
pub const LEAVE: Duration = Duration::from_secs(4);
/// The call that was placed is over by then at the latest, or up: whoever places it gives up earlier. Unit: time.
pub const PLACED: Duration = Duration::from_secs(240);

/// Whether we go where others send us.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Policy {
    /// A person is asked.
    Ask,
    /// Yes.
    #[default]
    Allow,
    /// No.
    Refuse,
}

/// Everything that can happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Input {
    /// The person goes.
    Allow,
    /// The person stays.
    Refuse,
    /// The target says so of our call: 101 to 199.
    Progress(Status),
    /// The target answered our call.
    Answered,
    /// The target did not take our call, or it could not be placed.
    Failed(Status),
    /// The response to our report, where one came.
    Delivered(Option<Status>),
    /// The call in which REFER came is over.
    CallerGone,
}

/// Everything it can ask of its driver.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Output {
    /// Answer REFER.
    Respond(Status),
    /// Send NOTIFY with this report.
    Report(Report),
    /// Ask the person.
    Ask,
    /// Call the target.
    Call,
    /// End the call in which REFER came.
    Leave,
    /// It is decided; comes exactly once.
    Over(Outcome),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
enum Stage {
    /// A person is asked.
    Asking(Instant),
    /// The target is called.
    Calling(Instant),
    /// The target answered; whoever sent us hangs up.
    Leaving(Instant),
    /// Decided; a report may be under way.
    Over,
}

/// What becomes of one REFER that came.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Transferee {
    stage: Stage,
    /// The call in which REFER came is there: reports can be sent.
    has_caller: bool,
    /// A report is under way.
    reporting: bool,
    /// What is to be reported next.
    next: Option<Report>,
    outputs: VecDeque<Output>,
}

impl Transferee {
    /// REFER came and can be followed.
    pub fn start(policy: Policy, now: Instant) -> Self {
        let mut machine = Self {
            stage: Stage::Over,
            has_caller: true,
            reporting: false,
            next: None,
            outputs: VecDeque::new(),
        };
        match policy {
            Policy::Refuse => {
                machine.outputs.push_back(Output::Respond(Status::DECLINE));
                machine.over(Outcome::Recovered(Why::Cancelled));
            }
            Policy::Ask => {
                machine.accept();
                machine.stage = Stage::Asking(now + ASKED);
                machine.outputs.push_back(Output::Ask);
            }
            Policy::Allow => {
                machine.accept();
                machine.call(now);
            }
        }
        machine
    }

    /// Whether nothing is left to do.
    pub fn is_over(&self) -> bool {
        let reports = self.has_caller && (self.reporting || self.next.is_some());
        self.stage == Stage::Over && !reports
    }

    /// Whether a person is asked.
    pub fn is_asking(&self) -> bool {
        matches!(self.stage, Stage::Asking(_))
    }

    /// 202, and the first report at once (RFC 3515 §2.4.4).
    fn accept(&mut self) {
        self.outputs.push_back(Output::Respond(Status::ACCEPTED));
        self.report(Status::TRYING);
    }

    fn call(&mut self, now: Instant) {
        self.stage = Stage::Calling(now + PLACED);
        self.outputs.push_back(Output::Call);
    }

    fn over(&mut self, outcome: Outcome) {
        self.stage = Stage::Over;
        self.outputs.push_back(Output::Over(outcome));
    }

    /// It did not come about: told to whoever sent us, who is still there or not.
    fn fail(&mut self, status: Status, why: Why) {
        self.report(status);
        self.over(match self.has_caller {
            true => Outcome::Recovered(why),
            false => Outcome::Lost(why),
        });
    }

    fn report(&mut self, status: Status) {
        self.next = Some(Report {
            status: Some(status),
            last: status.is_final(),
        });
        self.send();
    }

    fn send(&mut self) {
        if self.reporting || !self.has_caller {
            return;
        }
        if let Some(report) = self.next.take() {
            self.reporting = true;
            self.outputs.push_back(Output::Report(report));
        }
    }

    fn caller_gone(&mut self) {
        self.has_caller = false;
        self.reporting = false;
        match self.stage {
            Stage::Asking(_) => self.over(Outcome::Lost(Why::CallerGone)),
            Stage::Leaving(_) => self.stage = Stage::Over,
            Stage::Calling(_) | Stage::Over => {}
        }
    }

    fn failed(&mut self, status: Status) {
        if matches!(self.stage, Stage::Calling(_)) {
            self.fail(status, Why::Target(status));
        }
    }
}

impl Machine for Transferee {
    type Input = Input;
    type Output = Output;

    fn handle(&mut self, input: Input, now: Instant) {
        match input {
            Input::Allow => {
                if self.is_asking() {
                    self.call(now);
                }
            }
            Input::Refuse => {
                if self.is_asking() {
                    self.fail(Status::DECLINE, Why::Cancelled);
                }
            }
            Input::Progress(status) => {
                if matches!(self.stage, Stage::Calling(_)) {
                    self.report(status);
                }
            }
            Input::Answered => {
                if matches!(self.stage, Stage::Calling(_)) {
                    self.report(Status::OK);
                    self.over(Outcome::Completed);
                    if self.has_caller {
                        self.stage = Stage::Leaving(now + LEAVE);
                    }
                }
            }
            Input::Failed(status) => self.failed(status),
            Input::Delivered(status) => {
                self.reporting = false;
                // Nobody wants to know any more (RFC 6665 §4.2.2).
                if status.is_some_and(|status| matches!(status.code(), 404 | 481 | 489)) {
                    self.next = None;
                } else {
                    self.send();
                }
            }
            Input::CallerGone => self.caller_gone(),
        }
    }

    fn handle_time(&mut self, now: Instant) {
        if self.deadline().is_none_or(|at| at > now) {
            return;
        }
        match self.stage {
            Stage::Asking(_) => self.fail(Status::DECLINE, Why::Cancelled),
            Stage::Calling(_) => self.failed(Status::REQUEST_TIMEOUT),
            Stage::Leaving(_) => {
                self.stage = Stage::Over;
                self.has_caller = false;
                self.outputs.push_back(Output::Leave);
            }
            Stage::Over => {}
        }
    }

    fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    fn deadline(&self) -> Option<Instant> {
        match self.stage {
            Stage::Asking(at) | Stage::Calling(at) | Stage::Leaving(at) => Some(at),
            Stage::Over => None,
        }
    }
}
