//! libbcg729, found while running: the only file with foreign calls.
//!
//! Nothing of it is linked or copied. Its functions are those of bcg729 1.1 (`bcg729/encoder.h`,
//! `bcg729/decoder.h`); earlier versions lack arguments and have another file name.
#![allow(unsafe_code, reason = "calls into a C library")]

use core::error::Error;
use core::ffi::c_void;
use core::ptr::NonNull;
use libloading::os::unix::{Library, RTLD_LOCAL, RTLD_NOW};
use std::sync::{Arc, OnceLock};

/// Samples of one frame, 10 ms.
pub const FRAME: usize = 80;
/// Bytes of a frame of speech. Source: RFC 3551 §4.5.6.
pub const SPEECH: usize = 10;
/// Bytes of a frame that describes noise (annex B). Source: RFC 3551 §4.5.6.
pub const NOISE: usize = 2;

/// The file as the system names it.
pub const FILE: &str = "libbcg729.so.0";

type MakeEncoder = unsafe extern "C" fn(u8) -> *mut c_void;
type MakeDecoder = unsafe extern "C" fn() -> *mut c_void;
type Close = unsafe extern "C" fn(*mut c_void);
type Encode = unsafe extern "C" fn(*mut c_void, *const i16, *mut u8, *mut u8);
type Decode = unsafe extern "C" fn(*mut c_void, *const u8, u8, u8, u8, u8, *mut i16);

/// A loaded libbcg729. It stays loaded as long as anything made from it is there.
#[derive(Debug)]
pub struct Bcg729 {
    make_encoder: MakeEncoder,
    make_decoder: MakeDecoder,
    close_encoder: Close,
    close_decoder: Close,
    encode: Encode,
    decode: Decode,
    _library: Library,
}

impl Bcg729 {
    /// The system's, loaded once; in words why there is none.
    pub fn system() -> Result<Arc<Self>, String> {
        static LOADED: OnceLock<Arc<Bcg729>> = OnceLock::new();
        if let Some(loaded) = LOADED.get() {
            return Ok(Arc::clone(loaded));
        }
        let loaded = Arc::new(Self::load(FILE)?);
        Ok(Arc::clone(LOADED.get_or_init(|| loaded)))
    }

    /// Loads `file`.
    pub fn load(file: &str) -> Result<Self, String> {
        let missing = |why: libloading::Error| {
            // The loader's own words stand below libloading's.
            let why = why.source().map_or(why.to_string(), ToString::to_string);
            format!(
                "{file} cannot be used ({why}); install libbcg729-0 (apt-get install libbcg729-0), \
                 or leave G729 out of media.codecs"
            )
        };
        // SAFETY: whoever installed the library vouches for what it does when it is loaded.
        let library = unsafe { Library::open(Some(file), RTLD_NOW | RTLD_LOCAL) };
        let library = library.map_err(missing)?;
        // SAFETY: the types are those of the library's headers, version 1.1.
        unsafe {
            Ok(Self {
                make_encoder: *library
                    .get::<MakeEncoder>(c"initBcg729EncoderChannel")
                    .map_err(missing)?,
                make_decoder: *library
                    .get::<MakeDecoder>(c"initBcg729DecoderChannel")
                    .map_err(missing)?,
                close_encoder: *library
                    .get::<Close>(c"closeBcg729EncoderChannel")
                    .map_err(missing)?,
                close_decoder: *library
                    .get::<Close>(c"closeBcg729DecoderChannel")
                    .map_err(missing)?,
                encode: *library.get::<Encode>(c"bcg729Encoder").map_err(missing)?,
                decode: *library.get::<Decode>(c"bcg729Decoder").map_err(missing)?,
                _library: library,
            })
        }
    }
}

/// An encoder of one stream.
#[derive(Debug)]
pub struct Encoder {
    context: NonNull<c_void>,
    library: Arc<Bcg729>,
}

// SAFETY: a context holds no thread's state; one thread at a time uses it, through `&mut`.
unsafe impl Send for Encoder {}

impl Encoder {
    /// One that describes silence (annex B) if `silence`. `None`: no memory.
    pub fn new(library: &Arc<Bcg729>, silence: bool) -> Option<Self> {
        // SAFETY: as the header declares it.
        let context = unsafe { (library.make_encoder)(u8::from(silence)) };
        Some(Self {
            context: NonNull::new(context)?,
            library: Arc::clone(library),
        })
    }

    /// Encodes one frame; the part of `bits` that holds it: 10, 2 or 0 bytes.
    pub fn encode<'b>(&mut self, pcm: &[i16; FRAME], bits: &'b mut [u8; SPEECH]) -> &'b [u8] {
        let mut length = 0;
        // SAFETY: a live context, 80 samples, room for the longest frame.
        unsafe {
            (self.library.encode)(
                self.context.as_ptr(),
                pcm.as_ptr(),
                bits.as_mut_ptr(),
                &mut length,
            );
        }
        bits.get(..usize::from(length)).unwrap_or_default()
    }
}

impl Drop for Encoder {
    fn drop(&mut self) {
        // SAFETY: the library made it, and it is not used again.
        unsafe { (self.library.close_encoder)(self.context.as_ptr()) }
    }
}

/// What there is of one frame.
#[derive(Debug, Clone, Copy)]
pub enum Frame<'b> {
    /// Speech.
    Speech(&'b [u8; SPEECH]),
    /// What the silence sounds like.
    Noise(&'b [u8; NOISE]),
    /// Nothing came: lost, or silence goes on.
    Missing,
}

/// A decoder of one stream.
#[derive(Debug)]
pub struct Decoder {
    context: NonNull<c_void>,
    library: Arc<Bcg729>,
}

// SAFETY: as of an encoder.
unsafe impl Send for Decoder {}

impl Decoder {
    /// A fresh one. `None`: no memory.
    pub fn new(library: &Arc<Bcg729>) -> Option<Self> {
        // SAFETY: as the header declares it.
        let context = unsafe { (library.make_decoder)() };
        Some(Self {
            context: NonNull::new(context)?,
            library: Arc::clone(library),
        })
    }

    /// Decodes or makes up one frame.
    pub fn decode(&mut self, frame: Frame<'_>, pcm: &mut [i16; FRAME]) {
        let (bits, is_missing, is_noise): (&[u8], _, _) = match frame {
            Frame::Speech(bits) => (bits, 0, 0),
            Frame::Noise(bits) => (bits, 0, 1),
            Frame::Missing => (&[0; SPEECH], 1, 0),
        };
        // SAFETY: a live context, a whole frame of its kind, room for 80 samples.
        unsafe {
            (self.library.decode)(
                self.context.as_ptr(),
                bits.as_ptr(),
                bits.len() as u8,
                is_missing,
                is_noise,
                0,
                pcm.as_mut_ptr(),
            );
        }
    }
}

impl Drop for Decoder {
    fn drop(&mut self) {
        // SAFETY: the library made it, and it is not used again.
        unsafe { (self.library.close_decoder)(self.context.as_ptr()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_absent_library_is_told_with_what_to_install() {
        let why = Bcg729::load("libbcg729-that-nobody-has.so.0").unwrap_err();
        assert!(
            why.starts_with("libbcg729-that-nobody-has.so.0 cannot be used"),
            "{why}"
        );
        assert!(why.contains("install libbcg729-0"), "{why}");
    }

    #[test]
    fn another_library_is_not_taken_for_it() {
        let why = Bcg729::load("libc.so.6").unwrap_err();
        assert!(why.contains("initBcg729EncoderChannel"), "{why}");
    }
}
