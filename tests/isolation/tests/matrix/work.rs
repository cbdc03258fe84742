//! Plugins at work where calls have them: on the media engine's legs and buses, and in the thread that writes
//! recordings. What is ordered is said by the microphone, or by the peer, as it would come in a call.

use crate::{VOICE, Work};
use audio::Rate;
use base::Hertz;
use engine::voice::writer::{Job, Opening, WriterThread};
use media_thread::tap::tap;
use mock_faulty::{Fault, order, order_in_samples};
use offhook_isolation::Call;
use offhook_isolation::desk::{self, BLOCK, LOUD};
use plugin_host::{
    AudioInstance, AudioRequest, Catalogue, CodecInstance, DtmfListen, FilterInstance,
    FilterRequest, Place, wall_clock,
};
use ports::recorder::{Request, Told};
use ports::voice::LegId;

/// The codec that all kinds but codecs are called by: what is said arrives as it was said.
fn linear(catalogue: &Catalogue) -> CodecInstance {
    let codec = catalogue.codec("L16", Hertz(8000)).unwrap();
    codec.open("", "").unwrap()
}

fn a_device(catalogue: &Catalogue, id: &str) -> AudioInstance {
    let request = AudioRequest::new(Hertz(8000));
    catalogue.audio(id).unwrap().open(&request).unwrap()
}

fn at_desk(catalogue: &Catalogue, filters: Vec<FilterInstance>) -> Call {
    Call::at_desk(linear(catalogue), a_device(catalogue, "desk"), filters)
}

/// 20 ms of the peer by L16: an order first, if there is one.
fn said(level: i16, blow: Option<Fault>) -> Vec<u8> {
    let mut pcm = [level; 2 * BLOCK];
    if let Some(fault) = blow {
        order_in_samples(fault, &mut pcm);
    }
    pcm.iter().flat_map(|sample| sample.to_be_bytes()).collect()
}

/// 10 ms of the microphone with an order in it.
fn order_the_microphone(blow: Option<Fault>) {
    if let Some(fault) = blow {
        let mut block = [LOUD; BLOCK];
        order_in_samples(fault, &mut block);
        desk::say(block);
    }
}

/// Ticks without a packet that are no longer a codec that is started again: a second.
const GONE: u32 = 100;

/// Looks that the call is up: its packets go on, none of them twice and none left out.
#[derive(Default)]
struct Numbers {
    before: Option<u16>,
    /// Ticks since the last packet.
    quiet: u32,
}

impl Numbers {
    /// The payload of the packet that this tick sent, if it sent one.
    fn next(&mut self, call: &mut Call) -> Option<Vec<u8>> {
        let mut sent = call.sent();
        assert!(sent.len() <= 1, "two packets in a tick");
        self.quiet += 1;
        assert!(self.quiet < GONE, "the call sends nothing for a second");
        let (_, number, payload) = sent.pop()?;
        self.quiet = 0;
        if let Some(before) = self.before {
            assert_eq!(number, before.wrapping_add(1), "RTP goes on");
        }
        self.before = Some(number);
        Some(payload)
    }

    /// The same by L16.
    fn next_pcm(&mut self, call: &mut Call) -> Vec<i16> {
        let payload = self.next(call).unwrap_or_default();
        let (pairs, rest) = payload.as_chunks::<2>();
        assert!(rest.is_empty());
        pairs.iter().map(|pair| i16::from_be_bytes(*pair)).collect()
    }
}

/// Of each 10 ms of a packet, whether it is sound.
fn sounds(pcm: &[i16]) -> Vec<bool> {
    let blocks = pcm.chunks_exact(BLOCK);
    blocks
        .map(|block| block.iter().any(|&sample| sample != 0))
        .collect()
}

pub(super) struct Codec {
    call: Call,
    numbers: Numbers,
    works: bool,
}

pub(super) fn codec(catalogue: &Catalogue) -> Codec {
    let codec = catalogue.codec("X-FAULTY", Hertz(8000)).unwrap();
    Codec {
        call: Call::new(codec.open("", "").unwrap()),
        numbers: Numbers::default(),
        works: false,
    }
}

impl Work for Codec {
    fn tick(&mut self, blow: Option<Fault>) -> Vec<bool> {
        let mut payload = VOICE;
        if let Some(fault) = blow {
            payload[..5].copy_from_slice(&order(fault));
        }
        self.call.tick(&payload);
        let Some(payload) = self.numbers.next(&mut self.call) else {
            return Vec::new();
        };
        // What is put in the place of a lost packet is never just what the peer says.
        self.works = payload == VOICE;
        let voiced = |block: &[u8]| block.iter().any(|&b| b > 0x10 && b < 0x70);
        let halves = payload.chunks(payload.len().div_ceil(2).max(1));
        halves.map(voiced).collect()
    }

    fn works(&self) -> bool {
        self.works
    }
}

pub(super) struct Filter {
    call: Call,
    numbers: Numbers,
    works: bool,
}

/// Behind the microphone.
pub(super) fn filter(catalogue: &Catalogue, id: &str) -> Filter {
    let request = FilterRequest {
        place: Place::Microphone,
        sample_rate_hz: 8000,
        options: "",
    };
    let filter = catalogue.filter(id).unwrap().open(&request).unwrap();
    Filter {
        call: at_desk(catalogue, vec![filter]),
        numbers: Numbers::default(),
        works: false,
    }
}

impl Work for Filter {
    fn tick(&mut self, blow: Option<Fault>) -> Vec<bool> {
        order_the_microphone(blow);
        self.call.tick(&said(0, None));
        let pcm = self.numbers.next_pcm(&mut self.call);
        if let Some(last) = pcm.last() {
            // Without it the sound goes on as it is.
            self.works = *last == LOUD / 2;
        }
        sounds(&pcm)
    }

    fn works(&self) -> bool {
        self.works
    }
}

pub(super) struct Device {
    call: Call,
    numbers: Numbers,
    works: bool,
}

/// The person's.
pub(super) fn device(catalogue: &Catalogue, id: &str) -> Device {
    Device {
        call: Call::at_desk(linear(catalogue), a_device(catalogue, id), Vec::new()),
        numbers: Numbers::default(),
        works: false,
    }
}

impl Work for Device {
    fn tick(&mut self, blow: Option<Fault>) -> Vec<bool> {
        self.call.tick(&said(300, blow));
        let blocks = sounds(&self.numbers.next_pcm(&mut self.call));
        if let Some(last) = blocks.last() {
            self.works = *last;
        }
        blocks
    }

    fn works(&self) -> bool {
        self.works
    }
}

pub(super) struct Keys {
    call: Call,
    numbers: Numbers,
    works: bool,
}

/// In what the peer says.
pub(super) fn keys(catalogue: &Catalogue) -> Keys {
    let method = catalogue.dtmf("faulty").unwrap();
    let listen = DtmfListen {
        sample_rate_hz: 8000,
        options: "",
    };
    let mut call = at_desk(catalogue, Vec::new());
    call.listen(method.open(&listen).unwrap());
    Keys {
        call,
        numbers: Numbers::default(),
        works: false,
    }
}

impl Work for Keys {
    fn tick(&mut self, blow: Option<Fault>) -> Vec<bool> {
        self.call.tick(&said(300, blow));
        self.works = self.call.keys() > 0;
        sounds(&self.numbers.next_pcm(&mut self.call))
    }

    fn works(&self) -> bool {
        self.works
    }
}

/// A recording, and another one when it is over.
pub(super) struct Recorder<'a> {
    call: Call,
    numbers: Numbers,
    catalogue: &'a Catalogue,
    id: &'a str,
    writer: WriterThread,
    folder: tempfile::TempDir,
    /// Of the recording that was asked for last: whether it has begun.
    begun: Option<bool>,
}

impl<'a> Recorder<'a> {
    pub(super) fn new(catalogue: &'a Catalogue, id: &'a str) -> Self {
        Self {
            call: at_desk(catalogue, Vec::new()),
            numbers: Numbers::default(),
            catalogue,
            id,
            writer: WriterThread::start(wall_clock).unwrap(),
            folder: tempfile::tempdir().unwrap(),
            begun: None,
        }
    }

    /// As the recorder part asks for one.
    fn begin(&mut self) {
        let (slot, tapped) = tap(Rate::Hz8000);
        let path = self.folder.path().join("call").display().to_string();
        let opening = Opening {
            request: Request {
                leg: LegId(1),
                plugin: self.id.to_owned(),
                path,
                channels: 1,
                started_unix_ms: 0,
                metadata: "{}".to_owned(),
                options: String::new(),
            },
            plugin: self.catalogue.recorder(self.id).unwrap().clone(),
            extension: "none".to_owned(),
            rate: Rate::Hz8000,
            tapped,
        };
        self.writer.give(Job::Open(Box::new(opening))).unwrap();
        self.call.record(slot);
        self.begun = Some(false);
    }

    fn hear(&mut self, told: &Told) {
        match told {
            Told::Started { .. } => self.begun = Some(true),
            Told::Ended { error, .. } => {
                assert!(error.is_some(), "nobody stopped it: {told:?}");
                self.begun = None;
            }
            Told::Kept { .. } | Told::Paused { .. } | Told::Resumed { .. } | Told::Gap { .. } => {}
        }
    }
}

impl Work for Recorder<'_> {
    fn tick(&mut self, blow: Option<Fault>) -> Vec<bool> {
        while let Some(told) = self.writer.poll() {
            self.hear(&told);
        }
        if self.begun.is_none() {
            self.begin();
        }
        order_the_microphone(blow);
        self.call.tick(&said(0, None));
        sounds(&self.numbers.next_pcm(&mut self.call))
    }

    fn works(&self) -> bool {
        self.begun == Some(true)
    }
}
