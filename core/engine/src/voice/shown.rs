//! Plugins as control shows them, and what is told of those that are replaced.

use super::Error;
use super::reload::{Became, News, Refused};
use control::event::PluginChange;
use control::plugin::PluginBuilds;
use control::snapshot::{PluginSnapshot, PluginState};
use control::{CallHandle, Code, ErrorObject, EventBody};
use media_thread::replace::WentWrong;
use plugin_host::{About, Catalogue, Origin};

/// How plugins stand, and what happened to them, with the call.
pub(crate) struct Shown {
    pub(crate) plugins: Vec<PluginSnapshot>,
    pub(crate) events: Vec<(Option<CallHandle>, EventBody)>,
}

/// Every plugin that was found, and every one that was refused.
pub(crate) fn plugins(catalogue: &Catalogue) -> Vec<PluginSnapshot> {
    let loaded = catalogue.plugins().map(|about| in_use(about, catalogue));
    let refused = catalogue.refused().iter().map(|refused| PluginSnapshot {
        id: refused.path.display().to_string(),
        kind: String::new(),
        version: String::new(),
        abi: None,
        state: PluginState::Refused,
        trust: String::new(),
        path: Some(refused.path.display().to_string()),
        builds: None,
        error: Some(
            ErrorObject::new(Code::PLUGIN_REFUSED, refused.error.to_string())
                .fix(refused.error.fix()),
        ),
    });
    loaded.chain(refused).collect()
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
    Shown { plugins, events }
}

fn change(mut snapshot: PluginSnapshot, error: Option<ErrorObject>) -> Box<PluginChange> {
    snapshot.error = error;
    Box::new(PluginChange {
        id: snapshot.id.clone(),
        version: snapshot.version.clone(),
        abi: snapshot.abi.clone(),
        reason_code: snapshot.error.as_ref().map(|error| error.code),
        fix: snapshot.error.as_ref().map(|error| error.fix.clone()),
        snapshot,
    })
}

const fn in_words(wrong: WentWrong) -> &'static str {
    match wrong {
        WentWrong::Panicked => "the newer build panicked, or its process ended",
        WentWrong::TooSlow => "the newer build was too slow three times",
        WentWrong::Garbage => "the newer build said a count that cannot be",
        WentWrong::Failed => "the newer build refused what the one before did",
    }
}

/// Why no newer build came.
pub(super) fn refusal(why: Refused) -> ErrorObject {
    match why {
        Refused::NotHere | Refused::NotLive { .. } => {
            ErrorObject::new(Code::WRONG_STATE, why.to_string())
        }
        Refused::NoFile { .. } => ErrorObject::new(Code::USAGE, why.to_string()),
        Refused::Plugin(error @ plugin_host::Error::Missing { .. }) => Error::from(error).explain(),
        Refused::Plugin(error) => {
            ErrorObject::new(Code::PLUGIN_REFUSED, error.to_string()).fix(error.fix())
        }
        Refused::Media(error) => ErrorObject::new(Code::PLUGIN_REFUSED, error.to_string()),
    }
}
