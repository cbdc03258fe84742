//! A method that sends each key as one telephone-event, and hears a key in every loud block.

use crate::orders::{Counts, Deed, Orders, Play};
use plugin::{
    Abilities, Dtmf, DtmfHeard, DtmfListen, DtmfRequest, DtmfStep, Found, Refusal, Status,
};

/// What methods of this process did.
pub static COUNTS: Counts = Counts::new();

/// Keys in the order of their events. Source: RFC 4733 §3.2.
const KEYS: &str = "0123456789*#ABCD!";
/// A sample that counts as loud.
const LOUD: u16 = 10_000;

/// A listener.
#[derive(Debug)]
pub struct Mock(Play);

impl Dtmf for Mock {
    const NAME: &'static str = "mock";
    const ABILITIES: Abilities = Abilities {
        sends_events: true,
        sends_info: false,
        sends_tones: false,
        hears_tones: true,
        hears_info: false,
    };

    /// Each plan is the first call of its orders: there is nothing that would count on.
    fn plan(request: &DtmfRequest<'_>) -> Result<Vec<DtmfStep>, Refusal> {
        let deed = Play::new(Orders::read(request.options)?, &COUNTS).call()?;
        let event = KEYS.find(request.key).ok_or(Status::BAD_ARGUMENT)?;
        Ok(vec![DtmfStep::Event {
            at_ms: 0,
            duration_ms: request.duration_ms,
            event: match deed {
                Deed::Right => event as u8,
                Deed::Rubbish => u8::MAX,
            },
            volume: 10,
            duration_clock_hz: request.event_clock_hz.ok_or(Status::UNSUPPORTED)?,
        }])
    }

    fn open(request: &DtmfListen<'_>) -> Result<Self, Refusal> {
        Ok(Self(Play::new(Orders::read(request.options)?, &COUNTS)))
    }

    fn listen(&mut self, pcm: &[i16], heard: &mut Found<'_>) -> Result<(), Status> {
        let deed = self.0.call()?;
        if deed == Deed::Rubbish || pcm.iter().any(|s| s.unsigned_abs() >= LOUD) {
            heard.push(DtmfHeard {
                key: if deed == Deed::Rubbish { '?' } else { '5' },
                released: true,
                duration_ms: 10,
            });
        }
        Ok(())
    }
}

plugin::export_dtmf!(Mock, id = "mock-dtmf", name = "Mock of a DTMF method");
