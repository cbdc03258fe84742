//! `plugin`: which plugins there are, why, and what they cost.

mod inspect;

pub(super) use inspect::run as inspect;

use super::{Context, odd_reply};
use crate::args::{OnePlugin, PluginDisable};
use crate::error::Error;
use crate::link::Engine;
use crate::words;
use control::command::{NoFields, PluginRef};
use control::plugin::{PluginBuilds, PluginOff};
use control::snapshot::{PluginCost, PluginSnapshot, PluginState, SeatCost};
use control::{Command, ExitCode, Reply};
use serde_json::json;

/// The plugin that was typed.
pub(super) fn of(one: OnePlugin) -> PluginRef {
    PluginRef { plugin: one.plugin }
}

/// The plugin that is to be left out.
pub(super) fn off(args: PluginDisable) -> PluginOff {
    PluginOff {
        plugin: args.plugin,
        now: args.now,
    }
}

/// One command to the engine, and what it answers.
pub(super) fn ask(context: &mut Context, command: Command) -> Result<ExitCode, Error> {
    let mut engine = Engine::connect(&context.global, None)?;
    let (_, reply) = engine.ask(command)?;
    for line in lines(&reply)? {
        context.out.line(&line);
    }
    context.out.object(&reply);
    Ok(ExitCode::Success)
}

/// All plugins, and what those in use cost.
pub(super) fn list(context: &mut Context) -> Result<ExitCode, Error> {
    let mut engine = Engine::connect(&context.global, None)?;
    let (_, plugins) = engine.ask(Command::PluginList(NoFields {}))?;
    let Reply::Plugins { plugins } = plugins else {
        return Err(odd_reply(&plugins));
    };
    let (_, costs) = engine.ask(Command::PluginTop(NoFields {}))?;
    let Reply::PluginCosts { costs } = costs else {
        return Err(odd_reply(&costs));
    };
    for line in table(&plugins, &costs) {
        context.out.line(&line);
    }
    let object = json!({ "kind": "plugins", "plugins": plugins, "costs": costs });
    context.out.object(&object);
    Ok(ExitCode::Success)
}

fn lines(reply: &Reply) -> Result<Vec<String>, Error> {
    if let Reply::PluginCosts { costs } = reply {
        return Ok(top(costs));
    }
    if let Reply::PluginTries { tries } = reply {
        let searched = tries.searched.iter();
        let searched = searched.map(|folder| format!("  searched  {folder}"));
        let mut lines = vec![tries.id.clone()];
        lines.extend(searched);
        lines.extend(tries.candidates.iter().flat_map(candidate));
        return Ok(lines);
    }
    if *reply == Reply::NextStart {
        return Ok(vec!["from the engine's next start on".to_owned()]);
    }
    if let Reply::Switched { calls } = reply {
        let calls = match calls {
            0 => String::new(),
            1 => "; it stands in 1 call".to_owned(),
            calls => format!("; it stands in {calls} calls"),
        };
        return Ok(vec![format!("from now on{calls}")]);
    }
    Err(odd_reply(reply))
}

fn table(plugins: &[PluginSnapshot], costs: &[PluginCost]) -> Vec<String> {
    let mut rows = vec![
        [
            "id",
            "kind",
            "version",
            "abi",
            "state",
            "trust",
            "p99 µs",
            "crashes",
            "generation",
        ]
        .map(str::to_owned)
        .to_vec(),
    ];
    rows.extend(plugins.iter().map(|plugin| {
        let (p99, crashes) = cost(plugin, costs);
        vec![
            plugin.id.clone(),
            plugin.kind.clone(),
            plugin.version.clone(),
            plugin.abi.clone().unwrap_or_default(),
            state(plugin.state).to_owned(),
            trust(plugin),
            p99,
            crashes,
            generation(plugin),
        ]
    }));
    words::table(&rows)
}

/// Where its code runs, and how many limits of that this system lacks; `why` names them.
fn trust(plugin: &PluginSnapshot) -> String {
    match plugin.unguarded.len() {
        0 => plugin.trust.clone(),
        open => format!("{} ({open} open)", plugin.trust),
    }
}

/// How long a call takes, and how often it failed so that it was shut out or its process ended. Of a file that is not
/// in use: nothing.
fn cost(plugin: &PluginSnapshot, costs: &[PluginCost]) -> (String, String) {
    let is_refused = matches!(
        plugin.state,
        PluginState::Refused | PluginState::Disabled | PluginState::Unknown
    );
    let of = costs.iter().find(|cost| cost.id == plugin.id);
    of.filter(|_| !is_refused)
        .map_or_else(Default::default, |of| {
            (micros(of.p99_ns), (of.shut + of.faults).to_string())
        })
}

/// The how many-th build it is, and what the ones before hold until the engine ends.
fn generation(plugin: &PluginSnapshot) -> String {
    match &plugin.builds {
        None => String::new(),
        Some(PluginBuilds {
            generation,
            old,
            old_mapped_bytes,
            ..
        }) => format!("{generation} ({old} old: {} KiB)", old_mapped_bytes / 1_024),
    }
}

fn top(costs: &[PluginCost]) -> Vec<String> {
    let head = [
        "id", "open", "calls", "p50 µs", "p99 µs", "max µs", "late", "failed", "shut", "faults",
    ];
    let mut rows = vec![head.map(str::to_owned).to_vec()];
    for cost in costs {
        rows.push(vec![
            cost.id.clone(),
            cost.open.to_string(),
            cost.calls.to_string(),
            micros(cost.p50_ns),
            micros(cost.p99_ns),
            micros(cost.longest_ns),
            cost.misses.to_string(),
            cost.failures.to_string(),
            cost.shut.to_string(),
            cost.faults.to_string(),
        ]);
        rows.extend(cost.seats.iter().map(seat));
    }
    let mut lines = words::table(&rows);
    for cost in costs {
        let own = cost.metrics.iter();
        lines.extend(own.map(|(name, value)| format!("{} {name} {value}", cost.id)));
    }
    lines
}

/// One of the places where it is open.
fn seat(seat: &SeatCost) -> Vec<String> {
    let call = seat.call.map(|call| call.to_string());
    let place: Vec<String> = call.into_iter().chain(seat.slot.clone()).collect();
    let place = match place.as_slice() {
        [] => "elsewhere".to_owned(),
        place => place.join(" "),
    };
    vec![
        format!("  {place}"),
        String::new(),
        seat.calls.to_string(),
        micros(seat.p50_ns),
        micros(seat.p99_ns),
        micros(seat.longest_ns),
        seat.misses.to_string(),
        seat.failures.to_string(),
        String::new(),
        String::new(),
    ]
}

fn micros(ns: u64) -> String {
    format!("{}.{}", ns / 1_000, ns % 1_000 / 100)
}

fn candidate(plugin: &PluginSnapshot) -> Vec<String> {
    let place = plugin.path.clone().unwrap_or_else(|| "built in".to_owned());
    let mut lines = vec![format!("  {:<9} {place}", state(plugin.state))];
    if let Some(hash) = &plugin.sha256 {
        lines.push(format!("  sha256    {hash}"));
    }
    let open = plugin.unguarded.iter();
    lines.extend(open.map(|what| format!("  open      {what}")));
    if let Some(error) = &plugin.error {
        lines.push(format!("  why       {}", error.detail));
        lines.push(format!("  fix       {}", error.fix));
    }
    lines
}

const fn state(state: PluginState) -> &'static str {
    match state {
        PluginState::Loaded => "in use",
        PluginState::Refused => "refused",
        PluginState::Crashed => "crashed",
        PluginState::Bypassed => "bypassed",
        PluginState::Disabled => "off",
        PluginState::Quarantined => "quarantined",
        PluginState::Unknown => "?",
    }
}
