//! What an isolated plugin gives the log service comes into the log of this process, at its level.
#![allow(clippy::unwrap_used)]

mod common;

use offhook_plugin_host as host;
use std::fmt::{Debug, Write as _};
use std::path::PathBuf;
use std::sync::Mutex;
use std::time::{Duration, Instant};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

static LINES: Mutex<String> = Mutex::new(String::new());

/// Keeps what comes from plugins.
struct Keeper;

struct Text<'a>(&'a mut String);

impl Visit for Text<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        write!(self.0, " {field}={value:?}").unwrap();
    }
}

impl Subscriber for Keeper {
    fn enabled(&self, about: &Metadata<'_>) -> bool {
        about.target() == "plugin"
    }

    fn event(&self, event: &Event<'_>) {
        let mut lines = LINES.lock().unwrap();
        write!(lines, "{}", event.metadata().level()).unwrap();
        event.record(&mut Text(&mut lines));
        lines.push('\n');
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}

#[test]
fn the_lines_of_an_isolated_plugin_are_told_at_their_level() {
    tracing::subscriber::set_global_default(Keeper).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let say = "ON_INIT=static const Text id = TEXT(\"offhook.log/1\");\
               static const Text one = TEXT(\"is\\ncareful\");\
               static const Text two = TEXT(\"is ready\");\
               const OffhookLogTable *t = host->service(host->context, id);\
               t->log(host->context, 2, one);\
               t->log(host->context, 4, two)";
    let file = common::compile_c(folder.path(), "says", &[say.to_owned()]);
    let program = PathBuf::from(env!("CARGO_BIN_EXE_offhook-plugin-host"));
    let mut catalogue = host::Catalogue::new("test", "1").isolated_by(program);
    catalogue.add_isolated(&file).unwrap();
    let end = Instant::now() + Duration::from_secs(5);
    while LINES.lock().unwrap().lines().count() < 2 {
        assert!(Instant::now() < end, "they never came");
        std::thread::sleep(Duration::from_millis(2));
    }
    assert_eq!(
        *LINES.lock().unwrap(),
        "WARN message=is careful plugin=\"codec-copy\"\nDEBUG message=is ready plugin=\"codec-copy\"\n"
    );
}
