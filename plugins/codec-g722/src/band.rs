//! The predictor and scale factor that both sub-bands and both directions share.
//!
//! Source: ITU-T G.722 (09/2012) §6.2, blocks PARREC, RECONS, UPZERO, UPPOL2, UPPOL1, FILTEZ, FILTEP,
//! PREDIC, LOGSC and SCALE. Words are 16 bit and saturate, products keep their upper 16 of 31 bits.

/// What one sub-band remembers from sample to sample.
#[derive(Debug, Clone)]
pub(crate) struct Band {
    /// Predicted sample.
    estimate: i16,
    /// Its part from the zeros.
    from_zeros: i16,
    /// Pole coefficients; 2^14 is 1.
    poles: [i16; 2],
    /// Zero coefficients; 2^14 is 1.
    zeros: [i16; 6],
    /// Past quantised differences, newest first.
    differences: [i16; 6],
    /// Past differences plus the zeros' part, newest first.
    partial: [i16; 2],
    /// Past reconstructed samples, newest first.
    rebuilt: [i16; 2],
    /// Logarithm of the scale factor; 2048 is a factor of 2.
    log_scale: i16,
    /// Scale factor of the quantiser.
    scale: i16,
    /// Upper end of `log_scale`.
    log_limit: i16,
    /// What `log_scale` 0 stands for in [`scale_of`]. Unit: steps of 1/32 octave.
    log_base: usize,
}

impl Band {
    /// The lower band, 0 to 4 kHz.
    pub(crate) const LOW: Self = Self::new(32, 18_432, 64);
    /// The upper band, 4 to 8 kHz.
    pub(crate) const HIGH: Self = Self::new(8, 22_528, 0);

    const fn new(scale: i16, log_limit: i16, log_base: usize) -> Self {
        Self {
            estimate: 0,
            from_zeros: 0,
            poles: [0; 2],
            zeros: [0; 6],
            differences: [0; 6],
            partial: [0; 2],
            rebuilt: [0; 2],
            log_scale: 0,
            scale,
            log_limit,
            log_base,
        }
    }

    /// How far `sample` is from what was predicted.
    #[inline]
    pub(crate) fn difference(&self, sample: i16) -> i16 {
        sample.saturating_sub(self.estimate)
    }

    /// `step` of a quantiser table at the scale of now. Unit of `step`: 2^12 is the scale factor.
    #[inline]
    pub(crate) fn scaled(&self, step: i16) -> i16 {
        multiply(self.scale, step << 3)
    }

    /// What was predicted plus `difference`, cut to 15 bits.
    #[inline]
    pub(crate) fn rebuild(&self, difference: i16) -> i16 {
        limit(self.estimate.saturating_add(difference))
    }

    /// Learns from one sample: its quantised difference, and what its code does to the scale.
    #[inline]
    pub(crate) fn learn(&mut self, difference: i16, log_step: i16) {
        self.log_scale = multiply(self.log_scale, 32_512)
            .saturating_add(log_step)
            .clamp(0, self.log_limit);
        self.scale = scale_of((self.log_scale >> 6) as usize + self.log_base);
        let partial = difference.saturating_add(self.from_zeros);
        let rebuilt = self.estimate.saturating_add(difference);
        self.adapt_zeros(difference);
        self.adapt_poles(partial);
        self.differences.copy_within(0..5, 1);
        self.differences[0] = difference;
        self.rebuilt = [rebuilt, self.rebuilt[0]];
        // From the oldest on: the sum saturates on the way, so the order counts.
        let zeros = self.zeros.iter().zip(&self.differences).rev();
        self.from_zeros = zeros.fold(0, |sum: i16, (&zero, &past)| {
            sum.saturating_add(multiply(past.saturating_add(past), zero))
        });
        let pole = |n: usize| {
            let past = self.rebuilt[n];
            multiply(self.poles[n], past.saturating_add(past))
        };
        self.estimate = pole(0)
            .saturating_add(pole(1))
            .saturating_add(self.from_zeros);
    }

    /// UPZERO.
    #[inline]
    fn adapt_zeros(&mut self, difference: i16) {
        let step = if difference == 0 { 0 } else { 128 };
        for (zero, &past) in self.zeros.iter_mut().zip(&self.differences) {
            let towards = if (past ^ difference) < 0 { -step } else { step };
            *zero = multiply(*zero, 32_640).saturating_add(towards);
        }
    }

    /// UPPOL2, then UPPOL1, which needs the new second pole.
    #[inline]
    fn adapt_poles(&mut self, partial: i16) {
        let [first, second] = self.poles;
        let differs = self.partial.map(|past| (past ^ partial) < 0);
        let from_first = first.saturating_mul(4);
        let from_first = match differs[0] {
            true => from_first,
            false => 0_i16.saturating_sub(from_first),
        } >> 7;
        let second = from_first
            .saturating_add(if differs[1] { -128 } else { 128 })
            .saturating_add(multiply(second, 32_512))
            .clamp(-12_288, 12_288);
        let bound = 15_360 - second;
        let first = multiply(first, 32_640)
            .saturating_add(if differs[0] { -192 } else { 192 })
            .clamp(-bound, bound);
        self.poles = [first, second];
        self.partial = [partial, self.partial[0]];
    }
}

/// Product of two fractions of 15 bits.
#[inline]
fn multiply(a: i16, b: i16) -> i16 {
    ((i32::from(a) * i32::from(b)) >> 15).min(i32::from(i16::MAX)) as i16
}

/// LIMIT: 15 bits and a sign.
#[inline]
pub(crate) fn limit(sample: i16) -> i16 {
    sample.clamp(-16_384, 16_383)
}

/// Scale factor by its logarithm. Unit of `log`: 1/32 octave; range 0 to 352.
#[inline]
fn scale_of(log: usize) -> i16 {
    const TABLE: [i16; 353] = {
        let mut table = [0; 353];
        let mut log = 0;
        while log < table.len() {
            let octave = log / 32;
            let mantissa = OCTAVE[log % 32];
            table[log] = ((mantissa << 1) >> (11 - octave)) << 2;
            log += 1;
        }
        table
    };
    TABLE[log.min(352)]
}

/// One octave in 32 steps. Source: G.722 table 13 (ILB).
const OCTAVE: [i16; 32] = [
    2048, 2093, 2139, 2186, 2233, 2282, 2332, 2383, 2435, 2489, 2543, 2599, 2656, 2714, 2774, 2834,
    2896, 2960, 3025, 3091, 3158, 3228, 3298, 3371, 3444, 3520, 3597, 3676, 3756, 3838, 3922, 4008,
];
