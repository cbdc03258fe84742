//! What differs between frames of 20 and of 30 ms. Source: RFC 3951 §2, table 1; appendix A.7.

/// Samples of a sub-frame, 5 ms.
pub(crate) const SUBFRAME: usize = 40;
/// Most samples of a frame.
pub(crate) const LONGEST: usize = 240;
/// Most sub-frames of a frame.
pub(crate) const SUBFRAMES: usize = LONGEST / SUBFRAME;
/// Samples of the two sub-frames that the start state lies in.
pub(crate) const STATE_SPAN: usize = 80;
/// Past samples that the codebook is made of.
pub(crate) const MEMORY: usize = 147;
/// The same for what is left beside the start state.
pub(crate) const SHORT_MEMORY: usize = 85;

/// Length of a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    /// 20 ms in 38 octets.
    Ms20,
    /// 30 ms in 50 octets.
    Ms30,
}

impl Mode {
    /// Samples of a frame.
    pub(crate) const fn samples(self) -> usize {
        match self {
            Self::Ms20 => 160,
            Self::Ms30 => 240,
        }
    }

    /// Octets of a frame.
    pub(crate) const fn octets(self) -> usize {
        match self {
            Self::Ms20 => 38,
            Self::Ms30 => 50,
        }
    }

    /// Sub-frames of a frame.
    pub(crate) const fn subframes(self) -> usize {
        self.samples() / SUBFRAME
    }

    /// Sub-frames coded by the codebook: all but the two of the start state.
    pub(crate) const fn blocks(self) -> usize {
        self.subframes() - 2
    }

    /// Sets of line spectral frequencies in a frame.
    pub(crate) const fn spectra(self) -> usize {
        match self {
            Self::Ms20 => 1,
            Self::Ms30 => 2,
        }
    }

    /// Samples of the start state that are coded one by one.
    pub(crate) const fn state(self) -> usize {
        match self {
            Self::Ms20 => 57,
            Self::Ms30 => 58,
        }
    }

    /// Samples that the enhancer holds back.
    pub(crate) const fn held_back(self) -> usize {
        match self {
            Self::Ms20 => 40,
            Self::Ms30 => 80,
        }
    }
}
