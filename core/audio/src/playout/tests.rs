use super::*;
use crate::measure::{clicks, dbov, gaps};
use crate::speech::speech;
use base::Rng;

const RATES: [Rate; 3] = [Rate::Hz8000, Rate::Hz16000, Rate::Hz48000];

fn drain(line: &mut Playout, heard: &mut Vec<i16>) {
    let mut out = Block::silence(line.rate());
    while line.is_ready() {
        line.pull(&mut out);
        heard.extend_from_slice(out.samples());
    }
}

#[test]
fn what_goes_in_comes_out() {
    for rate in RATES {
        let voice = speech(&mut Rng::from_number(1), rate, 2_000);
        let mut line = Playout::new(rate);
        let mut heard = Vec::new();
        for frame in voice.chunks(rate.block_samples() * 2) {
            assert_eq!(line.push(frame), frame.len());
            drain(&mut line, &mut heard);
        }
        assert_eq!(heard, voice);
    }
}

#[test]
fn lost_frames_leave_no_gap_and_no_click() {
    for rate in RATES {
        for seed in 0..6 {
            let mut rng = Rng::from_number(seed);
            let voice = speech(&mut rng, rate, 4_000);
            let mut line = Playout::new(rate);
            let mut heard = Vec::new();
            let mut lost = 0;
            let mut after_quiet = Vec::new();
            let block = rate.block_samples();
            for (n, frame) in voice.chunks(rate.block_samples() * 2).enumerate() {
                if n > 3 && rng.below(20) == 0 {
                    lost += 1;
                    let at = n * 2 * block;
                    // What is repeated reaches back 25 ms: a pause in it comes again.
                    let mut past = voice[at - block * 5 / 2..at].chunks(block / 2);
                    if past.any(|p| dbov(p) < -45.0) || after_quiet.contains(&(n - 1)) {
                        after_quiet.push(n);
                    }
                    line.conceal(rate.block_samples());
                    line.conceal(rate.block_samples());
                } else {
                    line.push(frame);
                }
                drain(&mut line, &mut heard);
            }
            assert!(lost > 2);
            assert_eq!(heard.len(), voice.len());
            assert_eq!(clicks(&voice, &heard), [], "seed {seed} {rate:?}");
            // A loss at a syllable's first sound has little to repeat; all others must sound.
            for gap in gaps(&voice, &heard, rate) {
                let frames = gap.at / (2 * block)..=(gap.at + gap.samples) / (2 * block);
                let excused = after_quiet.iter().any(|n| frames.contains(n));
                assert!(excused, "seed {seed} {rate:?}: {gap:?}");
            }
            assert!((dbov(&voice) - dbov(&heard)).abs() < 1.0);
        }
    }
}

#[test]
fn a_steady_voice_goes_on_through_a_loss() {
    let rate = Rate::Hz8000;
    let voice: Vec<i16> = (0..8_000)
        .map(|n| {
            let t = n as f32 / 8_000.0 * 137.0 * core::f32::consts::TAU;
            (4_000.0 * t.sin() + 2_000.0 * (3.0 * t).sin()) as i16
        })
        .collect();
    let mut line = Playout::new(rate);
    let mut heard = Vec::new();
    for (n, frame) in voice.chunks(160).enumerate() {
        match n {
            20 => line.conceal(160),
            _ => assert_eq!(line.push(frame), 160),
        }
        drain(&mut line, &mut heard);
    }
    let error: Vec<i16> = voice.iter().zip(&heard).map(|(a, b)| a - b).collect();
    assert!(dbov(&error[3_200..3_440]) < dbov(&voice) - 12.0);
}

#[test]
fn a_long_loss_fades_to_silence_and_comes_back() {
    let rate = Rate::Hz16000;
    let voice = speech(&mut Rng::from_number(4), rate, 3_000);
    let mut line = Playout::new(rate);
    let mut heard = Vec::new();
    for (n, frame) in voice.chunks(320).enumerate() {
        if (30..45).contains(&n) {
            line.conceal(320);
        } else {
            line.push(frame);
        }
        drain(&mut line, &mut heard);
    }
    assert!(heard[320 * 35..320 * 45].iter().all(|&s| s == 0));
    assert_eq!(&heard[320 * 46..], &voice[320 * 46..]);
    assert_eq!(clicks(&voice, &heard), []);
}

#[test]
fn stretching_changes_the_length_and_nothing_else() {
    for rate in RATES {
        let voice = speech(&mut Rng::from_number(9), rate, 8_000);
        for longer in [false, true] {
            let mut line = Playout::new(rate);
            let mut heard = Vec::new();
            let (mut changed, mut tried) = (0_usize, 0);
            for (n, frame) in voice.chunks(rate.block_samples() * 2).enumerate() {
                line.push(frame);
                if n % 4 == 3 {
                    tried += 1;
                    let at_most = 10 * rate.per_ms();
                    changed += if longer {
                        line.lengthen(at_most, Urgency::Gentle)
                    } else {
                        line.shorten(at_most, Urgency::Gentle)
                    };
                }
                drain(&mut line, &mut heard);
            }
            drain(&mut line, &mut heard);
            let rest = line.waiting();
            let expected = if longer {
                voice.len() + changed
            } else {
                voice.len() - changed
            };
            assert_eq!(heard.len() + rest, expected);
            assert!(changed > tried * rate.per_ms() * 2, "{rate:?} {changed}");
            assert_eq!(clicks(&voice, &heard), []);
            assert!((dbov(&voice) - dbov(&heard)).abs() < 0.7);
        }
    }
}

#[test]
fn in_a_pause_means_in_a_pause() {
    for rate in RATES {
        let mut line = Playout::new(rate);
        let frame = rate.block_samples() * 2;
        line.push(
            &speech(&mut Rng::from_number(9), rate, 500)[rate.block_samples() * 20..][..frame],
        );
        assert!(dbov(&line.pcm[line.head..line.tail]) > -45.0);
        assert_eq!(line.shorten(10 * rate.per_ms(), Urgency::Pause), 0);
        line.clear();
        line.push(&vec![3; frame]);
        assert!(line.shorten(10 * rate.per_ms(), Urgency::Pause) > 0);
    }
}

#[test]
fn a_full_line_refuses_and_an_empty_one_is_silent() {
    let rate = Rate::Hz8000;
    let mut line = Playout::new(rate);
    let taken: usize = (0..30).map(|_| line.push(&[1; 160])).sum();
    assert!((WAITING_MS * 8..=(WAITING_MS + SLACK_MS) * 8).contains(&taken));
    line.conceal(400);
    assert_eq!(line.waiting(), taken);
    assert_eq!(line.lengthen(80, Urgency::Forced), 0);
    line.clear();
    let mut out = Block::silence(rate);
    line.pull(&mut out);
    assert!(out.is_silent());
    assert_eq!(line.waiting(), 0);
}
