//! What a leg needs, made on control from plain words: codec, device, resamplers.

use super::error::Error;
use super::legs::Pair;
use audio::Rate;
use base::Rng;
use core::net::IpAddr;
use media_thread::kit::{AudioKit, LegKit, VoiceKit, device_rate};
use media_thread::order::{Direction, Events, LegAudio, LegId, LegPlan, Remote, VoicePlan};
use plugin_host::{AudioInstance, AudioRequest, Catalogue};
use ports::media::Sound;
use ports::voice::LegConfig;
use rtp::latch::Rule;

/// How long a leg waits for its peer, and how often it counts.
#[derive(Debug, Clone, Copy)]
pub struct Pace {
    /// Silence of a peer that is told. Unit: ms; 0: never.
    pub silent_after_ms: u32,
    /// How often counts are told. Unit: ms.
    pub counts_every_ms: u32,
    /// The delay that a jitter buffer never exceeds on purpose. Unit: ms. Range: 20 to 1000.
    pub longest_delay_ms: u32,
}

/// A leg that can start.
pub(super) struct Made<S> {
    pub(super) leg: LegId,
    pub(super) kit: LegKit<S>,
    /// Rate of its source and sink.
    pub(super) audio_rate: Rate,
    /// Rate of its codec.
    pub(super) codec_rate: Rate,
}

/// What legs are made from.
pub(super) struct Bench<'a> {
    pub(super) catalogue: &'a Catalogue,
    pub(super) pace: Pace,
    /// What the person's bus mixes at.
    pub(super) person: Rate,
    pub(super) rng: &'a mut Rng,
}

/// Opens everything that `config` names.
pub(super) fn leg<S>(
    config: &LegConfig,
    pair: Pair<S>,
    bench: &mut Bench<'_>,
) -> Result<Made<S>, Error> {
    let Bench {
        catalogue,
        pace,
        person,
        rng,
    } = bench;
    let plan = voice_plan(config);
    let format = &config.format;
    let mut codec = catalogue
        .codec(&format.name, format.clock_rate)?
        .open_soon(&format.fmtp, &config.options)?;
    codec.fence().serves(config.leg.0);
    let hertz = codec.format().sample_rate_hz;
    let codec_rate = Rate::from_hertz(hertz).ok_or(Error::Rate(hertz))?;
    let (audio, audio_kit, audio_rate) = sound(
        config.leg.0,
        &config.sound,
        (codec_rate, *person),
        catalogue,
    )?;
    let voice = VoiceKit::within(pace.longest_delay_ms, &plan, codec, audio_rate)?;
    let cname = format!("{}@offhook", rng.token(16));
    let leg = LegPlan {
        remote: remote(config),
        direction: direction(config),
        audio,
        counts_every_ms: pace.counts_every_ms,
        no_media_after_ms: pace.silent_after_ms,
        muted: config.opening.muted,
        tone_ms: config.opening.tone_ms,
        ..LegPlan::new(LegId(config.leg.0), plan, &cname)
    };
    let rtcp = (!config.rtcp_mux).then_some(pair.rtcp.0);
    let kit = LegKit::new(&leg, voice, audio_kit, pair.rtp.0, rtcp, rng);
    Ok(Made {
        leg: LegId(config.leg.0),
        kit,
        audio_rate,
        codec_rate,
    })
}

/// Another codec for a leg that runs.
pub(super) fn voice(
    config: &LegConfig,
    audio_rate: Rate,
    pace: Pace,
    catalogue: &Catalogue,
) -> Result<(VoicePlan, VoiceKit), Error> {
    let plan = voice_plan(config);
    let format = &config.format;
    let mut codec = catalogue
        .codec(&format.name, format.clock_rate)?
        .open_soon(&format.fmtp, &config.options)?;
    codec.fence().serves(config.leg.0);
    let kit = VoiceKit::within(pace.longest_delay_ms, &plan, codec, audio_rate)?;
    Ok((plan, kit))
}

fn voice_plan(config: &LegConfig) -> VoicePlan {
    VoicePlan {
        send: config.format.send,
        receive: config.format.receive,
        clock_rate: config.format.clock_rate,
        packet_ms: u32::from(config.ptime_ms),
        events: config.telephone_event.map(|events| Events {
            send: events.send,
            receive: events.receive,
        }),
    }
}

pub(super) fn remote(config: &LegConfig) -> Option<Remote> {
    let rtp = config.remote_rtp?;
    let rtcp = match config.rtcp_mux {
        true => rtp,
        false => config.remote_rtcp.unwrap_or(rtp),
    };
    // A private address may be one that its own NAT hides (reliability.md 4.3).
    let other_hosts = is_private(rtp.ip());
    Some(Remote {
        rtp,
        rtcp,
        rule: Rule {
            enabled: true,
            other_hosts,
        },
    })
}

fn is_private(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => ip.is_private() || ip.is_link_local(),
        IpAddr::V6(ip) => ip.is_unique_local() || ip.is_unicast_link_local(),
    }
}

pub(super) fn direction(config: &LegConfig) -> Direction {
    Direction {
        send: config.direction.sends(),
        receive: config.direction.receives(),
    }
}

/// Source and sink, and the rate they run at.
pub(super) fn sound(
    leg: u64,
    sound: &Sound,
    (codec_rate, person): (Rate, Rate),
    catalogue: &Catalogue,
) -> Result<(LegAudio, AudioKit, Rate), Error> {
    Ok(match sound {
        Sound::Impaired { sound, .. } => {
            return self::sound(leg, sound, (codec_rate, person), catalogue);
        }
        Sound::Person => (
            LegAudio::Bus(super::PERSON),
            AudioKit::bus(codec_rate, person),
            person,
        ),
        Sound::Echo => (LegAudio::Echo, AudioKit::none(), codec_rate),
        Sound::Silence => (LegAudio::Silence, AudioKit::none(), codec_rate),
        Sound::Device { plugin, request } => {
            let mut device = open(catalogue, plugin, request, codec_rate)?;
            device.fence().serves(leg);
            let rate = device_rate(&device)?;
            (
                LegAudio::Device,
                AudioKit::device(codec_rate, device)?,
                rate,
            )
        }
    })
}

fn open(
    catalogue: &Catalogue,
    plugin: &str,
    request: &str,
    rate: Rate,
) -> Result<AudioInstance, Error> {
    let mut fields: serde_json::Map<String, serde_json::Value> = serde_json::from_str(request)?;
    // The codec's own rate saves a resampler.
    fields
        .entry("rate_hz")
        .or_insert_with(|| rate.hertz().into());
    let request: AudioRequest = serde_json::from_value(fields.into())?;
    Ok(catalogue.audio(plugin)?.open_soon(&request)?)
}
