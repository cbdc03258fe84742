//! Which part owns an inbound request.
