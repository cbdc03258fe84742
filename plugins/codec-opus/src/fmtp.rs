//! What we say in fmtp, and what the peer's fmtp allows. Source: RFC 7587 §6.1, §7.

use crate::options::{Band, BitRate, LEAST_BITS, MOST_BITS, Options};

/// What we say under `options`. We hear and send one channel.
pub fn said(options: &Options) -> String {
    let rate = options.band.rate_hz();
    let mut parts = vec![
        format!("maxplaybackrate={rate}"),
        format!("sprop-maxcapturerate={rate}"),
    ];
    match options.bit_rate {
        BitRate::Automatic => {}
        BitRate::Most => parts.push(format!("maxaveragebitrate={MOST_BITS}")),
        BitRate::Bits(bits) => parts.push(format!("maxaveragebitrate={bits}")),
    }
    parts.extend(["stereo=0".to_owned(), "sprop-stereo=0".to_owned()]);
    let flags = [
        ("useinbandfec", options.fec),
        ("usedtx", options.dtx),
        ("cbr", !options.vbr),
    ];
    for (name, _) in flags.iter().filter(|(_, on)| *on) {
        parts.push(format!("{name}=1"));
    }
    parts.join(";")
}

/// What a peer wants to receive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Peer {
    /// The widest band that is of use to it.
    pub band: Band,
    /// Bit rate that it does not want exceeded. Unit: bits per second. Range: [`LEAST_BITS`] to [`MOST_BITS`].
    pub most_bits: Option<u32>,
    /// It can use redundancy.
    pub fec: bool,
    /// It likes silence left out.
    pub dtx: bool,
    /// It wants a constant rate.
    pub cbr: bool,
}

impl Peer {
    /// Reads the peer's fmtp. What cannot be read counts as not said.
    pub fn read(fmtp: &str) -> Self {
        let value = |name: &str| {
            let pairs = fmtp.split(';').filter_map(|part| part.split_once('='));
            let mut named = pairs.filter(|(key, _)| key.trim().eq_ignore_ascii_case(name));
            named.next().map(|(_, value)| value.trim())
        };
        let number = |name: &str| value(name).and_then(|text| text.parse::<u32>().ok());
        let flag = |name: &str| value(name) == Some("1");
        Self {
            band: number("maxplaybackrate").map_or(Band::Full, Band::of_rate),
            most_bits: number("maxaveragebitrate").map(|bits| bits.clamp(LEAST_BITS, MOST_BITS)),
            fec: flag("useinbandfec"),
            dtx: flag("usedtx"),
            cbr: flag("cbr"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(json: &str) -> String {
        said(&Options::read(json, |_| {}).unwrap())
    }

    /// K-035.
    #[test]
    fn classes_say_their_rates() {
        assert_eq!(
            of(""),
            "maxplaybackrate=16000;sprop-maxcapturerate=16000;maxaveragebitrate=24000;\
             stereo=0;sprop-stereo=0;useinbandfec=1;usedtx=1"
        );
        assert_eq!(
            of(r#"{"class":"nb"}"#),
            "maxplaybackrate=8000;sprop-maxcapturerate=8000;maxaveragebitrate=15500;\
             stereo=0;sprop-stereo=0;useinbandfec=1;usedtx=1"
        );
        assert_eq!(
            of(r#"{"class":"fb"}"#),
            "maxplaybackrate=48000;sprop-maxcapturerate=48000;maxaveragebitrate=64000;\
             stereo=0;sprop-stereo=0;useinbandfec=1;usedtx=1"
        );
    }

    /// K-036, K-038 to K-041.
    #[test]
    fn single_options_say_themselves() {
        let base = "maxplaybackrate=16000;sprop-maxcapturerate=16000;";
        for (json, rest) in [
            (r#"{"class":""}"#, "stereo=0;sprop-stereo=0"),
            (
                r#"{"class":"","bitrate":"-1000"}"#,
                "stereo=0;sprop-stereo=0",
            ),
            (
                r#"{"class":"","bitrate":-1}"#,
                "maxaveragebitrate=510000;stereo=0;sprop-stereo=0",
            ),
            (
                r#"{"class":"","bitrate":15500,"fec":1}"#,
                "maxaveragebitrate=15500;stereo=0;sprop-stereo=0;useinbandfec=1",
            ),
            (
                r#"{"class":"","dtx":1}"#,
                "stereo=0;sprop-stereo=0;usedtx=1",
            ),
            (r#"{"class":"","vbr":0}"#, "stereo=0;sprop-stereo=0;cbr=1"),
        ] {
            assert_eq!(of(json), format!("{base}{rest}"), "{json}");
        }
    }

    #[test]
    fn a_peer_is_read_and_nonsense_is_not_said() {
        let silent = Peer {
            band: Band::Full,
            most_bits: None,
            fec: false,
            dtx: false,
            cbr: false,
        };
        for nothing in [
            "",
            "useinbandfec=2; usedtx",
            "maxplaybackrate=x;;=",
            "stereo=1",
        ] {
            assert_eq!(Peer::read(nothing), silent, "{nothing:?}");
        }
        let all = "MaxPlaybackRate=8000; maxaveragebitrate=100 ;useinbandfec=1;usedtx=1;cbr=1";
        assert_eq!(
            Peer::read(all),
            Peer {
                band: Band::Narrow,
                most_bits: Some(LEAST_BITS),
                fec: true,
                dtx: true,
                cbr: true,
            }
        );
        for (rate, band) in [
            (8_000, Band::Narrow),
            (12_000, Band::Medium),
            (16_000, Band::Wide),
            (24_000, Band::SuperWide),
            (44_100, Band::SuperWide),
            (48_000, Band::Full),
        ] {
            assert_eq!(Peer::read(&format!("maxplaybackrate={rate}")).band, band);
        }
    }
}
