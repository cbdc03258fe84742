use super::*;
use plugin::Place;

const BLOCK: usize = 160;

fn open(options: &str) -> Result<Gain, Refusal> {
    Gain::open(&FilterRequest {
        place: Place::Microphone,
        sample_rate_hz: 16_000,
        options,
    })
}

fn sine(amplitude: f32, blocks: usize) -> Vec<i16> {
    let step = core::f32::consts::TAU * 440.0 / 16_000.0;
    (0..blocks * BLOCK)
        .map(|n| ((n as f32 * step).sin() * amplitude) as i16)
        .collect()
}

fn run(filter: &mut Gain, pcm: &[i16]) -> Vec<i16> {
    let mut out = vec![0; pcm.len()];
    for (near, out) in pcm.chunks(BLOCK).zip(out.chunks_mut(BLOCK)) {
        filter.process(near, None, 0, out).unwrap();
    }
    out
}

fn peak(pcm: &[i16]) -> f32 {
    pcm.iter()
        .map(|s| f32::from(s.unsigned_abs()))
        .fold(0.0, f32::max)
}

#[test]
fn without_gain_nothing_changes() {
    let pcm = sine(20_000.0, 20);
    assert_eq!(run(&mut open("").unwrap(), &pcm), pcm);
}

#[test]
fn gain_is_as_asked() {
    let pcm = sine(3_000.0, 20);
    for (db, ratio) in [(6.0, 1.995), (-20.0, 0.1), (12.0, 3.981)] {
        let mut filter = open(&format!(r#"{{"gain_db":{db}}}"#)).unwrap();
        let got = peak(&run(&mut filter, &pcm)) / peak(&pcm);
        assert!((got / ratio - 1.0).abs() < 0.01, "{db}: {got}");
    }
}

#[test]
fn nothing_goes_above_the_limit_and_the_limiter_lets_go() {
    let mut filter = open(r#"{"gain_db":20,"limit_dbfs":-6}"#).unwrap();
    let loud = run(&mut filter, &sine(20_000.0, 50));
    let limit = 32_767.0 * 0.501_2;
    assert!((limit * 0.95..=limit + 1.0).contains(&peak(&loud)));
    // Held down, not cut off: so much too loud, a cut sine would be flat nearly all the time.
    let flat = loud.windows(2).filter(|p| p[0] == p[1]).count();
    assert!(flat < loud.len() / 4, "{flat} of {}", loud.len());
    let quiet = run(&mut filter, &sine(300.0, 60));
    assert!((peak(&quiet[quiet.len() / 2..]) / 3_000.0 - 1.0).abs() < 0.02);
}

#[test]
fn a_change_while_it_runs_does_not_click() {
    let mut filter = open("").unwrap();
    let pcm = sine(3_000.0, 20);
    let mut out = run(&mut filter, &pcm[..1_600]);
    filter.control(KEY_GAIN_CENTIBELS, 1_200).unwrap();
    out.extend(run(&mut filter, &pcm[1_600..]));
    let step = |pcm: &[i16]| pcm.windows(2).map(|p| (p[1] - p[0]).abs()).max();
    assert!(step(&out) <= step(&out[2_000..]).map(|s| s + 2));
    assert!((peak(&out[1_760..]) / 3_000.0 - 3.981).abs() < 0.05);
    assert_eq!(filter.control(9, 0), Err(Status::UNSUPPORTED));
    assert_eq!(
        filter.control(KEY_GAIN_CENTIBELS, 4_001),
        Err(Status::BAD_ARGUMENT)
    );
    assert_eq!(filter.latency(), 0);
}

#[test]
fn impossible_options_are_refused() {
    for bad in [
        r#"{"gain_db":41}"#,
        r#"{"limit_dbfs":1}"#,
        r#"{"gain":1}"#,
        "{",
    ] {
        let refusal = open(bad).unwrap_err();
        assert_eq!(refusal.status, Status::BAD_ARGUMENT, "{bad}");
        assert!(refusal.reason.starts_with("options: "));
    }
    let mut filter = open("").unwrap();
    let short = filter.process(&[0; 160], None, 0, &mut [0; 80]);
    assert_eq!(short, Err(Status::BAD_ARGUMENT));
}
