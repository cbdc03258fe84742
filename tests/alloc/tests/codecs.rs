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

/// Allocator calls of a second of packets, some of them cut short.
fn packets(catalogue: &Catalogue, format: &CodecFormat, ms: u32, rng: &mut Rng) -> u64 {
    let codec = catalogue.codec(&format.name, base::Hertz(format.clock_rate_hz));
    // Of iLBC, the mode whose frames fit.
    let fmtp = match (format.name.as_str(), ms.is_multiple_of(20)) {
        ("iLBC", true) => "mode=20",
        _ => "",
    };
    let mut codec = codec
        .expect("it is there")
        .open(fmtp, "")
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
