//! `offhook.metrics/1`: numbers of plugins, shown beside the host's own.

use super::{asker, read};
use core::ffi::c_void;
use plugin_abi::{self as abi, Status, Text};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

/// Names of one plugin. What comes beyond is refused.
const NAMES: usize = 64;
/// Longest name. Unit: bytes.
const LONGEST_NAME: usize = 64;

/// One number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Figure {
    /// Only goes up.
    Counter(u64),
    /// Goes both ways.
    Gauge(i64),
}

/// The numbers of one plugin.
#[derive(Debug, Default)]
pub(super) struct Metrics(Mutex<BTreeMap<String, Figure>>);

impl Metrics {
    pub(super) fn read(&self) -> BTreeMap<String, Figure> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    fn change(&self, name: &[u8], by: impl FnOnce(Option<Figure>) -> Option<Figure>) -> Status {
        let of_name = |b: &u8| b.is_ascii_lowercase() || b.is_ascii_digit() || *b == b'_';
        let fits = (1..=LONGEST_NAME).contains(&name.len()) && name.iter().all(of_name);
        let (true, Ok(name)) = (fits, core::str::from_utf8(name)) else {
            return Status::BAD_ARGUMENT;
        };
        let mut figures = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let before = figures.get(name).copied();
        if before.is_none() && figures.len() >= NAMES {
            return Status::UNAVAILABLE;
        }
        let Some(after) = by(before) else {
            return Status::BAD_ARGUMENT;
        };
        figures.insert(name.to_owned(), after);
        Status::OK
    }
}

pub(super) static TABLE: abi::MetricTable = abi::MetricTable {
    size: size_of::<abi::MetricTable>() as u32,
    reserved: 0,
    add: Some(add),
    set: Some(set),
};

unsafe extern "C" fn add(context: *mut c_void, name: Text, by: u64) -> Status {
    // SAFETY: the plugin hands back what it was given, and lends the name for the call.
    let (Some(context), name) = (unsafe { asker(context) }, unsafe { read(name) }) else {
        return Status::BAD_ARGUMENT;
    };
    context.metrics.change(name, |before| match before {
        None => Some(Figure::Counter(by)),
        Some(Figure::Counter(sum)) => Some(Figure::Counter(sum.saturating_add(by))),
        Some(Figure::Gauge(_)) => None,
    })
}

unsafe extern "C" fn set(context: *mut c_void, name: Text, value: i64) -> Status {
    // SAFETY: as above.
    let (Some(context), name) = (unsafe { asker(context) }, unsafe { read(name) }) else {
        return Status::BAD_ARGUMENT;
    };
    context.metrics.change(name, |before| match before {
        None | Some(Figure::Gauge(_)) => Some(Figure::Gauge(value)),
        Some(Figure::Counter(_)) => None,
    })
}
