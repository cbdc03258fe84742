//! What a plugin author writes against; both sides of each kind.
