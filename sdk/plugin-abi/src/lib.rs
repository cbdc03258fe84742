//! The plugin boundary as a C layout, nothing else.
