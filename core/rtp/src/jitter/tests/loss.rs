//! Lost packets that can be rebuilt from the one behind them, and silence that is left out.

use super::*;

fn covering() -> Config {
    Config {
        covers_loss: true,
        ..Config::new(Hertz(8_000))
    }
}

/// One packet in ten, never two in a row.
fn single_losses(_: &mut Rng, n: u64) -> Option<u64> {
    (n % 10 != 7).then_some(7_000)
}

#[test]
fn after_the_first_loss_every_single_lost_packet_is_rebuilt() {
    for (packet_ms, seed) in [(10, 1), (20, 2), (20, 3), (30, 4), (40, 5), (60, 6)] {
        let mut world = World::with(covering(), packet_ms, seed);
        world.run(2_000, |_, _| Some(7_000));
        let (clean, clean_ms) = (world.look(), world.delay_ms());
        assert_eq!(clean.rebuilt, 0);
        world.run(20_000, single_losses);
        let heard = world.look();
        let lost = 20_000 / packet_ms / 10;
        let what = format!("{packet_ms} ms: {heard:?}, {lost} lost");
        assert!(
            heard.rebuilt + 2 >= lost && heard.rebuilt <= lost + 1,
            "{what}"
        );
        // The first cost a packet's time of invented sound, and nothing was invented afterwards.
        assert!(heard.concealed_us <= packet_ms * 1_000 + 20_000, "{what}");
        assert_eq!(world.buffer.tally().recovered, heard.rebuilt);
        let deeper = u64::from(world.delay_ms() - clean_ms);
        assert!(deeper <= packet_ms + 15, "{what}: {deeper} ms deeper");
    }
}

#[test]
fn without_covering_a_loss_costs_no_delay_and_is_invented() {
    let mut world = World::new(20, 2);
    world.run(2_000, |_, _| Some(7_000));
    let (_, before_ms) = (world.look(), world.delay_ms());
    world.run(20_000, single_losses);
    let heard = world.look();
    assert_eq!(heard.rebuilt, 0);
    assert!(
        (90_u64..=110).contains(&(heard.concealed_us / 20_000)),
        "{heard:?}"
    );
    assert!(world.delay_ms() <= before_ms + 14);
}

#[test]
fn ten_seconds_after_the_last_loss_the_delay_shrinks_again() {
    let mut world = World::with(covering(), 20, 3);
    world.run(2_000, |_, _| Some(7_000));
    let clean_us = world.buffer.target_us();
    world.run(5_000, single_losses);
    assert_eq!(world.buffer.target_us(), clean_us + 20_000);
    let deep_ms = world.delay_ms();
    world.run(20_000, |_, _| Some(7_000));
    assert_eq!(world.buffer.target_us(), clean_us);
    assert!(
        world.delay_ms() + 8 <= deep_ms,
        "{} of {deep_ms}",
        world.delay_ms()
    );
}

#[test]
fn of_several_lost_packets_the_last_is_rebuilt_whole() {
    let mut world = World::with(covering(), 20, 4);
    world.run(2_000, single_losses);
    world.look();
    // Two in a row, 20 times.
    world.run(20_000, |_, n| (n % 50 > 1).then_some(7_000));
    let heard = world.look();
    assert!((18..=21).contains(&heard.rebuilt), "{heard:?}");
    assert!(heard.concealed_us <= 22 * 20_000, "{heard:?}");
}

#[test]
fn a_packet_of_no_help_is_not_waited_for() {
    let mut world = World::with(covering(), 20, 5);
    world.run(5_000, single_losses);
    world.buffer.stop_covering();
    world.look();
    world.run(5_000, single_losses);
    assert_eq!(world.look().rebuilt, 0);
    assert!(world.buffer.target_us() < 20_000);
}

/// A talk spurt, then 1.2 s of which a packet in 20 is sent, with sequence numbers that go on.
#[test]
fn silence_that_is_left_out_is_no_loss() {
    let config = Config {
        covers_loss: true,
        goes_silent: true,
        ..Config::new(Hertz(8_000))
    };
    let mut buffer = JitterBuffer::new(config);
    let (mut sequence, mut frames, mut missing, mut waiting) = (0_u16, 0, 0, 0);
    let mut line_us = 0_u32;
    for tick in 0..1_000_u32 {
        let now = Instant::from_nanos(1_000_000_000 + u64::from(tick) * 10_000_000);
        let packet = tick / 2;
        let is_sent = packet % 100 < 40 || packet % 20 == 0;
        if tick % 2 == 0 && is_sent {
            let arrived = Arrived {
                sequence,
                timestamp: packet * 160,
                payload_type: 0,
                payload: &[0; 20],
            };
            buffer.insert(&arrived, now);
            sequence += 1;
        }
        while line_us < 10_000 {
            match buffer.pull(now) {
                Pull::Frame { .. } => {
                    frames += 1;
                    line_us += 20_000;
                    buffer.decoded(20_000);
                }
                Pull::Missing { length_us } => {
                    missing += 1;
                    line_us += length_us;
                }
                Pull::Lost { .. } => panic!("nothing was lost"),
                Pull::Waiting => {
                    waiting += 1;
                    line_us += 10_000;
                }
            }
        }
        line_us -= 10_000;
    }
    let tally = buffer.tally();
    assert!(frames + 2 >= u32::from(sequence), "{tally:?}");
    assert!(missing > 500, "comfort is invented meanwhile");
    assert!(waiting <= 2, "no hole of digital silence: {waiting}");
    assert_eq!((tally.concealed_us, tally.late), (0, 0), "{tally:?}");
    // The last gap is not over, and each gap begins with what may still come.
    assert!(tally.waited_us <= 600_000, "{tally:?}");
}
