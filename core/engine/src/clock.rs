//! The one clock of the engine: everything below is handed `now`.

use base::Instant;
use std::sync::OnceLock;

static START: OnceLock<std::time::Instant> = OnceLock::new();

/// Time since the process first asked. One count for control and all media threads.
#[derive(Debug, Clone, Copy)]
pub struct Clock;

impl Clock {
    /// Starts counting, unless it counts already.
    pub fn start() -> Self {
        START.get_or_init(std::time::Instant::now);
        Self
    }

    /// The present moment.
    pub fn now(self) -> Instant {
        Self::read()
    }

    /// The present moment, as a plain function for threads of their own.
    pub fn read() -> Instant {
        let nanos = START
            .get_or_init(std::time::Instant::now)
            .elapsed()
            .as_nanos();
        Instant::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
    }

    /// Time of day at [`Instant::ZERO`]. Unit: ms since 1970.
    pub fn epoch_ms(self) -> u64 {
        let day = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        let millis = day.map_or(0, |d| u64::try_from(d.as_millis()).unwrap_or(0));
        millis.saturating_sub(self.now().as_millis())
    }

    /// How far this machine's local time is ahead of UTC at a time of day, as TZ or the system say. Unit: minutes.
    pub fn local_offset_min(unix_ms: u64) -> i32 {
        let at = i64::try_from(unix_ms).map(jiff::Timestamp::from_millisecond);
        let Ok(Ok(at)) = at else { return 0 };
        jiff::tz::TimeZone::system().to_offset(at).seconds() / 60
    }

    /// Time of day at [`Instant::ZERO`] as NTP counts it (RFC 5905 §6). Unit: 2^-32 s since 1900.
    pub fn ntp_at_zero(self) -> u64 {
        const SINCE_1900_S: u64 = 2_208_988_800;
        let millis = self.epoch_ms();
        let fraction = ((millis % 1000) << 32) / 1000;
        ((millis / 1000 + SINCE_1900_S) << 32) | fraction
    }
}
