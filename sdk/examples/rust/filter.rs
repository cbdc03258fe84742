//! A filter: a gate that lets nothing through while it is quiet.

use plugin::{Filter, FilterRequest, Refusal, Status};

/// Louder than this opens the gate. Unit: steps of a 16 bit sample.
const OPENS_AT: u16 = 300;
/// Open so long after the last loud block. Unit: blocks of 10 ms.
const STAYS_OPEN: u32 = 30;

/// One stream.
#[derive(Debug)]
pub struct Mine {
    open_for: u32,
}

impl Filter for Mine {
    fn open(_request: &FilterRequest<'_>) -> Result<Self, Refusal> {
        Ok(Self { open_for: 0 })
    }

    fn process(
        &mut self,
        near: &[i16],
        _far: Option<&[i16]>,
        _delay_samples: u32,
        out: &mut [i16],
    ) -> Result<(), Status> {
        if near.len() != out.len() {
            return Err(Status::BAD_ARGUMENT);
        }
        let is_loud = near.iter().any(|sample| sample.unsigned_abs() > OPENS_AT);
        self.open_for = if is_loud {
            STAYS_OPEN
        } else {
            self.open_for.saturating_sub(1)
        };
        if self.open_for > 0 {
            out.copy_from_slice(near);
        } else {
            out.fill(0);
        }
        Ok(())
    }

    fn reset(&mut self) {
        self.open_for = 0;
    }
}

plugin::export_filter!(Mine);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_loud_opens_it_and_what_follows_passes() {
        let mut gate = Mine { open_for: 0 };
        let mut out = [0; 2];
        let mut passed = |block: [i16; 2]| gate.process(&block, None, 0, &mut out).map(|()| out);
        assert_eq!(passed([9, -9]), Ok([0, 0]));
        assert_eq!(passed([9, -900]), Ok([9, -900]));
        assert_eq!(passed([9, -9]), Ok([9, -9]));
    }
}
