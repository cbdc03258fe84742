//! Why something cannot be prepared.

/// Anything that can go wrong while control prepares a kit or starts a thread.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The codec's or device's rate is none that is mixed at.
    #[error("{what} runs at {hertz} Hz; 8000, 16000 and 48000 are mixed")]
    Rate {
        /// Codec or device.
        what: &'static str,
        /// Its rate.
        hertz: u32,
    },
    /// Only one channel is mixed.
    #[error("the codec has {0} channels; one is mixed")]
    Channels(u8),
    /// The packet time is no multiple of 10 ms, or too long.
    #[error("packets of {0} ms cannot be sent; 10 to 120 in steps of 10 can")]
    PacketTime(u32),
    /// The thread could not be started.
    #[error("cannot start the media thread")]
    Thread(#[source] std::io::Error),
    /// The ring to the thread is full: it hangs, or too much was ordered at once.
    #[error("the media thread takes no more orders ({0})")]
    Full(usize),
}
