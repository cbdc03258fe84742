//! libopus' encoder and decoder, steered by our options and the peer's fmtp.
//!
//! Everything is allocated when a pair is made; libopus' own work runs on the stack.

use crate::fmtp::Peer;
use crate::options::{Band, BitRate, LEAST_BITS, MOST_BITS, Options};
use crate::packing;
use audiopus::coder::{Decoder, Encoder, GenericCtl};
use audiopus::packet::Packet;
use audiopus::{Application, Bandwidth, Bitrate, Channels, Error, ErrorCode, SampleRate, Signal};
use plugin::Status;

/// Samples of 2.5 ms, which everything in Opus is a multiple of.
const STEP: usize = 120;
/// Samples of 10 ms.
const BLOCK: usize = 480;
/// Samples of the longest packet that libopus decodes: 120 ms.
pub(crate) const LONGEST: usize = 5_760;
/// What libopus chooses by itself for one channel in 20 ms packets. Unit: bits per second.
const AUTOMATIC: u32 = 51_000;
/// An encoded packet of so few bytes need not be sent: silence goes on. Source: opus.h, `opus_encode`.
const NOT_SENT: usize = 2;

/// Encoder and decoder of one stream, 48 kHz, one channel.
#[derive(Debug)]
pub struct Pair {
    encoder: Encoder,
    decoder: Decoder,
    options: Options,
    peer: Peer,
    dtx: bool,
    /// Frames on their way into one packet.
    frames: Box<[u8]>,
    /// Where lengths are invented that are no multiple of 2.5 ms.
    invented: Box<[i16]>,
}

impl Pair {
    /// A pair for a peer that said `peer`.
    pub fn new(options: Options, peer: Peer) -> Result<Self, Error> {
        let mut encoder = Encoder::new(SampleRate::Hz48000, Channels::Mono, Application::Voip)?;
        let decoder = Decoder::new(SampleRate::Hz48000, Channels::Mono)?;
        let dtx = options.dtx && peer.dtx;
        encoder.set_max_bandwidth(bandwidth(options.band.min(peer.band)))?;
        encoder.set_bitrate(bit_rate(options.bit_rate, peer.most_bits))?;
        encoder.set_vbr(options.vbr && !peer.cbr)?;
        encoder.set_inband_fec(options.fec && peer.fec)?;
        encoder.set_packet_loss_perc(options.expected_loss)?;
        encoder.set_dtx(dtx)?;
        if let Some(complexity) = options.complexity {
            encoder.set_complexity(complexity)?;
        }
        Ok(Self {
            encoder,
            decoder,
            options,
            peer,
            dtx,
            frames: vec![0; packing::MOST * packing::LARGEST].into(),
            invented: vec![0; LONGEST].into(),
        })
    }

    /// Encodes one packet; 0 where silence is left out.
    pub fn encode(&mut self, pcm: &[i16], payload: &mut [u8]) -> Result<usize, Status> {
        let size = match pcm.len() / BLOCK {
            _ if !pcm.len().is_multiple_of(BLOCK) => return Err(Status::BAD_ARGUMENT),
            3 | 5 => self.encode_several(pcm, payload)?,
            1 | 2 | 4 | 6 => self.encoder.encode(pcm, payload).map_err(status)?,
            _ => return Err(Status::BAD_ARGUMENT),
        };
        let left_out = self.dtx && size <= NOT_SENT;
        Ok(if left_out { 0 } else { size })
    }

    /// 30 and 50 ms: 10 ms frames in one packet.
    fn encode_several(&mut self, pcm: &[i16], payload: &mut [u8]) -> Result<usize, Status> {
        // Keeps the encoder from changing its mode inside a packet because of what it hears.
        self.encoder.set_signal(Signal::Voice).map_err(status)?;
        let count = pcm.len() / BLOCK;
        // No more than fits: what is said per frame beside it takes three bytes at most.
        let room = (payload.len() / count).saturating_sub(3);
        let room = room.min(packing::LARGEST);
        let mut sizes = [0; packing::MOST];
        let blocks = pcm.chunks_exact(BLOCK);
        let places = self.frames.chunks_exact_mut(packing::LARGEST);
        for ((block, place), size) in blocks.zip(places).zip(&mut sizes) {
            let place = place.get_mut(..room).unwrap_or_default();
            *size = self.encoder.encode(block, place).map_err(status)?;
        }
        if self.dtx && sizes.iter().all(|&size| size <= NOT_SENT) {
            return Ok(0);
        }
        let places = self.frames.chunks_exact(packing::LARGEST);
        let packets = places.zip(sizes).take(count);
        let packets = packets.map(|(place, size)| place.get(..size).unwrap_or_default());
        packing::pack(packets, payload).ok_or(Status::BUFFER_TOO_SMALL)
    }

    /// Decodes one packet.
    pub fn decode(&mut self, payload: &[u8], pcm: &mut [i16]) -> Result<usize, Status> {
        let packet = Packet::try_from(payload).map_err(|_| Status::BAD_PAYLOAD)?;
        let room = pcm.len().min(LONGEST);
        let pcm = pcm.get_mut(..room).unwrap_or_default();
        let output = pcm.try_into().map_err(status)?;
        self.decoder
            .decode(Some(packet), output, false)
            .map_err(status)
    }

    /// Invents `pcm.len()` samples; in silence that is comfort noise.
    pub fn conceal(&mut self, pcm: &mut [i16]) -> Result<usize, Status> {
        self.make_up(None, pcm)
    }

    /// Rebuilds `pcm.len()` lost samples from the packet after them.
    ///
    /// `UNSUPPORTED` when we never asked for redundancy.
    pub fn recover(&mut self, next: &[u8], pcm: &mut [i16]) -> Result<usize, Status> {
        if !self.options.fec {
            return Err(Status::UNSUPPORTED);
        }
        let packet = Packet::try_from(next).map_err(|_| Status::BAD_PAYLOAD)?;
        self.make_up(Some(packet), pcm)
    }

    fn make_up(&mut self, next: Option<Packet<'_>>, pcm: &mut [i16]) -> Result<usize, Status> {
        let whole = pcm.len().next_multiple_of(STEP);
        let invented = self.invented.get_mut(..whole);
        let invented = invented.ok_or(Status::BAD_ARGUMENT)?;
        let fec = next.is_some();
        let output = (&mut *invented).try_into().map_err(status)?;
        let count = self.decoder.decode(next, output, fec).map_err(status)?;
        let count = count.min(pcm.len());
        if let (Some(to), Some(from)) = (pcm.get_mut(..count), invented.get(..count)) {
            to.copy_from_slice(from);
        }
        Ok(count)
    }

    /// The stream that is heard begins anew; what we send goes on.
    pub fn reset(&mut self) {
        // Cannot fail with a decoder that libopus made.
        let _ = self.decoder.reset_state();
    }

    /// Bits to aim at from now on, within what the peer takes. Unit: bits per second.
    pub fn set_bit_rate(&mut self, bits: u32) -> Result<(), Status> {
        let most = self.peer.most_bits.unwrap_or(MOST_BITS);
        let bits = bits.clamp(LEAST_BITS, most);
        self.encoder
            .set_bitrate(bit_rate(BitRate::Bits(bits), None))
            .map_err(status)
    }

    /// Loss to prepare for. Unit: percent. Range: 0 to 100.
    pub fn set_expected_loss(&mut self, percent: u8) -> Result<(), Status> {
        self.encoder.set_packet_loss_perc(percent).map_err(status)
    }

    /// Effort. Range: 0 to 10.
    pub fn set_complexity(&mut self, complexity: u8) -> Result<(), Status> {
        self.encoder.set_complexity(complexity).map_err(status)
    }

    /// Whether silence is left out; `UNAVAILABLE` where the peer does not like that.
    pub fn set_dtx(&mut self, on: bool) -> Result<(), Status> {
        if on && !self.peer.dtx {
            return Err(Status::UNAVAILABLE);
        }
        self.encoder.set_dtx(on).map_err(status)?;
        self.dtx = on;
        Ok(())
    }

    /// Whether redundancy is sent; `UNAVAILABLE` where the peer cannot use it.
    pub fn set_fec(&mut self, on: bool) -> Result<(), Status> {
        if on && !self.peer.fec {
            return Err(Status::UNAVAILABLE);
        }
        self.encoder.set_inband_fec(on).map_err(status)
    }
}

const fn bandwidth(band: Band) -> Bandwidth {
    match band {
        Band::Narrow => Bandwidth::Narrowband,
        Band::Medium => Bandwidth::Mediumband,
        Band::Wide => Bandwidth::Wideband,
        Band::SuperWide => Bandwidth::Superwideband,
        Band::Full => Bandwidth::Fullband,
    }
}

/// Ours, and no more than the peer takes.
fn bit_rate(ours: BitRate, most: Option<u32>) -> Bitrate {
    let bits = match (ours, most) {
        (BitRate::Automatic, None) => return Bitrate::Auto,
        (BitRate::Automatic, Some(most)) if most >= AUTOMATIC => return Bitrate::Auto,
        (BitRate::Automatic, Some(most)) => most,
        (BitRate::Most, most) => most.unwrap_or(MOST_BITS),
        (BitRate::Bits(bits), most) => bits.min(most.unwrap_or(MOST_BITS)),
    };
    Bitrate::BitsPerSecond(i32::try_from(bits).unwrap_or(i32::MAX))
}

/// What libopus says, in the boundary's words.
fn status(error: Error) -> Status {
    let Error::Opus(code) = error else {
        return Status::FAILED;
    };
    [
        (ErrorCode::BadArgument, Status::BAD_ARGUMENT),
        (ErrorCode::BufferTooSmall, Status::BUFFER_TOO_SMALL),
        (ErrorCode::InvalidPacket, Status::BAD_PAYLOAD),
    ]
    .into_iter()
    .find(|(known, _)| *known == code)
    .map_or(Status::FAILED, |(_, status)| status)
}
