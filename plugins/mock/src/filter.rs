//! A filter that lets everything through.

use crate::orders::{Counts, Deed, Orders, Play, rubbish};
use plugin::{Filter, FilterRequest, Refusal, Status};

/// What filters of this process did.
pub static COUNTS: Counts = Counts::new();

/// A filter.
#[derive(Debug)]
pub struct Mock(Play);

impl Filter for Mock {
    fn open(request: &FilterRequest<'_>) -> Result<Self, Refusal> {
        Ok(Self(Play::new(Orders::read(request.options)?, &COUNTS)))
    }

    fn process(
        &mut self,
        near: &[i16],
        _far: Option<&[i16]>,
        _delay_samples: u32,
        out: &mut [i16],
    ) -> Result<(), Status> {
        let deed = self.0.call()?;
        for (to, from) in out.iter_mut().zip(near) {
            *to = *from;
        }
        if deed == Deed::Rubbish {
            rubbish(out);
        }
        Ok(())
    }
}

plugin::export_filter!(Mock, id = "mock-filter", name = "Mock of a filter");
