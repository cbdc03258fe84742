//! The one clock of the engine: everything below is handed `now`.

use base::Instant;

/// Time since the engine started.
#[derive(Debug, Clone, Copy)]
pub struct Clock {
    start: std::time::Instant,
}

impl Clock {
    /// Starts counting.
    pub fn start() -> Self {
        Self { start: std::time::Instant::now() }
    }

    /// The present moment.
    pub fn now(&self) -> Instant {
        let nanos = self.start.elapsed().as_nanos();
        Instant::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
    }

    /// `at` as the operating system counts it.
    pub fn system(&self, at: Instant) -> std::time::Instant {
        self.start + at.since(Instant::ZERO)
    }
}
