//! Codec formats, as plugins declare them, in the words of `sdp` (rulings 1).

use base::{Hertz, PayloadType};
use plugin_host::{Catalogue, CodecFormat, Error, RuleKind};
use sdp::{Capability, FmtpKind, FmtpRule};

/// Longest packet that a media thread sends. Unit: ms.
const LONGEST_MS: u32 = 120;

/// What the codecs of `catalogue` can do, in the order of `names`; all of them where it is empty.
///
/// A name is an encoding name, with its clock rate where it has several: `PCMU`, `L16/16000`.
pub fn capabilities(catalogue: &Catalogue, names: &[String]) -> Vec<Capability> {
    if names.is_empty() {
        return catalogue.formats().map(capability).collect();
    }
    let named = |name: &String| {
        let (name, rate) = match name.split_once('/') {
            Some((name, rate)) => (name, rate.parse().ok()),
            None => (name.as_str(), None),
        };
        let fits = |format: &&CodecFormat| {
            format.name.eq_ignore_ascii_case(name)
                && rate.is_none_or(|rate: u32| rate == format.clock_rate_hz)
        };
        catalogue.formats().find(fits).map(capability)
    };
    names.iter().filter_map(named).collect()
}

/// What the codec of `ours` says under `options`, a JSON object as its plugin documents it or empty.
///
/// Fails where the plugin does not understand an option.
pub fn with_options(
    catalogue: &Catalogue,
    ours: &Capability,
    options: &str,
) -> Result<Capability, Error> {
    let codec = catalogue.codec(&ours.name, ours.clock_rate)?;
    Ok(Capability {
        fmtp: codec.fmtp(options)?,
        ..ours.clone()
    })
}

fn capability(format: &CodecFormat) -> Capability {
    let shortest = format
        .packet_times
        .iter()
        .min()
        .unwrap_or(format.packet_time_ms);
    let longest = format.packet_times.iter().max().unwrap_or(shortest);
    let ms = |time: u32| u16::try_from(time).unwrap_or(20);
    Capability {
        name: format.name.clone(),
        clock_rate: Hertz(format.clock_rate_hz),
        channels: format.rtp_channels,
        static_payload_type: format.payload_type.and_then(PayloadType::new),
        fmtp: format.fmtp.clone(),
        rules: format.rules.iter().map(rule).collect(),
        frame_ms: ms(shortest),
        longest_ms: ms(longest.min(LONGEST_MS)),
        ptime_ms: ms(format.packet_time_ms),
    }
}

fn rule(rule: &plugin_host::FormatRule) -> FmtpRule {
    let kind = match rule.kind {
        RuleKind::Equal => FmtpKind::Equal,
        RuleKind::Min => FmtpKind::Min,
        RuleKind::Max => FmtpKind::Max,
        RuleKind::List => FmtpKind::List,
        RuleKind::Opaque => FmtpKind::Opaque,
        RuleKind::Ignore => FmtpKind::Ignore,
        RuleKind::Both => FmtpKind::Both,
    };
    FmtpRule {
        name: rule.name.clone(),
        default: Some(rule.default.clone()).filter(|d| !d.is_empty()),
        kind,
    }
}
