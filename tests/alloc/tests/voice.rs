//! Packets in, sound out, without a call of the allocator; and how much memory a call holds.

use audio::{
    Block, Conceal, Gain, Level, Limiter, Mixer, Playout, Rate, Resampler, stretch::Urgency,
};
use base::{Hertz, Instant, Rng};
use offhook_alloc::{Counting, bytes_of, calls_of};
use rtp::jitter::Config;
use rtp::rtcp::{Outgoing, SenderPart};
use rtp::telephone_event::{EventReceiver, EventSender};
use rtp::{Arrived, Header, JitterBuffer, Packet, Pull, Receiver};

#[global_allocator]
static ALLOCATOR: Counting = Counting;

#[test]
fn the_counter_counts() {
    assert_eq!(calls_of(|| drop(vec![1_u8; 100])), 2);
    assert_eq!(bytes_of(|| vec![1_u8; 100]).0, 100);
}

#[test]
fn a_jitter_buffer_allocates_only_when_made_and_holds_at_most_32_kilobytes() {
    let (bytes, mut buffer) = bytes_of(|| JitterBuffer::new(Config::new(Hertz(8_000))));
    assert!(
        bytes + size_of::<JitterBuffer>() as i64 <= 32_768,
        "{bytes}"
    );
    let mut rng = Rng::from_number(1);
    let payload = [7; 1_500];
    let calls = calls_of(|| {
        for n in 0..20_000_u64 {
            let now = Instant::from_millis(n * 10);
            let len = rng.below(1_500) as usize;
            let packet = Arrived {
                sequence: (n / 2 + rng.below(4)) as u16,
                timestamp: ((n / 2 + rng.below(4)) * 160) as u32,
                payload_type: 0,
                payload: &payload[..len],
            };
            buffer.insert(&packet, now);
            if let Pull::Frame { .. } = buffer.pull(now) {
                buffer.decoded(20_000);
            }
            if n % 1_000 == 999 {
                buffer.restart();
            }
        }
    });
    assert_eq!(calls, 0);
    assert!(buffer.tally().played > 5_000);
}

#[test]
fn packets_reports_and_events_do_not_allocate() {
    let mut receiver = Receiver::new(Hertz(8_000));
    let mut events = EventReceiver::new(Hertz(8_000));
    let mut sender = EventSender::new(Hertz(8_000));
    let mut bytes = [0; 200];
    let calls = calls_of(|| {
        for n in 0..1_000_u16 {
            let header = Header {
                marker: false,
                payload_type: base::PayloadType::PCMU,
                sequence: n,
                timestamp: u32::from(n) * 160,
                ssrc: 1,
            };
            header
                .write(&mut bytes)
                .expect("the buffer is large enough");
            let packet = Packet::parse(&bytes[..172]).expect("just written");
            receiver.receive(&packet.header, Instant::from_millis(u64::from(n) * 20));
            sender.dial('5', 100);
            if let Some(event) = sender.next(header.timestamp, 160) {
                let payload = event.payload.to_bytes();
                events.receive(event.timestamp, &payload, Instant::ZERO);
            }
            let outgoing = Outgoing {
                ssrc: 1,
                cname: "a-name-of-the-usual-length",
                sender: Some(SenderPart {
                    ntp: 1,
                    rtp_timestamp: 2,
                    packets: 3,
                    octets: 4,
                }),
                reception: receiver.report().map(|r| (r, 0, 0)),
                bye: true,
            };
            let size = outgoing.write(&mut bytes).expect("fits");
            rtp::rtcp::read(&bytes[..size], |_| {}).expect("just written");
        }
    });
    assert_eq!(calls, 0);
}

#[test]
fn sound_does_not_allocate() {
    for rate in [Rate::Hz8000, Rate::Hz16000, Rate::Hz48000] {
        let mut line = Playout::new(rate);
        let mut conceal = Conceal::new(rate);
        let mut up = Resampler::new(rate, Rate::Hz48000);
        let mut down = Resampler::new(Rate::Hz48000, rate);
        let (mut gain, mut limiter) = (Gain::new(), Limiter::new());
        let mut mixer = Mixer::new(Rate::Hz48000);
        let (mut block, mut wide) = (Block::silence(rate), Block::silence(Rate::Hz48000));
        let noise: Vec<i16> = (0..960 * 2_i32).map(|n| (n * n % 5_003) as i16).collect();
        let frame = &noise[..rate.block_samples() * 2];
        let calls = calls_of(|| {
            for n in 0..500 {
                match n % 5 {
                    0 => line.conceal(rate.block_samples()),
                    1 => drop(line.shorten(rate.block_samples(), Urgency::Forced)),
                    2 => drop(line.lengthen(rate.block_samples(), Urgency::Forced)),
                    _ => drop(line.push(frame)),
                }
                line.pull(&mut block);
                gain.mute(n % 7 == 0);
                gain.apply(&mut block);
                conceal.invent(frame, block.samples_mut());
                conceal.recover(block.samples_mut());
                up.process(&block, &mut wide);
                mixer.clear();
                mixer.add(&wide);
                let other = wide.clone();
                mixer.add(&other);
                mixer.mix(Some(&other), Some(&other), &mut limiter, &mut wide);
                down.process(&wide, &mut block);
                Level::of(&block);
            }
        });
        assert_eq!(calls, 0, "{rate:?}");
    }
}
