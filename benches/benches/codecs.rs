//! What a codec costs: 20 ms of speech to the line, and from it. Real time is 20 ms.

use audio::{Rate, speech::speech};
use base::{Hertz, Rng};
use criterion::{Criterion, criterion_group, criterion_main};
use plugin_host::{Catalogue, CodecFormat};
use std::hint::black_box;

fn all(c: &mut Criterion) {
    let mut catalogue = Catalogue::new("bench", "1");
    for entry in [
        &codec_g711::ENTRY,
        &codec_g722::ENTRY,
        &codec_gsm::ENTRY,
        &codec_ilbc::ENTRY,
        &codec_l16::ENTRY,
    ] {
        catalogue.add_built_in(entry).expect("it is sound");
    }
    for format in catalogue.formats() {
        run(c, &catalogue, format);
    }
}

/// Times are of one packet: 20 ms, or what the codec has instead.
fn run(c: &mut Criterion, catalogue: &Catalogue, format: &CodecFormat) {
    let name = format!("codec/{}-{}", format.name, format.clock_rate_hz);
    let codec = catalogue.codec(&format.name, Hertz(format.clock_rate_hz));
    let mut codec = codec
        .expect("it is there")
        .open(&format.fmtp, "")
        .expect("it opens");
    let rate = Rate::from_hertz(format.sample_rate_hz).expect("a rate of ours");
    let pcm = speech(&mut Rng::from_number(1), rate, 5_000);
    let samples = format.packet_time_ms as usize * rate.per_ms();
    let mut packets = Vec::new();
    let mut payload = vec![0; format.max_payload];
    for frame in pcm.chunks_exact(samples) {
        let size = codec.encode(frame, &mut payload).expect("it fits");
        packets.push(payload[..size].to_vec());
    }
    let mut frames = pcm.chunks_exact(samples).cycle();
    c.bench_function(&format!("{name}/encode"), |b| {
        b.iter(|| {
            let frame = frames.next().expect("it repeats");
            black_box(codec.encode(frame, &mut payload)).expect("it fits")
        });
    });
    let mut heard = vec![0; samples];
    let mut packets = packets.iter().cycle();
    c.bench_function(&format!("{name}/decode"), |b| {
        b.iter(|| {
            let packet = packets.next().expect("it repeats");
            black_box(codec.decode(packet, &mut heard)).expect("it fits")
        });
    });
}

criterion_group!(benches, all);
criterion_main!(benches);
