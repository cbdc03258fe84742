//! Which of two servers is used: the primary one, or the one that stands by (M-017, M-018).
//!
//! It holds no binding. Whoever has one tells what it says, and makes another one at the other server when
//! this machine changes [`Seat`]. The account stays where it got in; only the standby server can send it back.

use super::pace;
use super::words::{Cause, Status};
use base::{Duration, Instant};
use serde::{Deserialize, Serialize};

/// How long a server may be silent before the other one is tried, unless the account says otherwise. Unit: time.
/// Source: M-017.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// Which of the two.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Seat {
    /// The server that comes first.
    Primary,
    /// The one that stands by.
    Standby,
}

/// The choice between two servers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Standby {
    seat: Seat,
    patience: Duration,
    /// When the other one is tried; `None`: this one serves, or nobody wants either.
    until: Option<Instant>,
}

impl Standby {
    /// The primary server is the one in use, and it may be silent for `patience`.
    pub fn new(patience: Duration) -> Self {
        Self {
            seat: Seat::Primary,
            patience,
            until: None,
        }
    }

    /// The one in use.
    pub const fn seat(&self) -> Seat {
        self.seat
    }

    /// When [`Standby::handle_time`] has something to do.
    pub const fn deadline(&self) -> Option<Instant> {
        self.until
    }

    /// The server in use is asked: from now on it has to answer.
    pub fn asked(&mut self, now: Instant) {
        self.until = self.until.or(Some(now + self.patience));
    }

    /// What the binding at the server in use says. `Some`: use this one from now on.
    pub fn told(&mut self, status: &Status, now: Instant) -> Option<Seat> {
        match status {
            Status::Registering => self.asked(now),
            Status::Registered { .. } => self.until = None,
            Status::Failed(cause) => return self.failed(cause, now),
            Status::Unregistering => self.until = None,
            Status::Unregistered => *self = Self::new(self.patience),
        }
        None
    }

    fn failed(&mut self, cause: &Cause, now: Instant) -> Option<Seat> {
        match cause {
            // A password that one does not take is not tried at the other: accounts get locked that way.
            Cause::WrongPassword | Cause::Proof(_) => self.until = None,
            // Told when so much of the silence is over already.
            Cause::NoAnswer => {
                let rest = self.patience.saturating_sub(pace::SILENCE);
                self.until = self.until.or(Some(now + rest));
            }
            Cause::Unreachable => self.asked(now),
            Cause::Redirected { .. } | Cause::Refused { .. } => match self.seat {
                Seat::Primary => self.asked(now),
                // It is out of duty, and says so.
                Seat::Standby => return Some(self.change(now)),
            },
        }
        None
    }

    /// The connection to the server in use is gone. The standby server sends us back that way.
    pub fn flow_lost(&mut self, now: Instant) -> Option<Seat> {
        (self.seat == Seat::Standby).then(|| self.change(now))
    }

    /// Time is up: use this one from now on.
    pub fn handle_time(&mut self, now: Instant) -> Option<Seat> {
        let is_over = self.until.is_some_and(|until| until <= now);
        is_over.then(|| self.change(now))
    }

    fn change(&mut self, now: Instant) -> Seat {
        self.seat = match self.seat {
            Seat::Primary => Seat::Standby,
            Seat::Standby => Seat::Primary,
        };
        self.until = Some(now + self.patience);
        self.seat
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn registered() -> Status {
        Status::Registered {
            granted: Duration::from_secs(600),
            contact: "sip:101@192.0.2.7".parse().unwrap(),
            elsewhere: None,
        }
    }

    fn at(seconds: u64) -> Instant {
        Instant::ZERO + Duration::from_secs(seconds)
    }

    fn on_standby() -> Standby {
        let mut standby = Standby::new(PATIENCE);
        standby.told(&Status::Registering, at(0));
        assert_eq!(standby.handle_time(at(30)), Some(Seat::Standby));
        standby.told(&registered(), at(31));
        standby
    }

    #[test]
    fn m_017_two_silent_servers_are_tried_in_turn_every_30_s() {
        let mut standby = Standby::new(PATIENCE);
        standby.told(&Status::Registering, at(0));
        let mut seats = Vec::new();
        for second in 1..=300 {
            if second % 30 == 14 {
                // Each of them is told to be lost.
                standby.told(&Status::Failed(Cause::NoAnswer), at(second));
            }
            seats.extend(standby.handle_time(at(second)).map(|seat| (second, seat)));
        }
        let expected: Vec<(u64, Seat)> = (1..=10)
            .map(|turn| match turn % 2 {
                1 => (turn * 30, Seat::Standby),
                _ => (turn * 30, Seat::Primary),
            })
            .collect();
        assert_eq!(seats, expected);
    }

    #[test]
    fn m_017_a_server_that_falls_silent_is_left_30_s_after_its_last_word() {
        let mut standby = Standby::new(PATIENCE);
        standby.told(&Status::Registering, at(0));
        standby.told(&registered(), at(1));
        assert_eq!(standby.deadline(), None);
        // Its last word came at 86 s.
        standby.told(&Status::Failed(Cause::NoAnswer), at(100));
        assert_eq!(standby.deadline(), Some(at(116)));
        assert_eq!(standby.handle_time(at(115)), None);
        assert_eq!(standby.handle_time(at(116)), Some(Seat::Standby));
    }

    #[test]
    fn m_018_the_account_stays_until_the_standby_server_sends_it_back() {
        let mut standby = on_standby();
        assert_eq!(standby.deadline(), None);
        assert_eq!(standby.handle_time(at(100_000)), None);
        assert_eq!(standby.flow_lost(at(100_000)), Some(Seat::Primary));

        let out_of_duty = [
            Cause::Refused {
                status: 503,
                reason: "Service Unavailable".into(),
            },
            Cause::Redirected {
                status: 302,
                to: "sip:primary".into(),
            },
        ];
        for cause in out_of_duty {
            let mut standby = on_standby();
            let back = standby.told(&Status::Failed(cause), at(50));
            assert_eq!(back, Some(Seat::Primary));
            // And if the primary one is silent, there is the other one again.
            assert_eq!(standby.handle_time(at(80)), Some(Seat::Standby));
        }
    }

    #[test]
    fn m_018_a_connection_lost_to_the_primary_server_is_made_anew_there() {
        let mut standby = Standby::new(PATIENCE);
        standby.told(&registered(), at(0));
        assert_eq!(standby.flow_lost(at(1)), None);
        standby.told(&Status::Failed(Cause::Unreachable), at(2));
        assert_eq!(standby.handle_time(at(32)), Some(Seat::Standby));
    }

    #[test]
    fn a_wrong_password_is_not_tried_at_the_other() {
        let mut standby = Standby::new(PATIENCE);
        standby.told(&Status::Registering, at(0));
        standby.told(&Status::Failed(Cause::WrongPassword), at(1));
        assert_eq!(standby.deadline(), None);
    }

    #[test]
    fn whoever_registers_anew_begins_at_the_primary_server() {
        let mut standby = on_standby();
        standby.told(&Status::Unregistering, at(40));
        assert_eq!(standby.seat(), Seat::Standby);
        standby.told(&Status::Unregistered, at(41));
        assert_eq!((standby.seat(), standby.deadline()), (Seat::Primary, None));
    }
}
