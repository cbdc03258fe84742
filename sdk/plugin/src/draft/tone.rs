//! Tones: what a person hears that no peer says.

use crate::codec::settle as counted;
use crate::face::Face;
use crate::fault::{Fault, prefix};
use crate::guard::{self, close, guarded, settle};
use crate::text::lent;
use crate::{Captured, Host, Refusal, Status, asking, text};
use core::ffi::c_void;
use core::marker::PhantomData;
use core::mem::offset_of;
use plugin_abi::{TONE_ID, Text, TextOut, ToneTable};

/// A tone that plays. PCM is signed 16 bit, one channel.
pub trait Tone: Send + Sized + 'static {
    /// Called once before anything else. Thread: \[control\].
    fn init(_host: Option<Host>) -> Result<(), Refusal> {
        Ok(())
    }

    /// Called when no instance is left. Thread: \[control\].
    fn deinit() {}

    /// The names it knows: a JSON array. Thread: \[control\].
    fn names() -> Result<String, Refusal>;

    /// Prepares a tone; `options` is a JSON object. Thread: \[control\].
    fn open(name: &str, sample_rate_hz: u32, options: &str) -> Result<Self, Refusal>;

    /// Fills `pcm`, which is silence before. Thread: \[media\].
    fn read(&mut self, pcm: &mut [i16]) -> Result<Captured, Status>;
}

/// The plugin's side of `T`.
pub(crate) struct ToneFace<T>(PhantomData<T>);

impl<T: Tone> Face for ToneFace<T> {
    const TABLE: &'static str = TONE_ID;

    fn init(host: Option<Host>) -> Result<(), Refusal> {
        T::init(host)
    }

    fn deinit() {
        T::deinit();
    }

    fn table() -> *const c_void {
        let table: &'static ToneTable = const {
            &ToneTable {
                size: size_of::<ToneTable>() as u32,
                reserved: 0,
                names: Some(names::<T>),
                open: Some(open::<T>),
                read: Some(read::<T>),
                close: Some(close_shim::<T>),
            }
        };
        core::ptr::from_ref(table).cast()
    }
}

unsafe extern "C" fn names<T: Tone>(out: *mut TextOut) -> Status {
    match guarded(T::names) {
        // SAFETY: `out` is null or the caller's buffer.
        Ok(json) => unsafe { text::give(out, &json) },
        Err(refusal) => refusal.status,
    }
}

unsafe extern "C" fn open<T: Tone>(
    name: Text,
    sample_rate_hz: u32,
    options: Text,
    out: *mut *mut c_void,
    reason: *mut TextOut,
) -> Status {
    // SAFETY: the texts are lent for the call, `out` is null or writable, `reason` null or a buffer.
    unsafe {
        let texts = lent(name).and_then(|name| Ok((name, lent(options)?)));
        let opened = texts.and_then(|(name, options)| {
            guard::open(out, || T::open(name, sample_rate_hz, options))
        });
        settle(opened, reason)
    }
}

unsafe extern "C" fn read<T: Tone>(
    inst: *mut c_void,
    pcm: *mut i16,
    samples: *mut usize,
) -> Status {
    if pcm.is_null() || samples.is_null() {
        return Status::BAD_ARGUMENT;
    }
    // SAFETY: not null; the caller vouches for `*samples` writable samples and a live instance of ours
    // that nobody else uses.
    unsafe {
        let pcm = core::slice::from_raw_parts_mut(pcm, *samples);
        guard::enter::<T>(inst, |tone| {
            pcm.fill(0);
            let read = tone.read(pcm)?;
            *samples = read.samples;
            Ok(if read.ended {
                Status::ENDED
            } else {
                Status::OK
            })
        })
    }
}

unsafe extern "C" fn close_shim<T: Tone>(inst: *mut c_void) {
    // SAFETY: an instance of ours that the caller gives up.
    unsafe { close::<T>(inst) }
}

type Open = unsafe extern "C" fn(Text, u32, Text, *mut *mut c_void, *mut TextOut) -> Status;

/// A checked tone table: every function is there.
#[derive(Debug, Clone, Copy)]
pub struct ToneHandle {
    names: unsafe extern "C" fn(*mut TextOut) -> Status,
    open: Open,
    read: unsafe extern "C" fn(*mut c_void, *mut i16, *mut usize) -> Status,
    close: unsafe extern "C" fn(*mut c_void),
}

impl ToneHandle {
    /// Checks a table: long enough, no function missing.
    ///
    /// # Safety
    /// `table` must be null or point to a tone table that keeps the rules of `plugin-abi` and lives as
    /// long as the process.
    pub unsafe fn from_table(table: *const c_void) -> Result<Self, Fault> {
        let need = offset_of!(ToneTable, close) + size_of::<usize>();
        // SAFETY: the caller vouches for the table; zero is a value of every field.
        let table = unsafe { prefix(table.cast::<ToneTable>(), need) }?;
        Ok(Self {
            names: table.names.ok_or(Fault::NullFunction("names"))?,
            open: table.open.ok_or(Fault::NullFunction("open"))?,
            read: table.read.ok_or(Fault::NullFunction("read"))?,
            close: table.close.ok_or(Fault::NullFunction("close"))?,
        })
    }

    /// The names it knows, as the plugin's JSON. Thread: \[control\].
    pub fn names(&self) -> Result<String, Refusal> {
        // SAFETY: a checked function; the buffer is valid for the call.
        asking::told(|out, _| unsafe { (self.names)(out) })
    }

    /// Prepares a tone. Thread: \[control\].
    pub fn open(
        &self,
        name: &str,
        sample_rate_hz: u32,
        options: &str,
    ) -> Result<ToneInstance, Refusal> {
        let (name, options) = (text::pass(name), text::pass(options));
        let inst = asking::opened(|out, reason| {
            // SAFETY: a checked function; every pointer is valid for the call.
            unsafe { (self.open)(name, sample_rate_hz, options, out, reason) }
        })?;
        Ok(ToneInstance { inst, table: *self })
    }
}

/// A tone that plays. Calls neither allocate nor lock on this side of the boundary.
#[derive(Debug)]
pub struct ToneInstance {
    inst: *mut c_void,
    table: ToneHandle,
}

// SAFETY: the boundary lets a host move an instance between threads, one at a time.
unsafe impl Send for ToneInstance {}

impl ToneInstance {
    /// Fills `pcm`; what there was, and whether more will come. Thread: \[media\].
    pub fn read(&mut self, pcm: &mut [i16]) -> Result<Captured, Status> {
        let mut samples = pcm.len();
        // SAFETY: a checked function, a live instance, a buffer with its true length.
        let status = unsafe { (self.table.read)(self.inst, pcm.as_mut_ptr(), &mut samples) };
        Ok(Captured {
            samples: counted(status, samples, pcm.len())?,
            ended: status == Status::ENDED,
        })
    }
}

impl Drop for ToneInstance {
    fn drop(&mut self) {
        // SAFETY: a checked function; the instance is live and not used again.
        unsafe { (self.table.close)(self.inst) };
    }
}
