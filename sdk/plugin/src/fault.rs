//! What is wrong with a table or entry that a host looks at.

use core::fmt;

/// Why a table cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// The pointer itself is null.
    Null,
    /// The struct ends before the fields that its first release had.
    Short {
        /// What it says of itself. Unit: bytes.
        size: u32,
        /// What its first release had. Unit: bytes.
        need: u32,
    },
    /// A function that must be there is null.
    NullFunction(&'static str),
    /// Built for another major of the boundary.
    Major {
        /// The plugin's.
        theirs: u32,
        /// This host's.
        ours: u32,
    },
    /// What it says makes no sense; the text says what.
    Nonsense(String),
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("is null"),
            Self::Short { size, need } => write!(f, "is {size} bytes, at least {need} are needed"),
            Self::NullFunction(name) => write!(f, "has no function {name}"),
            Self::Major { theirs, ours } => {
                write!(f, "is built for boundary {theirs}, this host has {ours}")
            }
            Self::Nonsense(what) => f.write_str(what),
        }
    }
}

impl std::error::Error for Fault {}

/// Copies what a size-prefixed struct has of `T`; fields beyond its end are zero.
///
/// # Safety
/// `at` must be null or point to a struct whose first field is its size (`u32`, bytes) and of which
/// that many bytes are readable. `T` must be one of the boundary's structs, for which zero is a value.
pub(crate) unsafe fn prefix<T: Copy>(at: *const T, need: usize) -> Result<T, Fault> {
    if at.is_null() {
        return Err(Fault::Null);
    }
    // SAFETY: not null, and the caller vouches for a readable size at its start.
    let size = unsafe { at.cast::<u32>().read() };
    let length = usize::try_from(size).unwrap_or(usize::MAX);
    if length < need {
        return Err(Fault::Short {
            size,
            need: u32::try_from(need).unwrap_or(u32::MAX),
        });
    }
    let mut copy = core::mem::MaybeUninit::<T>::zeroed();
    let length = length.min(size_of::<T>());
    // SAFETY: `length` bytes are readable as the size says, and fit into `copy`.
    unsafe { core::ptr::copy_nonoverlapping(at.cast::<u8>(), copy.as_mut_ptr().cast(), length) };
    // SAFETY: the caller vouches that zero is a value of `T`; the rest came from a real one.
    Ok(unsafe { copy.assume_init() })
}
