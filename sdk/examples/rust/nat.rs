//! A NAT strategy: media goes straight to where the peer's description says, and nothing is tried.

use plugin::Refusal;
use plugin::draft::nat::{Nat, NatInput, NatOutput};

/// A machine for one call: it does no IO, it says what is to be done.
#[derive(Debug)]
pub struct Mine {
    next: Option<NatOutput>,
}

impl Nat for Mine {
    fn open(_request: &str, _seed: u64) -> Result<Self, Refusal> {
        // There are no candidates to look for.
        Ok(Self {
            next: Some(NatOutput::Gathered),
        })
    }

    fn handle(&mut self, input: NatInput<'_>, _now_ns: u64) {
        match input {
            NatInput::Closed { why, .. } => {
                self.next = Some(NatOutput::Failed(format!("the flow was closed: {why}")));
            }
            NatInput::Restart => self.next = Some(NatOutput::Gathered),
            NatInput::Time
            | NatInput::Packet { .. }
            | NatInput::Opened { .. }
            | NatInput::Remote(_)
            | NatInput::Interfaces(_) => {}
        }
    }

    fn poll(&mut self) -> Option<NatOutput> {
        self.next.take()
    }
}

plugin::export_nat!(Mine);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_has_gathered_at_once() {
        let mut nat = Mine::open("{}", 1).unwrap();
        assert_eq!(nat.poll(), Some(NatOutput::Gathered));
        nat.handle(NatInput::Time, 1);
        assert_eq!(nat.poll(), None);
    }
}
