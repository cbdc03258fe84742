//! Flows of the RFCs with the whole phone: their golden ladders, and each over 200 bad networks; services and
//! transfers over 1,000.
//!
//! `OFFHOOK_BLESS=1 cargo nextest run -p offhook-sim --test ladders` rewrites `tests/ladders`.

mod conferences;
mod holds;
mod races;
mod registrations;
mod services;
mod sessions;
mod transfers;
mod transfers_onward;

use base::Duration;
use control::CallHandle;
use offhook_sim::{Phone, World};

fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn ms(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}

/// Waits for a call to ring at `phone`; `None`: it never did, as may be on a bad network.
fn rings(world: &World, phone: &Phone) -> Option<CallHandle> {
    world.run_while_not(secs(40), || phone.ringing().is_some());
    phone.ringing()
}

/// Waits until `phone` was told `name` so often.
fn told(world: &World, phone: &Phone, name: &str, times: usize) -> bool {
    world.run_while_not(secs(40), || phone.count(name) >= times)
}

/// Picks up `phone` a second after it rings, and waits for the ACK.
fn picks_up(world: &World, phone: &Phone) {
    if let Some(call) = rings(world, phone) {
        world.run_for(secs(1));
        phone.accept(call);
        told(world, phone, "call.answered", 1);
    }
}
