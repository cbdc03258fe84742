use super::*;
use crate::block::Block;
use crate::measure::line;

const RATE: Rate = Rate::Hz8000;

fn read(text: &str) -> CallTone {
    text.parse().unwrap_or_else(|why| panic!("{why}"))
}

/// The first `ms` of a tone.
fn render(text: &str, rate: Rate, ms: usize) -> Vec<i16> {
    let mut player = read(text).player(rate);
    let mut out = Block::silence(rate);
    let blocks = (0..ms.div_ceil(10)).flat_map(|_| {
        player.next(&mut out);
        out.samples().to_vec()
    });
    let mut pcm: Vec<i16> = blocks.collect();
    pcm.truncate(ms * rate.per_ms());
    pcm
}

/// When it sounds: beginnings and ends. Unit: ms. Pauses shorter than 5 ms are those of a wave.
fn segments(pcm: &[i16], rate: Rate) -> Vec<(usize, usize)> {
    let mut found: Vec<(usize, usize)> = Vec::new();
    for (at, _) in pcm
        .iter()
        .enumerate()
        .filter(|(_, s)| s.unsigned_abs() > 20)
    {
        let ms = at / rate.per_ms();
        match found.last_mut() {
            Some(last) if ms <= last.1 + 5 => last.1 = ms,
            Some(_) | None => found.push((ms, ms)),
        }
    }
    found
}

fn near(have: &[(usize, usize)], want: &[(usize, usize)]) -> bool {
    let close = |a: usize, b: usize| a.abs_diff(b) <= 5;
    have.len() == want.len()
        && have
            .iter()
            .zip(want)
            .all(|(a, b)| close(a.0, b.0) && close(a.1, b.1))
}

/// How long one round of a periodic tone is. Unit: ms.
fn period(tone: &CallTone) -> usize {
    let Node::Periodic(parts) = &tone.node else {
        panic!("{tone} is not periodic");
    };
    let all: u64 = parts.iter().filter_map(Node::ms).sum();
    all as usize
}

fn is_about(have: f64, want: f64) -> bool {
    (have - want).abs() <= want * 0.05
}

#[test]
fn k_181_a_sine_has_its_lines_its_length_and_saturates() {
    for rate in [Rate::Hz8000, Rate::Hz16000, Rate::Hz48000] {
        let pcm = render("sine(2000ms,2500,440Hz,480Hz)", rate, 2_500);
        assert!(near(&segments(&pcm, rate), &[(0, 2_000)]), "{rate:?}");
        let sounding = &pcm[..2_000 * rate.per_ms()];
        for hertz in [440.0, 480.0] {
            let strength = line(sounding, rate, hertz);
            assert!(is_about(strength, 2_500.0), "{rate:?}: {strength}");
        }
        assert!(line(sounding, rate, 460.0) < 100.0);
    }
    let pcm = render("sine(100ms,32767,500Hz,500Hz)", RATE, 100);
    assert_eq!(pcm.iter().max(), Some(&i16::MAX));
}

#[test]
fn k_182_silence_is_zeros() {
    assert!(
        render("silence(4000ms)", RATE, 4_000)
            .iter()
            .all(|&s| s == 0)
    );
    let mut player = read("silence(20)").player(RATE);
    let mut out = Block::silence(RATE);
    player.next(&mut out);
    assert!(!player.is_over());
    player.next(&mut out);
    assert!(player.is_over());
    assert_eq!(read("silence(20)").ms(), Some(20));
}

#[test]
fn k_184_periodic_starts_over() {
    let pcm = render("periodic(sine(50ms,500,440Hz),silence(40ms))", RATE, 2_000);
    let want: Vec<_> = (0..23)
        .map(|n| (n * 90, (n * 90 + 50).min(2_000)))
        .collect();
    let have = segments(&pcm, RATE);
    assert!(near(&have, &want), "{have:?}");
    assert_eq!(read("periodic(silence(1))").ms(), None);
}

#[test]
fn k_185_compound_sounds_at_once_and_ends_with_the_longest() {
    let together = "compound(sine(100ms,500,400Hz),sine(100ms,500,450Hz))";
    assert_eq!(
        render(together, RATE, 150),
        render("sine(100ms,500,400Hz,450Hz)", RATE, 150)
    );
    let uneven = "periodic(compound(sine(100,500,400),sine(300,500,450),silence(400)))";
    let have = segments(&render(uneven, RATE, 800), RATE);
    assert!(near(&have, &[(0, 300), (400, 700)]), "{have:?}");
    let both = "compound(periodic(sine(50,500,400),silence(50)),silence(10))";
    let have = segments(&render(both, RATE, 200), RATE);
    assert!(near(&have, &[(0, 50), (100, 150)]), "{have:?}");
}

#[test]
fn k_186_k_188_letters_behind_numbers_mean_nothing() {
    let same = ["50", "50ms", "50s"].map(|ms| render(&format!("sine({ms},500,440Hz)"), RATE, 100));
    assert_eq!(same[0], same[1]);
    assert_eq!(same[0], same[2]);
    assert_eq!(
        same[0],
        render(" sine ( 50 , 500 , 440 ) ".trim(), RATE, 100)
    );
}

#[test]
fn k_187_amplitudes_are_of_samples_or_dbm0() {
    let peak = |text: &str| f64::from(*render(text, RATE, 500).iter().max().unwrap());
    assert!(is_about(peak("sine(500,2500,437)"), 2_500.0));
    assert!(is_about(peak("sine(500,-24,437)"), 1_440.0));
    assert!(is_about(peak("sine(500,-3.14,437)"), 15_900.0));
}

#[test]
fn m_207_every_national_tone_is_as_long_as_it_says_and_none_clicks() {
    for country in COUNTRIES {
        for signal in [
            Signal::Ringing,
            Signal::Busy,
            Signal::Congestion,
            Signal::Waiting,
        ] {
            let text = national(country, signal).unwrap();
            let tone = read(text);
            assert_eq!((tone.to_string().as_str(), tone.ms()), (text, None));
            let ms = period(&tone);
            let pcm = render(text, RATE, 2 * ms);
            let (first, second) = pcm.split_at(ms * 8);
            assert_eq!(first, second, "{text}");
            assert!(
                segments(first, RATE)
                    .iter()
                    .any(|(from, to)| to - from >= 45),
                "{text}"
            );
            let step = pcm.windows(2).map(|w| w[0].abs_diff(w[1])).max();
            assert!(step < Some(2_400), "{text}: {step:?}");
        }
    }
    let uk = render(national("gb", Signal::Ringing).unwrap(), RATE, 3_000);
    let have = segments(&uk, RATE);
    assert!(near(&have, &[(0, 400), (600, 1_000)]), "{have:?}");
    assert!(is_about(line(&uk[..3_200], RATE, 400.0), 2_500.0));
    assert_eq!(national("xx", Signal::Busy), None);
}

#[test]
fn m_046_keys_sound_one_after_the_other_and_end() {
    let tone = CallTone::keys("1x#", 100, 50);
    assert_eq!(tone.ms(), Some(300));
    let mut player = tone.player(RATE);
    let mut out = Block::silence(RATE);
    let blocks = (0..31).flat_map(|_| {
        player.next(&mut out);
        out.samples().to_vec()
    });
    let pcm: Vec<i16> = blocks.collect();
    assert!(player.is_over());
    let have = segments(&pcm, RATE);
    assert!(near(&have, &[(0, 100), (150, 250)]), "{have:?}");
    for (key, hertz) in [(0..800, [697.0, 1_209.0]), (1_200..2_000, [941.0, 1_477.0])] {
        let sound = &pcm[key];
        assert!(
            hertz
                .iter()
                .all(|&hertz| line(sound, RATE, hertz) > 2_500.0)
        );
        assert!(line(sound, RATE, 770.0) < 300.0);
    }
}

#[test]
fn what_is_no_tone_says_where_and_what_is_allowed() {
    let deep = "compound(".repeat(5);
    for (text, at) in [
        ("", 1),
        ("beep(3)", 1),
        ("sine(50ms)", 10),
        ("sine(50ms,500)", 14),
        ("sine(x,500,440)", 6),
        ("sine(0,500,440)", 6),
        ("sine(50,99999,440)", 9),
        ("sine(50,0,440)", 9),
        ("sine(50,500,0)", 13),
        ("sine(50,500,4000)", 13),
        ("sine(50,500,440", 16),
        ("silence()", 9),
        ("silence(5,5)", 10),
        ("periodic()", 10),
        ("compound(silence(1))", 1),
        ("periodic(periodic(silence(1)))", 10),
        ("silence(1)silence(2)", 11),
        ("wave(\"x.wav\")", 1),
        ("sine(1e9,500,440)", 8),
        (deep.as_str(), 37),
        ("sine(ä,500,440)", 6),
    ] {
        let why = text.parse::<CallTone>().unwrap_err();
        assert_eq!(why.at, at, "{why}");
        let said = why.to_string();
        assert!(
            said.contains("is not a tone at character") && said.contains(ALLOWED),
            "{said}"
        );
    }
    let many = format!("periodic({})", ["silence(1)"; 65].join(","));
    assert!(many.parse::<CallTone>().unwrap_err().text.len() <= 80);
    // Nothing that is read makes the reader stumble.
    for cut in 0..60 {
        let text = "periodic(sine(2000ms,-24,440Hz,480Hz),compound(silence(1),sine(1,1,1)))";
        let _ = text[..cut].parse::<CallTone>();
        let _ = text[cut..].parse::<CallTone>();
    }
}
