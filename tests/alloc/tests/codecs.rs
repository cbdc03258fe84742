//! Every bundled codec: packets of every length, there and back, without a call of the allocator.

use base::Rng;
use offhook_alloc::{Counting, calls_of};
use plugin_host::{Catalogue, CodecFormat};

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn catalogue() -> Catalogue {
    let mut catalogue = Catalogue::new("test", "1");
    for entry in [
        &codec_g711::ENTRY,
        &codec_g722::ENTRY,
        &codec_gsm::ENTRY,
        &codec_ilbc::ENTRY,
        &codec_l16::ENTRY,
    ] {
        catalogue.add_built_in(entry).expect("it is sound");
    }
    catalogue
}

#[test]
fn a_packet_of_any_codec_and_length_does_not_allocate() {
    let catalogue = catalogue();
    let mut rng = Rng::from_number(1);
    for format in catalogue.formats() {
        for ms in format.packet_times.iter() {
            let calls = packets(&catalogue, format, ms, &mut rng);
            assert_eq!(calls, 0, "{} {ms} ms", format.name);
        }
    }
}

/// Of iLBC, the mode whose frames fit.
fn fmtp(format: &CodecFormat, ms: u32) -> &'static str {
    match (format.name.as_str(), ms.is_multiple_of(20)) {
        ("iLBC", true) => "mode=20",
        _ => "",
    }
}

/// Allocator calls of a second of packets, some of them cut short.
fn packets(catalogue: &Catalogue, format: &CodecFormat, ms: u32, rng: &mut Rng) -> u64 {
    let codec = catalogue.codec(&format.name, base::Hertz(format.clock_rate_hz));
    let mut codec = codec
        .expect("it is there")
        .open(fmtp(format, ms), "")
        .expect("it opens");
    let samples = (format.sample_rate_hz * ms / 1000) as usize * usize::from(format.channels);
    let mut pcm = vec![0; samples];
    let mut payload = vec![0; format.max_payload];
    calls_of(|| {
        for n in 0..1000 / ms {
            for sample in &mut pcm {
                *sample = rng.number32() as i16 >> (n % 16);
            }
            let size = codec.encode(&pcm, &mut payload).expect("it fits");
            assert_eq!(codec.decode(&payload[..size], &mut pcm), Ok(samples));
            if format.conceals {
                assert_eq!(codec.conceal(&mut pcm), Ok(samples));
            }
            let _ = codec.decode(&payload[..size / 2 + 1], &mut pcm);
        }
        codec.reset().expect("it works");
    })
}

/// The far end begins another stream: what we send goes on as if nothing had been.
#[test]
fn a_new_stream_of_the_far_end_changes_nothing_of_what_is_sent() {
    let catalogue = catalogue();
    let mut rng = Rng::from_number(2);
    for format in catalogue.formats() {
        let codec = catalogue.codec(&format.name, base::Hertz(format.clock_rate_hz));
        let codec = codec.expect("it is there");
        let fmtp = fmtp(format, format.packet_time_ms);
        let open = || codec.open(fmtp, "").expect("it opens");
        let (mut goes_on, mut told) = (open(), open());
        let samples = (format.sample_rate_hz * format.packet_time_ms / 1000) as usize;
        let mut pcm = vec![0; samples * usize::from(format.channels)];
        let mut sent = [vec![0; format.max_payload], vec![0; format.max_payload]];
        for packet in 0..10 {
            for sample in &mut pcm {
                *sample = rng.number32() as i16 >> 2;
            }
            let [one, other] = &mut sent;
            let size = goes_on.encode(&pcm, one).expect("it fits");
            assert_eq!(told.encode(&pcm, other), Ok(size), "{}", format.name);
            assert_eq!(
                one[..size],
                other[..size],
                "{} packet {packet}",
                format.name
            );
            told.reset().expect("it works");
        }
    }
}
