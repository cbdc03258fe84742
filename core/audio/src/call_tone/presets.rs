//! Tones of countries. Source: ITU-T E.180 Supplement 2 and document 004.

/// What a tone tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signal {
    /// The far end rings.
    Ringing,
    /// The far end is busy.
    Busy,
    /// The network has no way there.
    Congestion,
    /// Another call waits.
    Waiting,
}

/// Countries with tones of their own, by their ISO 3166 code.
pub const COUNTRIES: &[&str] = &["ca", "de", "fr", "gb", "it", "jp", "us"];

/// The tone of a country, as written; `None` for a country that is not in [`COUNTRIES`].
pub fn national(country: &str, signal: Signal) -> Option<&'static str> {
    use Signal::{Busy, Congestion, Ringing, Waiting};
    let text = match (country, signal) {
        ("ca" | "us", Ringing) => "periodic(sine(2000ms,2500,440Hz,480Hz),silence(4000ms))",
        ("ca" | "us", Busy) => "periodic(sine(500ms,2500,480Hz,620Hz),silence(500ms))",
        ("ca" | "us", Congestion) => "periodic(sine(250ms,2500,480Hz,620Hz),silence(250ms))",
        ("ca" | "us", Waiting) => "periodic(sine(300ms,2500,440Hz),silence(9700ms))",
        ("de", Ringing) => "periodic(sine(1000ms,2500,425Hz),silence(4000ms))",
        ("de", Busy) => "periodic(sine(480ms,2500,425Hz),silence(480ms))",
        ("de", Congestion) => "periodic(sine(240ms,2500,425Hz),silence(240ms))",
        ("de", Waiting) => {
            "periodic(sine(200ms,2500,425Hz),silence(200ms),sine(200ms,2500,425Hz),silence(5000ms))"
        }
        ("fr", Ringing) => "periodic(sine(1500ms,2500,440Hz),silence(3500ms))",
        ("fr", Busy | Congestion) => "periodic(sine(500ms,2500,440Hz),silence(500ms))",
        ("fr", Waiting) => "periodic(sine(300ms,2500,440Hz),silence(10000ms))",
        ("gb", Ringing) => {
            "periodic(sine(400ms,2500,400Hz,450Hz),silence(200ms),sine(400ms,2500,400Hz,450Hz),silence(2000ms))"
        }
        ("gb", Busy) => "periodic(sine(375ms,2500,400Hz,450Hz),silence(375ms))",
        ("gb", Congestion) => {
            "periodic(sine(400ms,2500,400Hz),silence(350ms),sine(225ms,2500,400Hz),silence(525ms))"
        }
        ("gb", Waiting) => "periodic(sine(100ms,2500,400Hz),silence(2500ms))",
        ("it", Ringing) => "periodic(sine(1000ms,2500,425Hz),silence(4000ms))",
        ("it", Busy) => "periodic(sine(500ms,2500,425Hz),silence(500ms))",
        ("it", Congestion) => "periodic(sine(200ms,2500,425Hz),silence(200ms))",
        ("it", Waiting) => {
            "periodic(sine(400ms,2500,425Hz),silence(100ms),sine(250ms,2500,425Hz),silence(100ms),\
             sine(150ms,2500,425Hz),silence(14000ms))"
        }
        ("jp", Ringing) => "periodic(sine(1000ms,2500,400Hz,416Hz),silence(2000ms))",
        ("jp", Busy | Congestion) => "periodic(sine(500ms,2500,400Hz),silence(500ms))",
        ("jp", Waiting) => {
            "periodic(sine(500ms,2500,400Hz),silence(2000ms),sine(50ms,2500,400Hz),silence(450ms),\
             sine(50ms,2500,400Hz),silence(3450ms))"
        }
        (_, Ringing | Busy | Congestion | Waiting) => return None,
    };
    Some(text)
}
