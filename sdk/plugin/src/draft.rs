//! Kinds that are not promised yet: nat, security, ui, directory, tone. Their ids may count up until the
//! release that brings their first user.

pub mod directory;
pub mod nat;
pub mod security;
pub mod tone;
pub mod ui;

/// What opens, looks up or draws is asked in text: JSON objects as the manifest's `config` describes them.
pub(crate) mod shared {
    use crate::{Refusal, Status, text};
    use plugin_abi::Text;

    /// # Safety
    /// `text` must be lent for `'a`.
    pub(crate) unsafe fn lent<'a>(text: Text) -> Result<&'a str, Refusal> {
        // SAFETY: the caller vouches for it.
        unsafe { text::borrow(text.ptr, text.len) }
            .ok_or_else(|| Refusal::new(Status::BAD_ARGUMENT, "what was asked is not text"))
    }
}
