//! Configuration files to checked, typed settings.
