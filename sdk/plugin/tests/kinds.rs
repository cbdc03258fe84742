//! Every kind crosses the boundary and comes back as it went.
#![allow(clippy::unwrap_used)]

use offhook_plugin as plugin;
use plugin::Directory;
use plugin::draft::nat::{Nat, NatInput, NatOutput, Transport};
use plugin::draft::security::{Security, SecurityInput, SecurityOutput};
use plugin::draft::tone::Tone;
use plugin::{
    Abilities, Captured, Dtmf, DtmfHeard, DtmfListen, DtmfRequest, DtmfStep, Entry, EntryHandle,
    Filter, FilterRequest, Found, Mark, Place, Recorder, RecorderAbout, RecorderRequest, Refusal,
    Status, Tones, Ui, UiEngine,
};
use std::sync::mpsc;

fn handle(entry: &Entry) -> EntryHandle {
    EntryHandle::built_in(entry).unwrap()
}

mod dtmf {
    use super::*;

    pub(super) struct Loud(u32);

    impl Dtmf for Loud {
        const NAME: &'static str = "loud";
        const ABILITIES: Abilities = Abilities {
            sends_events: true,
            sends_info: true,
            sends_tones: true,
            hears_tones: true,
            hears_info: true,
        };

        fn plan(request: &DtmfRequest<'_>) -> Result<Vec<DtmfStep>, Refusal> {
            let duration_clock_hz = request.event_clock_hz.ok_or(Status::UNSUPPORTED)?;
            let body = format!("Signal={}", request.key).repeat(request.duration_ms as usize / 100);
            Ok(vec![
                DtmfStep::Event {
                    at_ms: 0,
                    duration_ms: 100,
                    event: 5,
                    volume: 10,
                    duration_clock_hz,
                },
                DtmfStep::Info {
                    at_ms: 1,
                    content_type: "application/dtmf-relay".into(),
                    body,
                },
                DtmfStep::Tone {
                    at_ms: 2,
                    duration_ms: 100,
                    tones: Tones {
                        low_centihertz: 69_700,
                        high_centihertz: 120_900,
                        low_centibels: -900,
                        high_centibels: -700,
                    },
                },
            ])
        }

        fn hear_info(content_type: &str, body: &str) -> Option<DtmfHeard> {
            let key = (content_type == "application/dtmf").then(|| body.chars().next())??;
            Some(DtmfHeard {
                key,
                released: true,
                duration_ms: 160,
            })
        }

        fn open(request: &DtmfListen<'_>) -> Result<Self, Refusal> {
            Ok(Self(request.sample_rate_hz))
        }

        fn listen(&mut self, pcm: &[i16], heard: &mut Found<'_>) -> Result<(), Status> {
            assert_eq!(self.0, 8000);
            for key in ['1', '2', '3', '4', '5'].into_iter().take(pcm.len()) {
                heard.push(DtmfHeard {
                    key,
                    released: false,
                    duration_ms: 0,
                });
            }
            Ok(())
        }
    }

    plugin::export_dtmf!(Loud, id = "dtmf-loud", name = "Loud");
}

#[test]
fn a_dtmf_plan_comes_back_as_it_went() {
    let dtmf = handle(&dtmf::ENTRY).dtmf().unwrap().unwrap();
    let about = dtmf.about().unwrap();
    assert_eq!(
        (about.name.as_str(), about.abilities.hears_info),
        ("loud", true)
    );
    let mut request = DtmfRequest {
        key: '5',
        duration_ms: 100,
        peer_takes_info: true,
        codec_clock_hz: 8000,
        event_clock_hz: Some(8000),
        options: "",
    };
    let plan = dtmf.plan(&request).unwrap();
    let [
        DtmfStep::Event { event: 5, .. },
        DtmfStep::Info { body, .. },
        DtmfStep::Tone { tones, .. },
    ] = plan.as_slice()
    else {
        panic!("{plan:?}")
    };
    assert_eq!((body.as_str(), tones.high_centibels), ("Signal=5", -700));
    request.duration_ms = 5000;
    assert_eq!(
        dtmf.plan(&request).unwrap_err().status,
        Status::FAILED,
        "the INFO is too long"
    );
    request.event_clock_hz = None;
    assert_eq!(dtmf.plan(&request).unwrap_err().status, Status::UNSUPPORTED);
    assert_eq!(dtmf.hear_info("application/dtmf", "7").unwrap().key, '7');
    assert_eq!(dtmf.hear_info("application/dtmf", "x"), None, "no key");
    assert_eq!(dtmf.hear_info("text/plain", "7"), None);
    let mut listener = dtmf
        .open(&DtmfListen {
            sample_rate_hz: 8000,
            options: "",
        })
        .unwrap();
    let mut heard = String::new();
    listener
        .listen(&[0; 80], |one| heard.push(one.key))
        .unwrap();
    assert_eq!(heard, "1234", "what has no room is lost");
}

mod recorder {
    use super::*;

    pub(super) struct Tape(Vec<String>);

    impl Recorder for Tape {
        const ABOUT: RecorderAbout = RecorderAbout {
            extension: "tape",
            media_type: "audio/tape",
            sample_rates_hz: &[16000, 8000],
            channels: 2,
        };

        fn open(request: &RecorderRequest<'_>) -> Result<Self, Refusal> {
            Ok(Self(vec![format!("{} {}", request.path, request.channels)]))
        }

        fn write(&mut self, pcm: &[i16], at_ms: u64) -> Result<(), Status> {
            assert!(pcm.first() != Some(&666), "the number of the beast");
            self.0.push(format!("{} at {at_ms}", pcm.len()));
            Ok(())
        }

        fn mark(&mut self, mark: Mark, at_ms: u64, note: &str) -> Result<(), Status> {
            self.0.push(format!("{mark:?} {note} at {at_ms}"));
            Ok(())
        }

        fn close(self) -> Result<String, Refusal> {
            match self.0.len() {
                1 => Err(Refusal::new(Status::FAILED, "an \"empty\"\ntape")),
                _ => Ok(self.0.join("; ")),
            }
        }
    }

    plugin::export_recorder!(Tape, id = "recorder-tape", name = "Tape");
}

#[test]
fn a_recording_is_kept_marked_and_closed() {
    let recorder = handle(&recorder::ENTRY).recorder().unwrap().unwrap();
    assert!(
        recorder
            .about()
            .unwrap()
            .contains(r#""sample_rates_hz":[16000,8000]"#)
    );
    let mut request = RecorderRequest {
        sample_rate_hz: 8000,
        channels: 2,
        started_unix_ms: 0,
        path: "a",
        metadata: "{}",
        options: "",
    };
    let mut tape = recorder.open(&request).unwrap();
    tape.write(&[0; 161], 20).unwrap();
    tape.mark(Mark::Pause, 20, "consent").unwrap();
    assert_eq!(
        tape.close(),
        (Status::OK, "a 2; 160 at 20; Pause consent at 20".into())
    );
    let (status, said) = recorder.open(&request).unwrap().close();
    assert_eq!(status, Status::FAILED);
    assert!(said.contains(r#""error":"an 'empty' tape""#), "{said}");
    let mut tape = recorder.open(&request).unwrap();
    assert_eq!(tape.write(&[666; 2], 0), Err(Status::PANIC));
    assert_eq!(
        tape.close().0,
        Status::PANIC,
        "what panicked is not asked again"
    );
    request.channels = 3;
    assert_eq!(
        recorder.open(&request).unwrap_err().status,
        Status::BAD_ARGUMENT
    );
}

mod filter {
    use super::*;

    pub(super) struct Minus;

    impl Filter for Minus {
        fn open(request: &FilterRequest<'_>) -> Result<Self, Refusal> {
            assert_eq!(
                (request.place, request.sample_rate_hz),
                (Place::Speaker, 16000)
            );
            Ok(Self)
        }

        fn process(
            &mut self,
            near: &[i16],
            far: Option<&[i16]>,
            delay_samples: u32,
            out: &mut [i16],
        ) -> Result<(), Status> {
            let far = far.ok_or(Status::UNAVAILABLE)?;
            for ((out, near), far) in out.iter_mut().zip(near).zip(far) {
                *out = near - far + delay_samples as i16;
            }
            Ok(())
        }

        fn latency(&self) -> u32 {
            7
        }
    }

    plugin::export_filter!(Minus, id = "filter-minus", name = "Minus");
}

#[test]
fn a_filter_sees_near_and_far() {
    let filter = handle(&filter::ENTRY).filter().unwrap().unwrap();
    let request = FilterRequest {
        place: Place::Speaker,
        sample_rate_hz: 16000,
        options: "",
    };
    let mut filter = filter.open(&request).unwrap();
    let mut out = [0; 160];
    filter
        .process(&[9; 160], Some(&[2; 160]), 3, &mut out)
        .unwrap();
    assert_eq!((out, filter.latency()), ([10; 160], 7));
    let status = filter.process(&[9; 160], None, 0, &mut out).unwrap_err();
    assert_eq!(status, Status::UNAVAILABLE);
    let status = filter
        .process(&[9; 160], None, 0, &mut out[..80])
        .unwrap_err();
    assert_eq!(status, Status::BAD_ARGUMENT, "buffers of one length only");
}

mod nat {
    use super::*;

    pub(super) struct Mirror(Vec<NatOutput>);

    impl Nat for Mirror {
        fn open(request: &str, seed: u64) -> Result<Self, Refusal> {
            Ok(Self(vec![NatOutput::Candidate {
                component: 1,
                line: format!("{request} {seed}"),
            }]))
        }

        fn handle(&mut self, input: NatInput<'_>, now_ns: u64) {
            let said = match input {
                NatInput::Packet { flow, from, data } => NatOutput::Transmit {
                    flow,
                    to: from,
                    data: data.repeat(1000),
                },
                NatInput::Opened { flow, local } => NatOutput::Open {
                    flow,
                    component: 2,
                    transport: Transport::Tls,
                    local,
                    remote: None,
                },
                NatInput::Restart => NatOutput::Gathered,
                NatInput::Closed { why, .. } => NatOutput::Failed(why.to_owned()),
                NatInput::Time | NatInput::Remote(_) | NatInput::Interfaces(_) => {
                    NatOutput::Deadline(now_ns + 1)
                }
            };
            self.0.push(said);
        }

        fn poll(&mut self) -> Option<NatOutput> {
            (!self.0.is_empty()).then(|| self.0.remove(0))
        }
    }

    plugin::export_nat!(Mirror, id = "nat-mirror", name = "Mirror");
}

#[test]
fn a_nat_machine_takes_inputs_and_is_polled_dry() {
    let nat = handle(&nat::ENTRY).nat().unwrap().unwrap();
    let mut nat = nat.open("{}", 7).unwrap();
    let first = NatOutput::Candidate {
        component: 1,
        line: "{} 7".into(),
    };
    assert_eq!(nat.poll(), Ok(Some(first)));
    assert_eq!(nat.poll(), Ok(None));
    let from = "[2001:db8::1]:3478".parse().unwrap();
    nat.handle(
        NatInput::Packet {
            flow: 3,
            from,
            data: b"abcd",
        },
        1,
    )
    .unwrap();
    let data = b"abcd".repeat(1000);
    let sent = NatOutput::Transmit {
        flow: 3,
        to: from,
        data,
    };
    assert_eq!(nat.poll(), Ok(Some(sent)), "longer than the first buffer");
    nat.handle(
        NatInput::Opened {
            flow: 4,
            local: from,
        },
        1,
    )
    .unwrap();
    assert!(matches!(
        nat.poll(),
        Ok(Some(NatOutput::Open {
            flow: 4,
            remote: None,
            ..
        }))
    ));
    nat.handle(
        NatInput::Closed {
            flow: 4,
            why: "gone",
        },
        1,
    )
    .unwrap();
    assert_eq!(nat.poll(), Ok(Some(NatOutput::Failed("gone".into()))));
    nat.handle(NatInput::Time, 41).unwrap();
    nat.handle(NatInput::Restart, 41).unwrap();
    assert_eq!(nat.poll(), Ok(Some(NatOutput::Deadline(42))));
    assert_eq!(nat.poll(), Ok(Some(NatOutput::Gathered)));
}

mod security {
    use super::*;

    pub(super) struct Keys(Option<SecurityOutput>);

    impl Security for Keys {
        fn open(_request: &str, seed: &[u8; 32]) -> Result<Self, Refusal> {
            let material = seed[..30].to_vec();
            Ok(Self(Some(SecurityOutput::Keys {
                suite: 1,
                sending: true,
                material,
            })))
        }

        fn handle(&mut self, input: SecurityInput<'_>, _now_ns: u64) {
            self.0 = match input {
                SecurityInput::Confirmed(same) => Some(SecurityOutput::Verdict(same.to_string())),
                SecurityInput::Remote(lines) => Some(SecurityOutput::Local(lines.to_owned())),
                SecurityInput::Packet { data, .. } => Some(SecurityOutput::Transmit(data.to_vec())),
                SecurityInput::Time => None,
            };
        }

        fn poll(&mut self) -> Option<SecurityOutput> {
            self.0.take()
        }
    }

    plugin::export_security!(Keys, id = "security-keys", name = "Keys");
}

#[test]
fn keys_cross_and_are_never_shown() {
    let security = handle(&security::ENTRY).security().unwrap().unwrap();
    let mut security = security.open("{}", &[0xA5; 32]).unwrap();
    let keys = security.poll().unwrap().unwrap();
    assert_eq!(format!("{keys:?}"), "Keys(1, sending: true)");
    let material = vec![0xA5; 30];
    assert_eq!(
        keys,
        SecurityOutput::Keys {
            suite: 1,
            sending: true,
            material
        }
    );
    security.handle(SecurityInput::Confirmed(true), 0).unwrap();
    assert_eq!(
        security.poll(),
        Ok(Some(SecurityOutput::Verdict("true".into())))
    );
    security.handle(SecurityInput::Time, 0).unwrap();
    assert_eq!(security.poll(), Ok(None));
}

mod ui {
    use super::*;
    use std::sync::Mutex;

    pub(super) static KEPT: Mutex<Option<UiEngine>> = Mutex::new(None);

    pub(super) struct Face(UiEngine);

    impl Ui for Face {
        fn open(engine: UiEngine, options: &str) -> Result<Self, Refusal> {
            if options == "no" {
                return Err(Refusal::new(Status::UNAVAILABLE, "no screen"));
            }
            *KEPT.lock().unwrap() = Some(engine.clone());
            Ok(Self(engine))
        }

        fn event(&mut self, json: &str) -> Result<(), Status> {
            self.0.command(&format!("heard {json}"))
        }
    }

    plugin::export_ui!(Face, id = "ui-face", name = "Face");
}

#[test]
fn a_face_hears_events_speaks_commands_and_is_cut_off_when_closed() {
    let ui = handle(&ui::ENTRY).ui().unwrap().unwrap();
    assert_eq!(
        ui.open("no", Box::new(|_| Ok(()))).unwrap_err().reason,
        "no screen"
    );
    let (sender, said) = mpsc::channel();
    let commands = move |json: &str| sender.send(json.to_owned()).map_err(|_| Status::LOST);
    let mut face = ui.open("{}", Box::new(commands)).unwrap();
    face.event("{\"seq\":1}").unwrap();
    assert_eq!(said.recv().unwrap(), "heard {\"seq\":1}");
    drop(face);
    let engine = ui::KEPT.lock().unwrap().take().unwrap();
    assert_eq!(
        engine.command("{}"),
        Err(Status::LOST),
        "no line after the end"
    );
}

mod directory {
    use super::*;

    pub(super) struct Book;

    impl Directory for Book {
        fn open(_options: &str) -> Result<Self, Refusal> {
            Ok(Self)
        }

        fn search(&mut self, query: &str) -> Result<String, Refusal> {
            match query {
                "down" => Err(Refusal::new(
                    Status::UNAVAILABLE,
                    "no answer from the server",
                )),
                "panic" => panic!("asked to"),
                _ => Ok(format!("[\"{}\"]", "x".repeat(10_000))),
            }
        }
    }

    plugin::export_directory!(Book, id = "directory-book", name = "Book");
}

#[test]
fn a_directory_answers_at_length_and_says_why_not() {
    let directory = handle(&directory::ENTRY).directory().unwrap().unwrap();
    let mut book = directory.open("{}").unwrap();
    assert_eq!(book.search("{}").unwrap().len(), 10_004);
    assert_eq!(
        book.search("down").unwrap_err().reason,
        "no answer from the server"
    );
    assert_eq!(book.search("panic").unwrap_err().status, Status::PANIC);
    assert_eq!(
        book.search("{}").unwrap_err().status,
        Status::PANIC,
        "poisoned"
    );
}

mod tone {
    use super::*;

    pub(super) struct Beep(usize);

    impl Tone for Beep {
        fn names() -> Result<String, Refusal> {
            Ok("[\"beep\"]".into())
        }

        fn open(name: &str, _sample_rate_hz: u32, _options: &str) -> Result<Self, Refusal> {
            (name == "beep")
                .then_some(Self(100))
                .ok_or(Status::NOT_FOUND.into())
        }

        fn read(&mut self, pcm: &mut [i16]) -> Result<Captured, Status> {
            let samples = self.0.min(pcm.len());
            pcm[..samples].fill(1000);
            self.0 -= samples;
            Ok(Captured {
                samples,
                ended: self.0 == 0,
            })
        }
    }

    plugin::export_tone!(Beep, id = "tone-beep", name = "Beep");
}

#[test]
fn a_tone_plays_and_ends() {
    let tone = handle(&tone::ENTRY).tone().unwrap().unwrap();
    assert_eq!(tone.names().unwrap(), "[\"beep\"]");
    assert_eq!(
        tone.open("moo", 8000, "").unwrap_err().status,
        Status::NOT_FOUND
    );
    let mut beep = tone.open("beep", 8000, "").unwrap();
    let mut pcm = [5; 80];
    assert_eq!(
        beep.read(&mut pcm),
        Ok(Captured {
            samples: 80,
            ended: false
        })
    );
    assert_eq!(
        beep.read(&mut pcm),
        Ok(Captured {
            samples: 20,
            ended: true
        })
    );
    assert_eq!((pcm[19], pcm[20]), (1000, 0));
}
