//! Session timer (RFC 4028): a call whose peer vanished ends by itself.

use base::{Duration, Instant};
use serde::{Deserialize, Serialize};
pub use sip_message::Refresher;

/// Smallest interval anybody may ask for. Source: RFC 4028 §4.
pub const LEAST_MIN_SE: Duration = Duration::from_secs(90);

/// What we ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wish {
    /// Time without a refresh after which the session ends. Range: `min_se` and up; 30 min usual.
    pub interval: Duration,
    /// Shortest interval we accept from others. Range: 90 s and up (RFC 4028 §4).
    pub min_se: Duration,
}

impl Default for Wish {
    fn default() -> Self {
        Self {
            interval: Duration::from_secs(1800),
            min_se: LEAST_MIN_SE,
        }
    }
}

/// The parameter's value.
pub(crate) const fn name_of(refresher: Refresher) -> &'static str {
    match refresher {
        Refresher::Uac => "uac",
        Refresher::Uas => "uas",
    }
}

/// What one INVITE, UPDATE or 2xx to them says about the timer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Said {
    /// `Supported: timer`.
    pub(crate) support: Support,
    /// Session-Expires with its refresher.
    pub(crate) expires: Option<(Duration, Option<Refresher>)>,
    /// Min-SE.
    pub(crate) min_se: Option<Duration>,
}

/// Whether a peer knows the extension.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Support {
    /// It lists `timer`.
    Yes,
    /// It does not.
    No,
}

/// What our 2xx says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Agreed {
    /// Session-Expires of the 2xx.
    pub(crate) interval: Duration,
    /// Its refresher.
    pub(crate) refresher: Refresher,
    /// Whether the 2xx says `Require: timer` (RFC 4028 §9: where the UAC knows the extension).
    pub(crate) support: Support,
}

/// The request asks for less than we accept: 422 with this Min-SE (RFC 4028 §9).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TooShort(pub(crate) Duration);

/// UAS side: what to answer to a request that says `said`. Source: RFC 4028 §9, table 2.
pub(crate) fn agree(said: Said, wish: Option<Wish>) -> Result<Option<Agreed>, TooShort> {
    let min_se = wish.map_or(LEAST_MIN_SE, |wish| wish.min_se);
    match (said.expires, said.support) {
        (Some((asked, _)), Support::Yes) if asked < min_se => Err(TooShort(min_se)),
        (Some((asked, refresher)), Support::Yes) => Ok(Some(Agreed {
            interval: asked,
            refresher: refresher.unwrap_or(Refresher::Uac),
            support: Support::Yes,
        })),
        // A proxy asked; the UAC cannot refresh, nor understand 422.
        (Some((asked, _)), Support::No) => Ok(Some(Agreed {
            interval: asked.max(min_se),
            refresher: Refresher::Uas,
            support: Support::No,
        })),
        (None, support) => Ok(wish.map(|wish| Agreed {
            interval: wish.interval.max(said.min_se.unwrap_or(wish.min_se)),
            refresher: match support {
                Support::Yes => Refresher::Uac,
                Support::No => Refresher::Uas,
            },
            support,
        })),
    }
}

/// The timer of one session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Refresh {
    /// Nobody asked for one.
    Off,
    /// We refresh at `refresh_at`, again and again until one succeeds, and end at `expire_at`.
    Ours {
        /// What was agreed.
        interval: Duration,
        /// When the next refresh goes out.
        refresh_at: Instant,
        /// When the session ends without one.
        expire_at: Instant,
    },
    /// The peer refreshes; without one we end at `expire_at`.
    Peers {
        /// What was agreed.
        interval: Duration,
        /// When the session ends.
        expire_at: Instant,
    },
}

/// What a moment in time means to the session timer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Due {
    /// Nothing.
    Nothing,
    /// Send a refresh.
    Refresh,
    /// Send BYE.
    Expired,
}

/// Pause before another refresh after one that failed in passing. Unit: time.
const TRY_AGAIN_AFTER: Duration = Duration::from_secs(10);

/// Which role we had in the transaction that agreed on the timer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Role {
    /// We sent the request.
    Uac,
    /// We answered it.
    Uas,
}

impl Refresh {
    /// A 2xx agreed on `interval` at `now`; every refresh starts the timer anew (RFC 4028 §7.2, §9).
    pub(crate) fn start(
        role: Role,
        interval: Duration,
        refresher: Refresher,
        now: Instant,
    ) -> Self {
        // Before the end by 32 s or a third, whichever is less (RFC 4028 §10).
        let margin = (interval / 3).min(Duration::from_secs(32));
        let expire_at = now + interval.saturating_sub(margin);
        match (role, refresher) {
            (Role::Uac, Refresher::Uac) | (Role::Uas, Refresher::Uas) => Self::Ours {
                interval,
                refresh_at: now + interval / 2,
                expire_at,
            },
            (Role::Uac, Refresher::Uas) | (Role::Uas, Refresher::Uac) => Self::Peers {
                interval,
                expire_at,
            },
        }
    }

    /// UAC side: what the 2xx to our INVITE or UPDATE agreed on.
    pub(crate) fn from_success(said: Said, now: Instant) -> Self {
        match said.expires {
            None => Self::Off,
            Some((interval, refresher)) => Self::start(
                Role::Uac,
                interval.max(LEAST_MIN_SE),
                refresher.unwrap_or(Refresher::Uac),
                now,
            ),
        }
    }

    /// The agreed interval, and who refreshes seen from a request that we send now.
    pub(crate) const fn asks(self) -> Option<(Duration, Refresher)> {
        match self {
            Self::Off => None,
            Self::Ours { interval, .. } => Some((interval, Refresher::Uac)),
            Self::Peers { interval, .. } => Some((interval, Refresher::Uas)),
        }
    }

    /// 422 came to our refresh: the next one, at once, asks for what the peer takes (RFC 4028 §7.4).
    pub(crate) fn lengthened(self, min_se: Option<Duration>, now: Instant) -> Self {
        match (self, min_se) {
            (
                Self::Ours {
                    interval,
                    expire_at,
                    ..
                },
                Some(least),
            ) if least > interval => Self::Ours {
                interval: least,
                refresh_at: now,
                expire_at,
            },
            (Self::Off | Self::Ours { .. } | Self::Peers { .. }, _) => self,
        }
    }

    /// When something is due.
    pub(crate) fn deadline(self) -> Option<Instant> {
        match self {
            Self::Off => None,
            Self::Ours {
                refresh_at,
                expire_at,
                ..
            } => Some(refresh_at.min(expire_at)),
            Self::Peers { expire_at, .. } => Some(expire_at),
        }
    }

    /// What is due at `now`.
    pub(crate) fn expire(self, now: Instant) -> (Self, Due) {
        match self {
            Self::Off => (self, Due::Nothing),
            Self::Peers { expire_at, .. } | Self::Ours { expire_at, .. } if expire_at <= now => {
                (Self::Off, Due::Expired)
            }
            Self::Peers { .. } => (self, Due::Nothing),
            Self::Ours { refresh_at, .. } if refresh_at > now => (self, Due::Nothing),
            Self::Ours {
                interval,
                expire_at,
                ..
            } => {
                let ours = Self::Ours {
                    interval,
                    refresh_at: now + TRY_AGAIN_AFTER,
                    expire_at,
                };
                (ours, Due::Refresh)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn secs(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn said(support: Support, expires: Option<(u64, Option<Refresher>)>) -> Said {
        Said {
            support,
            expires: expires.map(|(interval, refresher)| (secs(interval), refresher)),
            min_se: None,
        }
    }

    /// RFC 4028 §9, table 2.
    #[test]
    fn the_refresher_is_chosen_by_table_2() {
        let wish = Some(Wish::default());
        let table = [
            (Support::No, None, Some(Refresher::Uas)),
            (Support::No, Some((600, None)), Some(Refresher::Uas)),
            (Support::Yes, Some((600, None)), Some(Refresher::Uac)),
            (
                Support::Yes,
                Some((600, Some(Refresher::Uas))),
                Some(Refresher::Uas),
            ),
            (
                Support::Yes,
                Some((600, Some(Refresher::Uac))),
                Some(Refresher::Uac),
            ),
        ];
        for (support, expires, refresher) in table {
            let agreed = agree(said(support, expires), wish).unwrap();
            assert_eq!(agreed.map(|a| a.refresher), refresher, "{expires:?}");
        }
        assert_eq!(agree(said(Support::Yes, None), None), Ok(None));
    }

    #[test]
    fn too_short_an_interval_is_refused_only_where_the_peer_can_ask_again() {
        assert_eq!(
            agree(said(Support::Yes, Some((60, None))), None),
            Err(TooShort(secs(90)))
        );
        let agreed = agree(said(Support::No, Some((60, None))), None).unwrap();
        assert_eq!(agreed.unwrap().interval, secs(90));
    }

    #[test]
    fn we_refresh_at_half_and_end_before_the_end() {
        let start = Instant::from_millis(0);
        let ours = Refresh::start(Role::Uas, secs(90), Refresher::Uas, start);
        assert_eq!(ours.deadline(), Some(Instant::from_millis(45_000)));
        let (ours, due) = ours.expire(Instant::from_millis(45_000));
        assert_eq!(due, Due::Refresh);
        let (ours, due) = ours.expire(Instant::from_millis(55_000));
        assert_eq!(due, Due::Refresh);
        assert_eq!(ours.deadline(), Some(Instant::from_millis(60_000)));
        let (off, due) = ours.expire(Instant::from_millis(60_000));
        assert_eq!((off, due), (Refresh::Off, Due::Expired));

        let peers = Refresh::start(Role::Uac, secs(1800), Refresher::Uas, start);
        assert_eq!(peers.deadline(), Some(Instant::from_millis(1_768_000)));
        assert_eq!(peers.asks(), Some((secs(1800), Refresher::Uas)));
    }
}
