//! Nothing but the standard library: exact to what the system makes of it, never more urgent.

use super::Urgent;
use crate::priority::{Granted, Priority};
use base::Instant;

pub(crate) struct Portable(fn() -> Instant);

impl Urgent for Portable {
    fn new(clock: fn() -> Instant) -> Self {
        Self(clock)
    }

    fn ask(&self, _wanted: Priority) -> Granted {
        Granted::Normal
    }

    fn withdraw(&self) {}

    fn sleep_until(&self, at: Instant) {
        let now = (self.0)();
        if now < at {
            std::thread::sleep(at - now);
        }
    }

    fn number(&self) -> u32 {
        0
    }

    fn lower(_number: u32) {}
}
