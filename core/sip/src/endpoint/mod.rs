//! Table of all transactions: one message in, one delivery out.
