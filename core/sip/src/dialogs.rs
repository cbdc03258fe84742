//! Table of sessions; forking.
