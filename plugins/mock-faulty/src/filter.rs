//! The filter: half as loud.

use crate::fault::obey_samples;
use plugin::{Filter, FilterRequest, Refusal, Status};

/// See the crate.
pub struct Faulty;

impl Filter for Faulty {
    fn open(_: &FilterRequest<'_>) -> Result<Self, Refusal> {
        Ok(Self)
    }

    fn process(
        &mut self,
        near: &[i16],
        _far: Option<&[i16]>,
        _delay_samples: u32,
        out: &mut [i16],
    ) -> Result<(), Status> {
        if obey_samples(near) {
            return Err(Status::GARBAGE);
        }
        for (out, near) in out.iter_mut().zip(near) {
            *out = near / 2;
        }
        Ok(())
    }
}

plugin::export_filter!(Faulty, id = "mock-faulty-filter", name = "Faulty filter");
