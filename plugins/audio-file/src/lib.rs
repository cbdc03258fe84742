//! WAV files as microphone and loudspeaker.
