//! What every protocol machine looks like from outside.

use crate::Instant;

/// Protocol logic without IO and without a clock.
///
/// After every call of [`handle`](Self::handle) or [`handle_time`](Self::handle_time) the driver
/// drains [`poll_output`](Self::poll_output) until it says `None`, then asks for the new
/// [`deadline`](Self::deadline).
pub trait Machine {
    /// Everything that can happen to the machine.
    type Input;
    /// Everything the machine can ask of its driver.
    type Output;

    /// Takes one input at `now`. Never blocks, never waits.
    fn handle(&mut self, input: Self::Input, now: Instant);

    /// Fires every timer that is due at `now`. Called at or after [`deadline`](Self::deadline).
    fn handle_time(&mut self, now: Instant);

    /// The next thing the driver is to do, in order.
    fn poll_output(&mut self) -> Option<Self::Output>;

    /// When the machine next wants [`handle_time`](Self::handle_time).
    fn deadline(&self) -> Option<Instant>;
}
