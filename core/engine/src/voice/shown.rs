//! Plugins as control shows them, and what is told of those that are replaced.

use super::reload::{Became, News, Refused};
use control::event::PluginChange;
use control::plugin::PluginBuilds;
use control::snapshot::{PluginSnapshot, PluginState};
use control::{CallHandle, Code, ErrorObject, EventBody};
use media_thread::replace::WentWrong;
use plugin_host::{About, Catalogue, Origin, Watch};

/// How plugins stand, and what happened to them, with the call.
pub(crate) struct Shown {
    pub(crate) plugins: Vec<PluginSnapshot>,
    pub(crate) watches: Vec<Watch>,
    pub(crate) events: Vec<(Option<CallHandle>, EventBody)>,
}

/// Every plugin that was found, and every file that was refused.
pub(crate) fn plugins(catalogue: &Catalogue) -> Vec<PluginSnapshot> {
    let loaded = catalogue.plugins().map(|about| in_use(about, catalogue));
    loaded
        .chain(catalogue.refused().iter().map(refused))
        .collect()
}

fn refused(refused: &plugin_host::Refused) -> PluginSnapshot {
    let path = refused.path.display().to_string();
    let error = ErrorObject::new(Code::PLUGIN_REFUSED, refused.error.to_string());
    PluginSnapshot {
        id: refused.id.clone().unwrap_or_else(|| path.clone()),
        kind: String::new(),
        version: String::new(),
        abi: None,
        state: match matches!(refused.error, plugin_host::Error::SwitchedOff { .. }) {
            true => PluginState::Disabled,
            false => PluginState::Refused,
        },
        trust: String::new(),
        path: Some(path),
        sha256: None,
        unguarded: Vec::new(),
        builds: None,
        error: Some(error.fix(refused.error.fix())),
    }
}

fn in_use(about: &About, catalogue: &Catalogue) -> PluginSnapshot {
    PluginSnapshot {
        id: about.id.clone(),
        kind: about.kind.name().to_owned(),
        version: about.version.clone(),
        abi: Some(about.abi.clone()),
        state: PluginState::Loaded,
        trust: match &about.origin {
            Origin::BuiltIn => "built-in",
            Origin::File(_) => "in-process",
            Origin::Isolated(_) => "isolated",
        }
        .to_owned(),
        path: match &about.origin {
            Origin::BuiltIn => None,
            Origin::File(path) | Origin::Isolated(path) => Some(path.display().to_string()),
        },
        sha256: about.sha256.clone(),
        unguarded: about.unguarded.clone(),
        builds: builds(&about.id, catalogue),
        error: None,
    }
}

/// Of a plugin that was replaced.
pub(crate) fn builds(id: &str, catalogue: &Catalogue) -> Option<PluginBuilds> {
    let all = catalogue.builds(id);
    let generation = all.iter().find(|build| build.is_current)?.generation;
    let old = || all.iter().filter(|build| !build.is_current);
    (generation > 1).then(|| PluginBuilds {
        generation,
        old: old().count() as u64,
        old_in_use: old().filter(|build| build.in_use).count() as u64,
        old_mapped_bytes: old().map(|build| build.mapped_bytes).sum(),
    })
}

/// What happened, as events, and how all plugins stand after it.
pub(super) fn told(news: Vec<News>, catalogue: &Catalogue) -> Shown {
    let plugins = plugins(catalogue);
    let events = news.into_iter().filter_map(|news| {
        let snapshot = plugins
            .iter()
            .find(|shown| shown.id == news.plugin)?
            .clone();
        Some(match news.became {
            Became::Kept { .. } => (None, EventBody::PluginReplaced(change(snapshot, None))),
            Became::RolledBack { leg, wrong } => {
                let error = ErrorObject::new(Code::PLUGIN_ROLLED_BACK, in_words(wrong));
                let body = EventBody::PluginRolledBack(change(snapshot, Some(error)));
                (Some(CallHandle::from_number(leg.0)), body)
            }
        })
    });
    let events = events.collect();
    Shown {
        plugins,
        watches: catalogue.watches(),
        events,
    }
}

fn change(mut snapshot: PluginSnapshot, error: Option<ErrorObject>) -> Box<PluginChange> {
    snapshot.error = error;
    crate::plugins::change(&snapshot)
}

const fn in_words(wrong: WentWrong) -> &'static str {
    match wrong {
        WentWrong::Panicked => "the newer build panicked, or its process ended",
        WentWrong::TooSlow => "the newer build was too slow three times",
        WentWrong::Garbage => "the newer build said a count that cannot be",
        WentWrong::Failed => "the newer build refused what the one before did",
        WentWrong::SwitchedOff => "the newer build was switched off",
    }
}

/// Why no newer build came.
pub(super) fn refusal(why: Refused) -> ErrorObject {
    match why {
        Refused::NotHere => ErrorObject::new(Code::PLUGIN_NOT_POSSIBLE, why.to_string())
            .fix("start the engine without --safe-mode and --only-bundled, with OFFHOOK_STATE_DIR or a home folder"),
        Refused::NotLive { .. } => ErrorObject::new(Code::PLUGIN_NOT_POSSIBLE, why.to_string())
            .fix("leave out --live: what is opened from then on is of the newer build"),
        Refused::NoFile { .. } => ErrorObject::new(Code::USAGE, why.to_string()),
        Refused::Plugin(error @ plugin_host::Error::Missing { .. }) => {
            ErrorObject::new(Code::UNKNOWN_PLUGIN, error.to_string())
        }
        Refused::Plugin(error) => {
            ErrorObject::new(Code::PLUGIN_REFUSED, error.to_string()).fix(error.fix())
        }
        Refused::Media(error) => ErrorObject::new(Code::PLUGIN_REFUSED, error.to_string()),
        Refused::Voice(error) => ErrorObject::new(Code::PLUGIN_REFUSED, error.to_string()),
    }
}
