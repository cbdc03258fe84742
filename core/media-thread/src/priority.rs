//! How urgent the system is told a media thread is, and what keeps it from taking the machine.

use crate::os::{Here, Urgent};
use base::{Duration, Instant};
use core::str::FromStr;
use serde::{Deserialize, Serialize};

/// What is asked of the system.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Priority {
    /// The most urgent that is permitted.
    #[default]
    Auto,
    /// Before every usual thread.
    Realtime,
    /// More of the processor than usual threads.
    High,
    /// As every other thread.
    Normal,
}

/// No such priority.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a priority is auto, realtime, high or normal")]
pub struct NoPriority;

impl FromStr for Priority {
    type Err = NoPriority;

    fn from_str(text: &str) -> Result<Self, NoPriority> {
        match text {
            "auto" => Ok(Self::Auto),
            "realtime" => Ok(Self::Realtime),
            "high" => Ok(Self::High),
            "normal" => Ok(Self::Normal),
            _ => Err(NoPriority),
        }
    }
}

/// What the system granted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Granted {
    /// Before every usual thread.
    Realtime,
    /// More of the processor than usual threads.
    High,
    /// As every other thread.
    #[default]
    Normal,
    /// Real time was granted, and given back: the thread took nearly all of a processor, which
    /// would have left the rest of the machine nothing.
    Withdrawn,
}

impl Granted {
    const ALL: [Self; 4] = [Self::Realtime, Self::High, Self::Normal, Self::Withdrawn];

    /// For an atomic.
    pub(crate) const fn number(self) -> u8 {
        match self {
            Self::Realtime => 0,
            Self::High => 1,
            Self::Normal => 2,
            Self::Withdrawn => 3,
        }
    }

    pub(crate) fn of_number(number: u8) -> Self {
        let known = Self::ALL.get(usize::from(number));
        known.copied().unwrap_or_default()
    }

    /// In a word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Realtime => "realtime",
            Self::High => "high",
            Self::Normal => "normal",
            Self::Withdrawn => "withdrawn",
        }
    }
}

/// What the system would grant a media thread of this process now. Starts a thread for a moment.
/// Thread: \[control\].
pub fn permitted(wanted: Priority) -> Granted {
    let ask = move || Here::new(|| Instant::ZERO).ask(wanted);
    std::thread::spawn(ask).join().unwrap_or_default()
}

/// How long the thread's work is added up.
const WINDOW: Duration = Duration::from_millis(500);
/// Share of that which it may work. Unit: percent.
const SHARE: u128 = 80;

/// Adds up the work of a real-time thread.
///
/// The system has a limit of its own (RLIMIT_RTTIME), but its way of saying so is a signal that ends
/// the process.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Guard {
    began: Instant,
    worked: Duration,
}

impl Guard {
    pub(crate) const fn new(now: Instant) -> Self {
        Self {
            began: now,
            worked: Duration::ZERO,
        }
    }

    /// The thread has worked for `length` until `now`. True when it works too much.
    pub(crate) fn worked(&mut self, length: Duration, now: Instant) -> bool {
        self.worked += length;
        let window = now.since(self.began);
        if window < WINDOW {
            return false;
        }
        let too_much = self.worked.as_nanos() * 100 > window.as_nanos() * SHARE;
        *self = Self::new(now);
        too_much
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether a thread that works `work_us` of each 10 ms for 3 s is found to work too much.
    fn is_too_much(work_us: u64) -> bool {
        let mut guard = Guard::new(Instant::ZERO);
        (1..=300_u64).any(|tick| {
            let now = Instant::from_millis(tick * 10);
            guard.worked(Duration::from_micros(work_us), now)
        })
    }

    #[test]
    fn a_thread_that_takes_a_whole_processor_is_found() {
        assert!(!is_too_much(400));
        assert!(!is_too_much(7_900));
        assert!(is_too_much(8_200));
        // A second of work between two looks at the clock.
        let mut guard = Guard::new(Instant::ZERO);
        let second = Duration::from_secs(1);
        assert!(guard.worked(second, Instant::ZERO + second));
        // One long tick alone is no reason.
        let mut guard = Guard::new(Instant::ZERO);
        assert!(!guard.worked(Duration::from_millis(200), Instant::from_millis(200)));
        assert!(!guard.worked(Duration::from_millis(1), Instant::from_millis(700)));
    }

    #[test]
    fn numbers_and_words_go_both_ways() {
        for granted in Granted::ALL {
            assert_eq!(Granted::of_number(granted.number()), granted);
        }
        let named = ["auto", "realtime", "high", "normal"].map(|word| word.parse::<Priority>());
        let all = [
            Priority::Auto,
            Priority::Realtime,
            Priority::High,
            Priority::Normal,
        ];
        assert_eq!(named, all.map(Ok));
        assert_eq!("urgent".parse::<Priority>(), Err(NoPriority));
    }
}
