//! G.711, both laws.
