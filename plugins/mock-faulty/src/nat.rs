//! The NAT strategy: what comes goes back.

use crate::fault::obey;
use plugin::Refusal;
use plugin::draft::nat::{Nat, NatInput, NatOutput};
use std::collections::VecDeque;

/// See the crate.
#[derive(Default)]
pub struct Faulty {
    waiting: VecDeque<NatOutput>,
}

impl Nat for Faulty {
    fn open(_request: &str, _seed: u64) -> Result<Self, Refusal> {
        Ok(Self::default())
    }

    fn handle(&mut self, input: NatInput<'_>, _now_ns: u64) {
        match input {
            NatInput::Packet { flow, from, data } => {
                // More than any packet can be is refused by the host.
                let size = if obey(data) { 1 << 20 } else { data.len() };
                let mut data = data.to_vec();
                data.resize(size, 0);
                self.waiting.push_back(NatOutput::Transmit {
                    flow,
                    to: from,
                    data,
                });
            }
            NatInput::Time
            | NatInput::Opened { .. }
            | NatInput::Closed { .. }
            | NatInput::Remote(_)
            | NatInput::Interfaces(_)
            | NatInput::Restart => {}
        }
    }

    fn poll(&mut self) -> Option<NatOutput> {
        self.waiting.pop_front()
    }
}

plugin::export_nat!(Faulty, id = "mock-faulty-nat", name = "Faulty NAT");
