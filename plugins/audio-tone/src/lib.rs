//! Tones and chirps as microphone.
