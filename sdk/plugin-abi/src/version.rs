//! The layout's version and how two compare.
//!
//! A host loads a plugin when the majors are equal. Minors never decide: a newer side has longer
//! structs, and sizes say how much of them the older side may read.

/// Changes when something that both sides must agree on before any `size` is read changes.
pub const ABI_MAJOR: u32 = 1;

/// Counts additions within the major. For people; a loader compares sizes and ids instead.
pub const ABI_MINOR: u32 = 0;
