//! The engine against programs nobody here wrote.
