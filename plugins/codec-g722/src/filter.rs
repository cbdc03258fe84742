//! The filter bank: 16 kHz to two bands of 8 kHz and back. Source: ITU-T G.722 (09/2012) §3.1, §4.4, table 11.

use crate::band::limit;

/// Length of the filter. Unit: samples at 16 kHz.
const TAPS: usize = 24;

/// The filter's first half; the second mirrors it. 2^13 is 1.
const HALF: [i32; TAPS / 2] = [3, -11, -11, 53, 12, -156, 32, 362, -210, -805, 951, 3876];

/// The last samples of one filter, newest first.
#[derive(Debug, Clone)]
pub(crate) struct Filter([i16; TAPS]);

impl Filter {
    pub(crate) const SILENT: Self = Self([0; TAPS]);

    /// Two samples, in their order, to one of each band: (low, high).
    #[inline]
    pub(crate) fn split(&mut self, first: i16, second: i16) -> (i16, i16) {
        self.take(first, second);
        let (even, odd) = self.sums();
        let cut = |sum: i32| limit((sum >> 14) as i16);
        (cut(even + odd), cut(even - odd))
    }

    /// One sample of each band to two.
    #[inline]
    pub(crate) fn join(&mut self, low: i16, high: i16) -> (i16, i16) {
        self.take(low.saturating_add(high), low.saturating_sub(high));
        let (even, odd) = self.sums();
        let cut = |sum: i32| (sum >> 11).clamp(-32_768, 32_767) as i16;
        (cut(even), cut(odd))
    }

    #[inline]
    fn take(&mut self, first: i16, second: i16) {
        self.0.copy_within(..TAPS - 2, 2);
        self.0[0] = second;
        self.0[1] = first;
    }

    /// Sums over the taps with even and with odd numbers. At most 12,964 × 32,768 each, far from 2^31.
    #[inline]
    fn sums(&self) -> (i32, i32) {
        let mut sums = (0, 0);
        for n in 0..TAPS / 4 {
            let at = |tap: usize| i32::from(self.0[tap]);
            let mirrored = TAPS - 2 - 2 * n;
            sums.0 += HALF[2 * n] * at(2 * n) + HALF[2 * n + 1] * at(mirrored);
            sums.1 += HALF[2 * n + 1] * at(2 * n + 1) + HALF[2 * n] * at(mirrored + 1);
        }
        sums
    }
}
