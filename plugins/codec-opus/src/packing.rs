//! Several 10 ms frames in one packet, for packet times that no Opus frame has: 30 and 50 ms.
//!
//! Source: RFC 6716 §3.2.5 (code 3, frames of different lengths).

/// Most frames of one packet of ours: 50 ms.
pub(crate) const MOST: usize = 5;
/// Largest packet with one frame. Unit: bytes. Source: RFC 6716 §3.4, R2, with the TOC byte.
pub(crate) const LARGEST: usize = 1_276;

/// The two bits of the TOC byte that say how many frames follow.
const CODE: u8 = 0b11;
/// Frame count byte: frames differ in length.
const VARIABLE: u8 = 0x80;

/// Puts packets of one frame each into one. `None` when `out` is too small.
///
/// All frames of a packet have one configuration. Where the encoder changed it between two of them,
/// what comes behind the change is left out: the peer conceals that part.
pub(crate) fn pack<'p>(packets: impl Iterator<Item = &'p [u8]>, out: &mut [u8]) -> Option<usize> {
    let mut frames: [&[u8]; MOST] = [&[]; MOST];
    let mut count = 0;
    let mut toc = None;
    for (place, packet) in frames.iter_mut().zip(packets) {
        let (&first, frame) = packet.split_first()?;
        if first & CODE != 0 || *toc.get_or_insert(first) != first {
            break;
        }
        *place = frame;
        count += 1;
    }
    let (frames, toc) = (frames.get(..count)?, toc?);
    let (last, others) = frames.split_last()?;
    let mut at = 0;
    let mut put = |bytes: &[u8]| {
        out.get_mut(at..at + bytes.len())?.copy_from_slice(bytes);
        at += bytes.len();
        Some(())
    };
    put(&[toc | CODE, VARIABLE | count as u8])?;
    for frame in others {
        // Source: RFC 6716 §3.2.1.
        match frame.len() {
            length @ 0..=251 => put(&[length as u8])?,
            length => {
                let first = 252 + (length % 4) as u8;
                put(&[first, ((length - usize::from(first)) / 4) as u8])?;
            }
        }
    }
    for frame in others {
        put(frame)?;
    }
    put(last)?;
    Some(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_packet_is_laid_out_as_the_standard_says() {
        let long = [&[0x48][..], &[7; 300]].concat();
        let packets: [&[u8]; 3] = [&[0x48, 1, 2], &long, &[0x48, 3]];
        let mut out = [0; 400];
        let size = pack(packets.into_iter(), &mut out).unwrap();
        // 300 = 252 + 12 * 4
        assert_eq!(out[..7], [0x4B, 0x83, 2, 252, 12, 1, 2]);
        assert_eq!(out[7..307], [7; 300]);
        assert_eq!((out[307], size), (3, 308));
    }

    #[test]
    fn what_follows_a_change_of_configuration_is_left_out() {
        let packets: [&[u8]; 3] = [&[0x48, 1], &[0x48, 2], &[0x68, 3]];
        let mut out = [0; 40];
        let size = pack(packets.into_iter(), &mut out).unwrap();
        assert_eq!(out[..size], [0x4B, 0x82, 1, 1, 2]);
    }

    #[test]
    fn a_small_buffer_is_refused() {
        let packets: [&[u8]; 2] = [&[0x48, 1], &[0x48, 2]];
        assert_eq!(pack(packets.into_iter(), &mut [0; 4]), None);
    }
}
