//! Filters over a signal that stands in one piece with its past.
//!
//! The order of additions is that of RFC 3951 appendix A, because floats round at each.

/// Order of prediction.
pub(crate) const ORDER: usize = 10;

/// Coefficients of a filter; the first is 1.
pub(crate) type Coefficients = [f32; ORDER + 1];

/// The filter that changes nothing.
pub(crate) const UNITY: Coefficients = {
    let mut one = [0.0; ORDER + 1];
    one[0] = 1.0;
    one
};

/// Filters `signal[from..to]` in place by poles; the [`ORDER`] samples before are its past output.
pub(crate) fn all_pole(signal: &mut [f32], from: usize, to: usize, poles: &Coefficients) {
    for n in from..to {
        let (past, now) = signal.split_at_mut(n);
        let past = &past[n - ORDER..];
        for (&pole, &old) in poles[1..].iter().zip(past.iter().rev()) {
            now[0] -= pole * old;
        }
    }
}

/// One sample by zeros; `signal` ends with it and holds [`ORDER`] samples before it.
pub(crate) fn all_zero(signal: &[f32], zeros: &Coefficients) -> f32 {
    let taps = zeros.iter().zip(signal.iter().rev());
    let mut products = taps.map(|(&zero, &sample)| zero * sample);
    let first = products.next().unwrap_or(0.0);
    products.fold(first, |sum, product| sum + product)
}

/// Sum of products, in order.
pub(crate) fn dot(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).fold(0.0, |sum, (&a, &b)| sum + a * b)
}

/// A filter of second order that takes away what is below speech.
#[derive(Debug, Clone)]
pub(crate) struct HighPass {
    zeros: [f32; 3],
    poles: [f32; 2],
    inputs: [f32; 2],
    outputs: [f32; 2],
}

impl HighPass {
    /// Before encoding, 90 Hz. Source: RFC 3951 §3.1, hpInput.
    pub(crate) const INPUT: Self = Self::new(
        [0.927_274_36, -1.854_494_1, 0.927_274_36],
        [-1.905_946_5, 0.911_402_4],
    );
    /// After decoding, 65 Hz. Source: RFC 3951 §4.8, hpOutput.
    pub(crate) const OUTPUT: Self = Self::new(
        [0.939_805_8, -1.879_583_4, 0.939_805_8],
        [-1.933_073_5, 0.935_892],
    );

    const fn new(zeros: [f32; 3], poles: [f32; 2]) -> Self {
        Self {
            zeros,
            poles,
            inputs: [0.0; 2],
            outputs: [0.0; 2],
        }
    }

    /// The next sample.
    pub(crate) fn run(&mut self, input: f32) -> f32 {
        let mut output = self.zeros[0] * input;
        output += self.zeros[1] * self.inputs[0];
        output += self.zeros[2] * self.inputs[1];
        self.inputs = [input, self.inputs[0]];
        output -= self.poles[0] * self.outputs[0];
        output -= self.poles[1] * self.outputs[1];
        self.outputs = [output, self.outputs[0]];
        output
    }
}
