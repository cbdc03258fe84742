//! Finds, loads, lists and fences plugins.
