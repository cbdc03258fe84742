//! The whole phone in a seeded world with virtual time.
