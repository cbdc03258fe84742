//! Puts parts together and runs them; knows none by name.
