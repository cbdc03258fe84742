//! Mocks of the kinds that are not promised yet.

/// A NAT strategy that has gathered at once and does nothing more.
pub mod nat {
    use crate::orders::{Counts, Deed, Orders, Play};
    use plugin::draft::nat::{Nat, NatInput, NatOutput};
    use plugin::{Refusal, Status};

    /// What strategies of this process did.
    pub static COUNTS: Counts = Counts::new();

    /// A strategy. Each input is a call.
    #[derive(Debug)]
    pub struct Mock {
        play: Play,
        next: Option<NatOutput>,
    }

    impl Nat for Mock {
        fn open(request: &str, _seed: u64) -> Result<Self, Refusal> {
            Ok(Self {
                play: Play::new(Orders::within(request, "options")?, &COUNTS),
                next: Some(NatOutput::Gathered),
            })
        }

        fn handle(&mut self, _input: NatInput<'_>, _now_ns: u64) {
            match self.play.call() {
                Ok(Deed::Right) => {}
                Ok(Deed::Rubbish) => {
                    self.next = Some(NatOutput::Candidate {
                        component: u32::MAX,
                        line: "rubbish".to_owned(),
                    });
                }
                Err(Status(_)) => self.next = Some(NatOutput::Failed("on order".to_owned())),
            }
        }

        fn poll(&mut self) -> Option<NatOutput> {
            self.next.take()
        }
    }

    plugin::export_nat!(Mock, id = "mock-nat", name = "Mock of a NAT strategy");
}

/// Keying that never comes to keys.
pub mod security {
    use crate::orders::{Counts, Deed, Orders, Play};
    use plugin::draft::security::{Security, SecurityInput, SecurityOutput};
    use plugin::{Refusal, Status};

    /// What machines of this process did.
    pub static COUNTS: Counts = Counts::new();

    /// A machine. Each input is a call.
    #[derive(Debug)]
    pub struct Mock {
        play: Play,
        next: Option<SecurityOutput>,
    }

    impl Security for Mock {
        fn open(request: &str, _seed: &[u8; 32]) -> Result<Self, Refusal> {
            Ok(Self {
                play: Play::new(Orders::within(request, "options")?, &COUNTS),
                next: Some(SecurityOutput::Local("x-mock:1".to_owned())),
            })
        }

        fn handle(&mut self, _input: SecurityInput<'_>, now_ns: u64) {
            self.next = Some(match self.play.call() {
                Ok(Deed::Right) => SecurityOutput::Deadline(now_ns + 1_000_000_000),
                Ok(Deed::Rubbish) => SecurityOutput::Verdict("{\"method\":".to_owned()),
                Err(Status(_)) => SecurityOutput::Failed("on order".to_owned()),
            });
        }

        fn poll(&mut self) -> Option<SecurityOutput> {
            self.next.take()
        }
    }

    plugin::export_security!(Mock, id = "mock-security", name = "Mock of keying");
}

/// One tone, which is a sawtooth.
pub mod tone {
    use crate::orders::{Counts, Deed, Orders, Play, rubbish};
    use plugin::draft::tone::Tone;
    use plugin::{Captured, Refusal, Status};

    /// What tones of this process did.
    pub static COUNTS: Counts = Counts::new();

    /// A tone. Each block is a call.
    #[derive(Debug)]
    pub struct Mock(Play);

    impl Tone for Mock {
        fn names() -> Result<String, Refusal> {
            Ok(r#"["mock"]"#.to_owned())
        }

        fn open(name: &str, _sample_rate_hz: u32, options: &str) -> Result<Self, Refusal> {
            if name != "mock" {
                let why = "tone: there is only \"mock\"";
                return Err(Refusal::new(Status::NOT_FOUND, why));
            }
            Ok(Self(Play::new(Orders::read(options)?, &COUNTS)))
        }

        fn read(&mut self, pcm: &mut [i16]) -> Result<Captured, Status> {
            let deed = self.0.call()?;
            for (at, sample) in pcm.iter_mut().enumerate() {
                *sample = (at % 80) as i16 * 100 - 4_000;
            }
            if deed == Deed::Rubbish {
                rubbish(pcm);
            }
            Ok(Captured {
                samples: pcm.len(),
                ended: false,
            })
        }
    }

    plugin::export_tone!(Mock, id = "mock-tone", name = "Mock of tones");
}
