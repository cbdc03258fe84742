//! Session descriptions: text, types, offer and answer.
