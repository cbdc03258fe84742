//! Where a known signal is in a recording, how much of it, and how loud.

use rustfft::{FftPlanner, num_complex::Complex};

/// A signal that was found.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Found {
    /// Where it begins. Unit: samples of the recording. Negative when its beginning is cut off.
    pub at: isize,
    /// How alike they are. Range: −1 to 1; 1 is the same shape, −1 the same turned upside down.
    pub score: f64,
    /// How much louder the recording is. Unit: dB.
    pub gain_db: f64,
}

/// Finds where `known` fits best into `recording`; `None` when either is empty or silent.
///
/// Normalised cross-correlation over every offset at which at least half of `known` lies inside,
/// computed by FFT: 10 s at 48 kHz take some tens of milliseconds.
pub fn find(known: &[i16], recording: &[i16]) -> Option<Found> {
    let energy_known = energy(known);
    if energy_known == 0.0 || energy(recording) == 0.0 {
        return None;
    }
    let products = cross(known, recording);
    let sums = running_energy(recording);
    let known_sums = running_energy(known);
    let (known_len, len) = (known.len() as isize, recording.len() as isize);
    let half = known_len / 2;
    let mut best: Option<Found> = None;
    for at in -half..=(len - known_len + half) {
        let from = at.clamp(0, len);
        let to = (at + known_len).clamp(0, len);
        let heard = sums[to as usize] - sums[from as usize];
        let part = known_sums[(to - at) as usize] - known_sums[(from - at) as usize];
        // What is nearly silent correlates with anything: it has to hold 1 % of the best energy.
        if heard <= 0.0 || part < energy_known * 0.01 {
            continue;
        }
        let index = at.rem_euclid(products.len() as isize) as usize;
        let score = products[index] / (heard * part).sqrt();
        if best.is_none_or(|b| score.abs() > b.score.abs()) {
            let factor = products[index] / part;
            best = Some(Found {
                at,
                score,
                gain_db: 20.0 * factor.abs().max(1e-9).log10(),
            });
        }
    }
    best
}

fn energy(pcm: &[i16]) -> f64 {
    pcm.iter().map(|&s| f64::from(s).powi(2)).sum()
}

/// Energy of the first n samples, for every n.
fn running_energy(pcm: &[i16]) -> Vec<f64> {
    let mut sum = 0.0;
    core::iter::once(0.0)
        .chain(pcm.iter().map(|&s| {
            sum += f64::from(s).powi(2);
            sum
        }))
        .collect()
}

/// Sum of products at every offset, circular: negative offsets are at the end.
fn cross(known: &[i16], recording: &[i16]) -> Vec<f64> {
    let size = (known.len() + recording.len()).next_power_of_two();
    let mut planner = FftPlanner::<f64>::new();
    let forward = planner.plan_fft_forward(size);
    let spectrum = |pcm: &[i16]| {
        let mut buffer = vec![Complex::default(); size];
        for (to, &from) in buffer.iter_mut().zip(pcm) {
            to.re = f64::from(from);
        }
        forward.process(&mut buffer);
        buffer
    };
    let mut product: Vec<_> = spectrum(recording)
        .iter()
        .zip(spectrum(known))
        .map(|(r, k)| r * k.conj())
        .collect();
    planner.plan_fft_inverse(size).process(&mut product);
    product.iter().map(|c| c.re / size as f64).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::block::Rate;
    use crate::chirp::chirp;
    use crate::speech::speech;
    use base::Rng;

    #[test]
    fn a_chirp_is_found_under_noise_at_its_place() {
        let mut rng = Rng::from_number(3);
        let known = chirp(&mut rng, Rate::Hz8000, 600);
        let mut recording = speech(&mut rng, Rate::Hz8000, 4_000);
        recording.iter_mut().for_each(|s| *s /= 20);
        for (to, from) in recording[12_345..].iter_mut().zip(&known) {
            *to += from / 2;
        }
        let found = find(&known, &recording).unwrap();
        assert_eq!(found.at, 12_345);
        assert!(found.score > 0.98, "{found:?}");
        assert!((found.gain_db + 6.02).abs() < 0.3, "{found:?}");
    }

    #[test]
    fn another_chirp_is_not_found() {
        let known = chirp(&mut Rng::from_number(3), Rate::Hz8000, 600);
        let other = chirp(&mut Rng::from_number(4), Rate::Hz8000, 3_000);
        let found = find(&known, &other).unwrap();
        assert!(found.score.abs() < 0.5, "{found:?}");
        assert_eq!(find(&known, &[0; 9_000]), None);
        assert_eq!(find(&[], &other), None);
    }

    #[test]
    fn a_cut_beginning_is_a_negative_place() {
        let known = chirp(&mut Rng::from_number(5), Rate::Hz16000, 400);
        let found = find(&known, &known[1_000..]).unwrap();
        assert_eq!(found.at, -1_000);
        assert!(found.score > 0.999);
    }
}
