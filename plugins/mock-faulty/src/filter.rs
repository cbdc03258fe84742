//! The filter: half as loud.

use crate::fault::obey_samples;
use crate::scribble::{Scribble, look_for_memory, over_memory};
use plugin::{Filter, FilterRequest, Refusal, Status};

/// See the crate.
pub struct Faulty;

impl Filter for Faulty {
    fn open(_: &FilterRequest<'_>) -> Result<Self, Refusal> {
        look_for_memory();
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
            // What is too long here has no way to say so but this one.
            over_memory(Scribble::OutOfRange);
        }
        for (out, near) in out.iter_mut().zip(near) {
            *out = near / 2;
        }
        Ok(())
    }
}

plugin::export_filter!(Faulty, id = "mock-faulty-filter", name = "Faulty filter");
