//! `offhook.config/1`: a plugin's own settings, checked against its manifest before it was started.

use super::asker;
use core::ffi::c_void;
use plugin_abi::{self as abi, Status, TextOut};

pub(super) static TABLE: abi::ConfigTable = abi::ConfigTable {
    size: size_of::<abi::ConfigTable>() as u32,
    reserved: 0,
    read: Some(read),
};

unsafe extern "C" fn read(context: *mut c_void, out: *mut TextOut) -> Status {
    // SAFETY: the plugin hands back what it was given, and lends the buffer for the call.
    let (Some(context), Some(out)) = (unsafe { asker(context) }, unsafe { out.as_mut() }) else {
        return Status::BAD_ARGUMENT;
    };
    let text = context.config.as_bytes();
    out.len = text.len();
    let room = if out.ptr.is_null() { 0 } else { out.capacity };
    let cut = text.len().min(room);
    if cut > 0 {
        // SAFETY: `ptr` is not null, or `cut` would be 0; it has room for `capacity >= cut` bytes, and
        // nobody else has ours.
        unsafe { core::ptr::copy_nonoverlapping(text.as_ptr(), out.ptr, cut) };
    }
    match cut == text.len() {
        true => Status::OK,
        false => Status::BUFFER_TOO_SMALL,
    }
}
