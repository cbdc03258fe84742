//! Sockets, names and interfaces.
