//! Figures beside their baselines.
