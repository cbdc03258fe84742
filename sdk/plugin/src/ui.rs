//! Faces: both sides say the JSON of `sdk/control`, one object each, as over the control socket.

use crate::asking::settled;
use crate::face::Face;
use crate::fault::{Fault, prefix};
use crate::guard::{self, enter, settle, take};
use crate::text::lent;
use crate::{Host, Refusal, Status, asking, text};
use core::ffi::c_void;
use core::marker::PhantomData;
use core::mem::offset_of;
use plugin_abi as abi;
use plugin_abi::{Text, TextOut, UI_ID, UiTable};
use std::sync::{Arc, PoisonError, RwLock};

/// A face. It draws on threads of its own.
pub trait Ui: Send + Sized + 'static {
    /// Called once before anything else. Thread: \[control\].
    fn init(_host: Option<Host>) -> Result<(), Refusal> {
        Ok(())
    }

    /// Called when no instance is left. Thread: \[control\].
    fn deinit() {}

    /// Starts the face; `options` is a JSON object, or empty. Thread: \[worker\].
    fn open(engine: UiEngine, options: &str) -> Result<Self, Refusal>;

    /// Takes what the engine says, in order: `welcome` first, then events and replies. Puts it into a queue of its own
    /// and returns. Thread: \[worker\]. Bound: 200 ms.
    fn event(&mut self, json: &str) -> Result<(), Status>;
}

/// The engine, as a face sees it. Once the face is closed every call fails with [`Status::LOST`].
#[derive(Debug, Clone)]
pub struct UiEngine(Arc<RwLock<Option<Line>>>);

#[derive(Debug, Clone, Copy)]
struct Line {
    context: *mut c_void,
    command: unsafe extern "C" fn(*mut c_void, Text) -> Status,
}

// SAFETY: the layout says that `command` may be called from any thread until `close` returns.
unsafe impl Send for Line {}
// SAFETY: as above.
unsafe impl Sync for Line {}

impl UiEngine {
    /// Says one object to the engine; the reply comes to [`Ui::event`]. Thread: \[any\].
    pub fn command(&self, json: &str) -> Result<(), Status> {
        let line = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let line = line.ok_or(Status::LOST)?;
        // SAFETY: the line is there, so the face is not closed; the text is lent for the call.
        settled(unsafe { (line.command)(line.context, text::pass(json)) })
    }

    /// Waits for calls under way; later ones fail.
    fn hang_up(&self) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

/// A face and its line to the engine.
struct Opened<T> {
    engine: UiEngine,
    ui: T,
}

/// The plugin's side of `T`.
pub(crate) struct UiFace<T>(PhantomData<T>);

impl<T: Ui> Face for UiFace<T> {
    const TABLE: &'static str = UI_ID;

    fn init(host: Option<Host>) -> Result<(), Refusal> {
        T::init(host)
    }

    fn deinit() {
        T::deinit();
    }

    fn table() -> *const c_void {
        let table: &'static UiTable = const {
            &UiTable {
                size: size_of::<UiTable>() as u32,
                reserved: 0,
                open: Some(open::<T>),
                event: Some(event::<T>),
                close: Some(close::<T>),
            }
        };
        core::ptr::from_ref(table).cast()
    }
}

unsafe extern "C" fn open<T: Ui>(
    engine: *const abi::UiEngine,
    options: Text,
    out: *mut *mut c_void,
    reason: *mut TextOut,
) -> Status {
    let need = offset_of!(abi::UiEngine, command) + size_of::<usize>();
    // SAFETY: `engine` is null or says its size; the text is lent for the call; `out` is null or
    // writable, `reason` null or a buffer.
    unsafe {
        let line = prefix(engine, need)
            .map_err(Refusal::request)
            .and_then(|raw| {
                let command = raw.command.ok_or(Status::BAD_ARGUMENT)?;
                Ok(Line {
                    context: raw.context,
                    command,
                })
            });
        let opened = line.and_then(|line| Ok((line, lent(options)?)));
        let opened = opened.and_then(|(line, options)| {
            let engine = UiEngine(Arc::new(RwLock::new(Some(line))));
            guard::open(out, || {
                let ui = T::open(engine.clone(), options);
                let ui = ui.inspect_err(|_| engine.hang_up())?;
                Ok(Opened { engine, ui })
            })
        });
        settle(opened, reason)
    }
}

unsafe extern "C" fn event<T: Ui>(inst: *mut c_void, json: Text) -> Status {
    // SAFETY: the text is lent for the call; a live instance of ours that nobody else uses.
    unsafe {
        enter::<Opened<T>>(inst, |opened| {
            let json = lent(json).map_err(|refusal| refusal.status)?;
            opened.ui.event(json).map(|()| Status::OK)
        })
    }
}

unsafe extern "C" fn close<T: Ui>(inst: *mut c_void) {
    // SAFETY: an instance of ours that the caller gives up.
    if let Some(opened) = unsafe { take::<Opened<T>>(inst) } {
        opened.engine.hang_up();
        // A face that panics when it goes has nobody left to tell.
        let _ = guard::guarded(|| {
            drop(opened.ui);
            Ok(())
        });
    }
}

/// A checked UI table: every function is there.
#[derive(Debug, Clone, Copy)]
pub struct UiHandle {
    open:
        unsafe extern "C" fn(*const abi::UiEngine, Text, *mut *mut c_void, *mut TextOut) -> Status,
    event: unsafe extern "C" fn(*mut c_void, Text) -> Status,
    close: unsafe extern "C" fn(*mut c_void),
}

/// Takes the commands of a face, from any thread.
pub type Commands = Box<dyn Fn(&str) -> Result<(), Status> + Send + Sync>;

impl UiHandle {
    /// Checks a table: long enough, no function missing.
    ///
    /// # Safety
    /// `table` must be null or point to a UI table that keeps the rules of `plugin-abi` and lives as
    /// long as the process.
    pub unsafe fn from_table(table: *const c_void) -> Result<Self, Fault> {
        let need = offset_of!(UiTable, close) + size_of::<usize>();
        // SAFETY: the caller vouches for the table; zero is a value of every field.
        let table = unsafe { prefix(table.cast::<UiTable>(), need) }?;
        Ok(Self {
            open: table.open.ok_or(Fault::NullFunction("open"))?,
            event: table.event.ok_or(Fault::NullFunction("event"))?,
            close: table.close.ok_or(Fault::NullFunction("close"))?,
        })
    }

    /// Starts the face; its commands go to `commands`. Thread: \[worker\].
    pub fn open(&self, options: &str, commands: Commands) -> Result<UiInstance, Refusal> {
        let commands = Box::new(commands);
        let engine = Box::new(abi::UiEngine {
            size: size_of::<abi::UiEngine>() as u32,
            reserved: 0,
            context: core::ptr::from_ref::<Commands>(&commands).cast_mut().cast(),
            command: Some(command),
        });
        let options = text::pass(options);
        // SAFETY: a checked function; every pointer is valid for the call, the engine until `close`.
        let inst =
            asking::opened(|out, reason| unsafe { (self.open)(&*engine, options, out, reason) })?;
        Ok(UiInstance {
            inst,
            table: *self,
            _engine: engine,
            _commands: commands,
        })
    }
}

unsafe extern "C" fn command(context: *mut c_void, json: Text) -> Status {
    // SAFETY: the context is the box that the instance keeps until `close` has returned.
    let commands = unsafe { &*context.cast::<Commands>().cast_const() };
    // SAFETY: the face lends the text for the call.
    let Ok(json) = (unsafe { lent(json) }) else {
        return Status::BAD_ARGUMENT;
    };
    match guard::guarded(|| commands(json).map_err(Refusal::from)) {
        Ok(()) => Status::OK,
        Err(refusal) => refusal.status,
    }
}

/// A face that runs.
pub struct UiInstance {
    inst: *mut c_void,
    table: UiHandle,
    _engine: Box<abi::UiEngine>,
    _commands: Box<Commands>,
}

impl core::fmt::Debug for UiInstance {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("UiInstance").finish_non_exhaustive()
    }
}

// SAFETY: the boundary lets a host move an instance between threads, one at a time.
unsafe impl Send for UiInstance {}

impl UiInstance {
    /// Tells it one line. Thread: \[worker\].
    pub fn event(&mut self, json: &str) -> Result<(), Status> {
        // SAFETY: a checked function, a live instance, a text lent for the call.
        settled(unsafe { (self.table.event)(self.inst, text::pass(json)) })
    }
}

impl Drop for UiInstance {
    fn drop(&mut self) {
        // SAFETY: a checked function; the instance is live and not used again.
        unsafe { (self.table.close)(self.inst) };
    }
}
