//! Every word that parts say to each other.
