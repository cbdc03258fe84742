//! A silent audio device, paced by the clock.
