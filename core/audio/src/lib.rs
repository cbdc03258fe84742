//! Sample arithmetic: blocks, mixer, resampler, tones, levels; no device.
