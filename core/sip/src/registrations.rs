//! Table of accounts, one binding each.
