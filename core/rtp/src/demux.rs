//! What kind of packet arrived on a media socket.

/// Kinds of packets that share a socket. Source: RFC 7983 §7, RFC 5761 §4.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// STUN: first byte 0 to 3.
    Stun,
    /// ZRTP: first byte 16 to 19.
    Zrtp,
    /// DTLS: first byte 20 to 63.
    Dtls,
    /// TURN channel data: first byte 64 to 79.
    TurnChannel,
    /// RTP: first byte 128 to 191, second byte no RTCP type.
    Rtp,
    /// RTCP: first byte 128 to 191, second byte 192 to 223.
    Rtcp,
    /// None of these, such as an empty or keep-alive datagram. Dropped and counted.
    Unknown,
}

/// Sorts a datagram by its first two bytes.
pub fn kind_of(datagram: &[u8]) -> Kind {
    let Some(&first) = datagram.first() else {
        return Kind::Unknown;
    };
    match first {
        0..=3 => Kind::Stun,
        16..=19 => Kind::Zrtp,
        20..=63 => Kind::Dtls,
        64..=79 => Kind::TurnChannel,
        128..=191 => match datagram.get(1) {
            Some(192..=223) => Kind::Rtcp,
            Some(_) => Kind::Rtp,
            None => Kind::Unknown,
        },
        _ => Kind::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_two_bytes_decide() {
        for (bytes, kind) in [
            (&[0, 1][..], Kind::Stun),
            (&[16, 0], Kind::Zrtp),
            (&[22, 254], Kind::Dtls),
            (&[0x40, 0], Kind::TurnChannel),
            (&[0x80, 0], Kind::Rtp),
            (&[0x80, 0x80 | 101], Kind::Rtp),
            (&[0x80, 200], Kind::Rtcp),
            (&[0x81, 203], Kind::Rtcp),
            (&[0x80], Kind::Unknown),
            (b"\r\n", Kind::Unknown),
            (&[200, 0], Kind::Unknown),
            (&[], Kind::Unknown),
        ] {
            assert_eq!(kind_of(bytes), kind, "{bytes:?}");
        }
    }
}
