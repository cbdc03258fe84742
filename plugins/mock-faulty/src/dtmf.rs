//! The DTMF method: hears a `5` in each block that is not silent.

use crate::fault::obey_samples;
use crate::scribble::look_for_memory;
use plugin::{
    Abilities, Dtmf, DtmfHeard, DtmfListen, DtmfRequest, DtmfStep, Found, Refusal, Status,
};

/// See the crate.
pub struct Faulty;

impl Dtmf for Faulty {
    const NAME: &'static str = "faulty";
    const ABILITIES: Abilities = Abilities {
        sends_events: false,
        sends_info: true,
        sends_tones: false,
        hears_tones: true,
        hears_info: true,
    };

    fn plan(request: &DtmfRequest<'_>) -> Result<Vec<DtmfStep>, Refusal> {
        if crate::fault::obey_text(request.options) {
            return Err(Status::GARBAGE.into());
        }
        Ok(vec![DtmfStep::Info {
            at_ms: 0,
            content_type: "application/dtmf".into(),
            body: request.key.to_string(),
        }])
    }

    fn hear_info(_content_type: &str, body: &str) -> Option<DtmfHeard> {
        Some(DtmfHeard {
            key: body.chars().next()?,
            released: false,
            duration_ms: 0,
        })
    }

    fn open(_: &DtmfListen<'_>) -> Result<Self, Refusal> {
        look_for_memory();
        Ok(Self)
    }

    fn listen(&mut self, pcm: &[i16], heard: &mut Found<'_>) -> Result<(), Status> {
        let is_garbage = obey_samples(pcm);
        if is_garbage || pcm.iter().any(|&sample| sample != 0) {
            heard.push(DtmfHeard {
                key: if is_garbage { 'x' } else { '5' },
                released: true,
                duration_ms: 10,
            });
        }
        Ok(())
    }
}

plugin::export_dtmf!(Faulty, id = "mock-faulty-dtmf", name = "Faulty keys");
