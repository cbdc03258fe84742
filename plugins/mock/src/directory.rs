//! A directory with one entry: what it has counted.

use crate::orders::{Counts, Deed, Orders, Play};
use plugin::Directory;
use plugin::Refusal;

/// What directories of this process did.
pub static COUNTS: Counts = Counts::new();

/// A directory. Each question is a call.
#[derive(Debug)]
pub struct Mock(Play);

impl Directory for Mock {
    fn open(options: &str) -> Result<Self, Refusal> {
        Ok(Self(Play::new(Orders::read(options)?, &COUNTS)))
    }

    fn search(&mut self, _query: &str) -> Result<String, Refusal> {
        if self.0.call()? == Deed::Rubbish {
            return Ok("[{".to_owned());
        }
        let entry = serde_json::json!([{
            "name": "Mock",
            "numbers": ["600"],
            "organisation": COUNTS.read().json().to_string(),
            "id": "mock",
        }]);
        Ok(entry.to_string())
    }
}

plugin::export_directory!(Mock, id = "mock-directory", name = "Mock of a directory");
