//! The list of targets.

use crate::{Said, documents, host, media, sip};

/// Something that reads what others send.
pub struct Target {
    /// Its name on the command line, and its folder of finds.
    pub name: &'static str,
    /// Valid inputs to begin with.
    pub seeds: fn() -> Vec<Vec<u8>>,
    /// Words of the format.
    pub words: &'static [&'static str],
    /// Longest input. Unit: bytes.
    pub most: usize,
    /// Reads an input; panics where a promise is broken.
    pub run: fn(&[u8], &mut Said),
    /// Inputs that CI tries.
    pub in_ci: u64,
}

/// All of them.
pub const TARGETS: &[Target] = &[
    Target {
        name: "datagram",
        seeds: sip::messages,
        words: sip::WORDS,
        most: 70_000,
        run: sip::datagram,
        in_ci: 20_000,
    },
    Target {
        name: "stream",
        seeds: sip::messages,
        words: sip::WORDS,
        most: 20_000,
        run: sip::stream,
        in_ci: 5_000,
    },
    Target {
        name: "header",
        seeds: sip::values,
        words: sip::WORDS,
        most: 4_000,
        run: sip::header,
        in_ci: 10_000,
    },
    Target {
        name: "uri",
        seeds: sip::uris,
        words: sip::WORDS,
        most: 2_000,
        run: sip::uri,
        in_ci: 8_000,
    },
    Target {
        name: "sdp",
        seeds: media::descriptions,
        words: media::SDP_WORDS,
        most: 20_000,
        run: media::sdp,
        in_ci: 10_000,
    },
    Target {
        name: "documents",
        seeds: documents::seeds,
        words: documents::WORDS,
        most: 20_000,
        run: documents::documents,
        in_ci: 10_000,
    },
    Target {
        name: "rtp",
        seeds: media::rtp_packets,
        words: &[],
        most: 2_000,
        run: media::rtp,
        in_ci: 40_000,
    },
    Target {
        name: "rtcp",
        seeds: media::rtcp_packets,
        words: &[],
        most: 2_000,
        run: media::rtcp,
        in_ci: 40_000,
    },
    Target {
        name: "keys",
        seeds: media::arrivals,
        words: &[],
        most: 4_000,
        run: media::keys,
        in_ci: 20_000,
    },
    Target {
        name: "jitter",
        seeds: media::arrivals,
        words: &[],
        most: 4_000,
        run: media::jitter,
        in_ci: 5_000,
    },
    Target {
        name: "settings",
        seeds: host::settings_files,
        words: host::SETTINGS_WORDS,
        most: 8_000,
        run: host::settings,
        in_ci: 1_000,
    },
    Target {
        name: "control",
        seeds: host::control_lines,
        words: host::CONTROL_WORDS,
        most: 20_000,
        run: host::control,
        in_ci: 20_000,
    },
    Target {
        name: "plugin",
        seeds: host::plugin_files,
        words: host::PLUGIN_WORDS,
        most: 20_000,
        run: host::plugin,
        in_ci: 20_000,
    },
];
