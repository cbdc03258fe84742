//! Opus as a plugin: the system's libopus behind the codec table.
//!
//! On the wire it is `opus/48000/2`, as it always is; on our side one channel at 48 kHz. What an account
//! sets arrives as options, what the peer wants as fmtp: together they steer the encoder.
//!
//! What it is not: no stereo, no music profile, no redundancy over several packets.
//!
//! | file | holds |
//! | --- | --- |
//! | [`options`] | what an account may set |
//! | [`fmtp`] | what we say, and what the peer's words allow |
//! | [`pair`] | encoder and decoder |
//! | `packing` | 30 and 50 ms: several frames in one packet |

pub mod fmtp;
pub mod options;
mod packing;
pub mod pair;

use options::Options;
use pair::Pair;
use plugin::{
    Codec, CodecRequest, FmtpRule, Format, Host, Level, PacketTimes, Refusal, RuleKind, Status,
};
use plugin_abi::codec as keys;
use std::sync::OnceLock;

/// An Opus stream, both ways.
#[derive(Debug)]
pub struct Opus(Pair);

/// Who is told of options that are odd but usable.
static HOST: OnceLock<Host> = OnceLock::new();

/// Each side says what it wants to receive; neither bends. Source: RFC 7587 §7.1.
const RULES: &[FmtpRule] = &[
    FmtpRule::new("maxplaybackrate", "48000", RuleKind::Opaque),
    FmtpRule::new("sprop-maxcapturerate", "48000", RuleKind::Opaque),
    FmtpRule::new("maxaveragebitrate", "", RuleKind::Opaque),
    FmtpRule::new("stereo", "0", RuleKind::Opaque),
    FmtpRule::new("sprop-stereo", "0", RuleKind::Opaque),
    FmtpRule::new("useinbandfec", "0", RuleKind::Opaque),
    FmtpRule::new("usedtx", "0", RuleKind::Opaque),
    FmtpRule::new("cbr", "0", RuleKind::Opaque),
];

fn options(json: &str) -> Result<Options, Refusal> {
    let warn = |text: String| {
        if let Some(host) = HOST.get() {
            host.log(Level::Warn, &text);
        }
    };
    Options::read(json, warn).map_err(|wrong| Refusal::new(Status::BAD_ARGUMENT, wrong.to_string()))
}

impl Codec for Opus {
    const FORMATS: &'static [Format] = &[Format {
        name: "opus",
        clock_rate_hz: 48_000,
        sample_rate_hz: 48_000,
        rtp_channels: 2,
        payload_type: Some(103),
        packet_times: PacketTimes::multiples_of(10, 60),
        max_payload: 3_833,
        conceals: true,
        recovers: true,
        goes_silent: true,
        variable_rate: true,
        fmtp: "maxplaybackrate=16000;sprop-maxcapturerate=16000;maxaveragebitrate=24000;\
               stereo=0;sprop-stereo=0;useinbandfec=1;usedtx=1",
        rules: RULES,
        ..Format::NARROWBAND
    }];

    fn init(host: Option<Host>) -> Result<(), Refusal> {
        if let Some(host) = host {
            // A second start keeps the first host, which lives as long as the process.
            let _ = HOST.set(host);
        }
        Ok(())
    }

    fn fmtp(_format: usize, json: &str) -> Result<String, Refusal> {
        Ok(fmtp::said(&options(json)?))
    }

    fn open(request: &CodecRequest<'_>) -> Result<Self, Refusal> {
        let peer = fmtp::Peer::read(request.fmtp);
        let pair = Pair::new(options(request.options)?, peer);
        let pair = pair.map_err(|why| Refusal::new(Status::FAILED, format!("libopus: {why}")))?;
        Ok(Self(pair))
    }

    fn encode(&mut self, pcm: &[i16], payload: &mut [u8]) -> Result<usize, Status> {
        self.0.encode(pcm, payload)
    }

    fn decode(&mut self, payload: &[u8], pcm: &mut [i16]) -> Result<usize, Status> {
        self.0.decode(payload, pcm)
    }

    fn conceal(&mut self, pcm: &mut [i16]) -> Result<usize, Status> {
        self.0.conceal(pcm)
    }

    fn recover(&mut self, next: &[u8], pcm: &mut [i16]) -> Result<usize, Status> {
        self.0.recover(next, pcm)
    }

    fn control(&mut self, key: u32, value: i64) -> Result<(), Status> {
        let within = |most: u8| {
            let number = u8::try_from(value).ok().filter(|&number| number <= most);
            number.ok_or(Status::BAD_ARGUMENT)
        };
        let pair = &mut self.0;
        match key {
            keys::KEY_BIT_RATE => {
                pair.set_bit_rate(u32::try_from(value).map_err(|_| Status::BAD_ARGUMENT)?)
            }
            keys::KEY_EXPECTED_LOSS => pair.set_expected_loss(within(100)?),
            keys::KEY_COMPLEXITY => pair.set_complexity(within(10)?),
            keys::KEY_DTX => pair.set_dtx(within(1)? == 1),
            keys::KEY_FEC => pair.set_fec(within(1)? == 1),
            _ => Err(Status::UNSUPPORTED),
        }
    }

    fn reset(&mut self) {
        self.0.reset();
    }
}

plugin::export_codec!(
    Opus,
    id = "codec-opus",
    name = "Opus",
    config = r#"{
"class":{"type":"string","default":"wb","values":["nb","wb","fb",""],"help":"Preset: 15500 bit/s up to 4 kHz, 24000 up to 8 kHz, 64000 up to 20 kHz. Empty: the options below count."},
"bandwidth":{"type":"string","default":"wb","values":["nb","wb","fb"],"help":"Upper end of the audio band: 4, 8 or 20 kHz."},
"complexity":{"type":"string","default":"","help":"Effort of the encoder, 0 to 10; empty: the library's own."},
"bitrate":{"type":"string","default":"","help":"6000 to 510000 bit/s; empty or -1000: automatic; -1: most."},
"fec":{"type":"boolean","default":false,"help":"Redundancy that rebuilds a lost packet."},
"dtx":{"type":"boolean","default":false,"help":"Leave out silence."},
"vbr":{"type":"boolean","default":true,"help":"The rate may vary."},
"expected_packet_loss":{"type":"integer","default":0,"min":0,"max":100,"help":"Percent of packets to prepare for."}
}"#,
);
