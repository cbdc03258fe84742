//! The list of all keys. config/defaults.toml gives each its default and tells the person about it.

use crate::lines::Lines;
use crate::value::Kind;
use audio::call_tone::Signal;

/// One key and what it takes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Key {
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
}

const fn key(name: &'static str, kind: Kind) -> Key {
    Key { name, kind }
}

const fn number(min: u64, max: u64) -> Kind {
    Kind::Number { min, max, step: 1 }
}

/// How a plugin may run.
pub(crate) const TRUST: Kind = Kind::Choice(&["built-in", "in-process", "isolated"]);

/// All keys but those of `[accounts.ID]`, which are those of `[account]`, of [`BY_PLUGIN`], and of
/// `[codec.NAME]`, which are the codec's own.
pub(crate) const KEYS: &[Key] = &[
    key("engine.default_account", Kind::Id),
    key(
        "engine.log",
        Kind::Choice(&["error", "warn", "info", "debug", "trace"]),
    ),
    key("control.socket", Kind::Text),
    key("control.faces", Kind::Devices),
    key("limits.calls", number(1, 100_000)),
    key("limits.calls_full", Kind::Choice(&["busy", "later"])),
    key("limits.dialogs", number(1, 1_000_000)),
    key("limits.transactions", number(1, 10_000_000)),
    key("limits.early_dialogs_per_source", number(0, 100_000)),
    key("limits.sip_datagram_bytes", number(1500, 65_536)),
    key("limits.sip_head_bytes", number(1500, 1_048_576)),
    key("limits.sip_body_bytes", number(1500, 16_777_216)),
    key("limits.sip_headers", number(16, 1024)),
    key("limits.connections", number(1, 100_000)),
    key("limits.connections_per_source", number(1, 100_000)),
    key("limits.mailbox", number(16, 1_048_576)),
    key("sip.listen", Kind::Listen),
    key("sip.ring_for_s", number(1, 3600)),
    key("sip.user_agent", Kind::Text),
    key("calls.one_active", Kind::Switch),
    key("calls.hold_sends", Kind::Choice(&["nothing", "silence"])),
    key(
        "calls.transferred",
        Kind::Choice(&["ask", "allow", "refuse"]),
    ),
    key(
        "calls.handed_over_ringing",
        Kind::Choice(&["give_up", "replace"]),
    ),
    key("incoming.mode", Kind::Choice(&["push", "keepAwake", "off"])),
    key("incoming.accept", Kind::Incoming),
    key("incoming.accept_after_ms", number(0, 600_000)),
    key("account.register", Kind::Switch),
    key(
        "account.icm",
        Kind::Choice(&["auto", "push", "keepAwake", "off"]),
    ),
    key(
        "account.requires_registration_for_outgoing_calls",
        Kind::Switch,
    ),
    key("account.icm_auto", Kind::Switch),
    key("account.incoming_disabled", Kind::Switch),
    key("account.push_method", Kind::Choice(&["off", "tunnel"])),
    key("account.bgr_enabled", Kind::Switch),
    key("account.force_registration", Kind::Switch),
    key("account.user", Kind::Text),
    key("account.domain", Kind::Server),
    key("account.auth_user", Kind::Text),
    key("account.display", Kind::Text),
    key("account.password", Kind::Secret),
    key("account.password_file", Kind::Text),
    key("account.password_env", Kind::Text),
    key("account.registrar", Kind::Server),
    key("account.standby", Kind::Server),
    key("account.standby_after_s", number(1, 3600)),
    key("account.outbound_proxy", Kind::Server),
    key(
        "account.transport",
        Kind::Choice(&["udp", "tcp", "tls", "tls+sip", "tls+sip:"]),
    ),
    key("account.tls_ca", Kind::Texts),
    key("account.tls_pins", Kind::Texts),
    key("account.tls_certificate", Kind::Text),
    key("account.tls_key", Kind::Text),
    key("account.udp_from_unknown", Kind::Switch),
    key("account.allow_message", Kind::Switch),
    key("account.publish_presence", Kind::Switch),
    key("account.watchers", Kind::Lines(Lines::Watchers)),
    key("account.watcher_groups", Kind::Lines(Lines::Groups)),
    key("account.expires_s", number(20, 86_400)),
    key(
        "account.keepalive",
        Kind::Choice(&["none", "crlf", "options", "stun"]),
    ),
    key("account.keepalive_s", number(5, 3600)),
    key("account.headers", Kind::Lines(Lines::Headers)),
    key("account.blf", Kind::Texts),
    key("account.park_slots", Kind::Texts),
    key(
        "account.blf_event",
        Kind::Choice(&["dialog", "presence", "reg"]),
    ),
    key("account.blf_list", Kind::Target),
    key("account.blf_poll_s", number(5, 3600)),
    key("account.subscription_expires_s", number(30, 86_400)),
    key("account.subscribe_for_voicemail", Kind::Switch),
    key("account.voicemail_number", Kind::Text),
    key("account.conference", Kind::Target),
    key("account.mail_user_as_local", Kind::Switch),
    key("account.mail_domain", Kind::Text),
    key("account.rewriting", Kind::Lines(Lines::Rewriting)),
    key(
        "account.incoming_rewriting",
        Kind::Lines(Lines::IncomingRewriting),
    ),
    key("account.country_code", Kind::Digits),
    key("account.area_code", Kind::Digits),
    key("account.national_prefix", Kind::Digits),
    key("account.international_prefix", Kind::Digits),
    key("account.trunk_access", Kind::Digits),
    key("account.own_number_length", number(0, 15)),
    key("account.cth_enabled", Kind::Switch),
    key("account.cth_dial_string", Kind::CallThrough),
    key("account.custom_action_url", Kind::Text),
    key("account.remote_contact", Kind::Lines(Lines::Identities)),
    key("account.do_not_disturb", Kind::Switch),
    key(
        "account.do_not_disturb_schedule",
        Kind::Lines(Lines::Schedule),
    ),
    key("account.do_not_disturb_gmt_offset_min", Kind::GmtOffset),
    key("account.do_not_disturb_except", Kind::Lines(Lines::Callers)),
    key("account.forwarding_enabled", Kind::Switch),
    key("account.forwarding_number", Kind::Target),
    key("account.forwarding_busy_number", Kind::Target),
    key("account.forwarding_no_answer_number", Kind::Target),
    key("account.forwarding_no_answer_s", number(1, 600)),
    key("account.forwarding_codes", Kind::Lines(Lines::Codes)),
    key("account.call_waiting", Kind::Switch),
    key("account.auto_answer", Kind::Switch),
    key("account.auto_answer_s", number(0, 3600)),
    key("account.auto_answer_asked", Kind::Switch),
    key(
        "account.auto_answer_callers",
        Kind::Lines(Lines::AnswerCallers),
    ),
    key("account.auto_answer_muted", Kind::Switch),
    key("account.trying_tone", Kind::Tone(None)),
    key("account.ringing_tone", Kind::Tone(Some(Signal::Ringing))),
    key("account.end_call_tone", Kind::Tone(None)),
    key("account.busy_tone", Kind::Tone(Some(Signal::Busy))),
    key("account.failed_tone", Kind::Tone(Some(Signal::Congestion))),
    key(
        "account.call_waiting_tone",
        Kind::Tone(Some(Signal::Waiting)),
    ),
    key("account.ringtone", Kind::Tone(Some(Signal::Ringing))),
    key("account.ringtones", Kind::Lines(Lines::Ringtones)),
    key("account.message_tone", Kind::Tone(None)),
    key("account.directories", Kind::Devices),
    key("account.directory_refresh_s", number(1, 86_400)),
    key("account.xcap", Kind::Text),
    key("account.xcap_refresh_s", number(1, 86_400)),
    key("account.xcap_forwarding", Kind::Switch),
    key("account.xcap_rights", Kind::Switch),
    key("account.xcap_groups", Kind::Switch),
    key("account.carddav_title", Kind::Text),
    key("account.carddav_principal_url", Kind::Text),
    key("account.carddav_refresh_s", number(1, 86_400)),
    key("account.carddav_user", Kind::Text),
    key("account.carddav_password", Kind::Secret),
    key("account.carddav_clear_password", Kind::Switch),
    key("account.ldap_title", Kind::Text),
    key("account.ldap_url", Kind::Text),
    key("account.ldap_base", Kind::Text),
    key("account.ldap_user", Kind::Text),
    key("account.ldap_password", Kind::Secret),
    key("account.ldap_options", Kind::Text),
    key("account.system_directory_title", Kind::Text),
    key("account.system_directory_url", Kind::Text),
    key("account.server_book_title", Kind::Text),
    key("account.server_book_url", Kind::Text),
    key("account.server_user", Kind::Text),
    key("account.server_password", Kind::Secret),
    key("account.server_clear_password", Kind::Switch),
    key("dial.emergency", Kind::Lines(Lines::Numbers)),
    key(
        "dial.uri_confirm",
        Kind::Choice(&["always", "unknown", "never"]),
    ),
    key("media.codecs", Kind::Codecs),
    key("media.codec_order", Kind::Choice(&["theirs", "ours"])),
    key(
        "media.ptime_ms",
        Kind::Number {
            min: 10,
            max: 200,
            step: 10,
        },
    ),
    key("media.port_min", number(1024, 65_535)),
    key("media.port_max", number(1024, 65_535)),
    key("media.jitter_max_ms", number(20, 1000)),
    key("media.threads", number(0, 256)),
    key(
        "media.priority",
        Kind::Choice(&["auto", "realtime", "high", "normal"]),
    ),
    key("media.microphone", Kind::Device),
    key("media.speaker", Kind::Device),
    key("media.ringer", Kind::OptionalDevice),
    key("media.keypad_tones", Kind::Switch),
    key("filters.microphone", Kind::Devices),
    key("filters.speaker", Kind::Devices),
    key("dtmf.order", Kind::Names),
    key("dtmf.all", Kind::Switch),
    key("dtmf.negotiate_only_8khz", Kind::Switch),
    key("dtmf.duration_in_8khz", Kind::Switch),
    key("dtmf.info_body", Kind::Choice(&["dtmf-relay", "dtmf"])),
    key("dtmf.listen", Kind::Choice(&["auto", "always", "never"])),
    key("recording.plugin", Kind::Id),
    key("recording.folder", Kind::Text),
    key("recording.channels", number(1, 2)),
    key("recording.options", Kind::Text),
    key("history.folder", Kind::Text),
    key("history.keep", number(0, 1_000_000)),
    key("dscp.voice", number(0, 63)),
    key("dscp.signalling", number(0, 63)),
    key("plugins.path", Kind::Texts),
    key("plugins.allow", Kind::Names),
    key("plugins.without", Kind::Names),
    key("plugins.drafts", Kind::Switch),
    key("plugins.default_trust", TRUST),
    key("plugins.sha256_required", Kind::Switch),
];

/// The tables below `plugins` whose keys are ids of plugins.
pub(crate) const BY_PLUGIN: [&str; 3] = ["plugins.trust", "plugins.sha256", "plugins.options"];

/// Account and key of a path below `accounts`. An id may hold dots; a key holds none, unless it is a
/// codec's.
pub(crate) fn of_account(path: &str) -> Option<(&str, &str)> {
    let rest = path.strip_prefix("accounts.")?;
    let (id, key) = match rest.find(".codec.") {
        Some(at) => (rest.get(..at)?, rest.get(at + 1..)?),
        None => rest.rsplit_once('.')?,
    };
    crate::value::is_id(id).then_some((id, key))
}

/// Codec and option of a key `codec.NAME.OPTION`.
pub(crate) fn of_codec(key: &str) -> Option<(&str, &str)> {
    let (name, option) = key.strip_prefix("codec.")?.split_once('.')?;
    let is_option = !option.contains('.') && crate::value::is_id(option);
    (is_codec(name) && is_option).then_some((name, option))
}

/// Whether `path` is a table of codecs' options, for all accounts or for one.
pub(crate) fn is_codec_table(path: &str) -> bool {
    let key = match path.strip_prefix("accounts.") {
        Some(rest) if rest.ends_with(".codec") => "codec",
        Some(_) => of_account(path).map_or("", |(_, key)| key),
        None => path,
    };
    key == "codec" || key.strip_prefix("codec.").is_some_and(is_codec)
}

fn is_codec(name: &str) -> bool {
    !name.contains('.') && crate::value::is_id(name)
}

/// What a full path takes; `None` when there is no such key.
pub(crate) fn kind_of(path: &str) -> Option<Kind> {
    let key = match path.starts_with("accounts.") {
        true => of_account(path)?.1,
        false => path,
    };
    if of_codec(key).is_some() {
        return Some(Kind::Option);
    }
    let name = match path == key {
        true => path.to_owned(),
        false => format!("account.{key}"),
    };
    if let Some(id) = name.strip_prefix("plugins.trust.") {
        return crate::value::is_id(id).then_some(TRUST);
    }
    if let Some(id) = name.strip_prefix("plugins.sha256.") {
        return crate::value::is_id(id).then_some(Kind::Sha256);
    }
    if let Some((id, option)) = option_of(&name) {
        return (crate::value::is_id(id) && crate::value::is_id(option))
            .then_some(Kind::PluginOption);
    }
    KEYS.iter().find(|key| key.name == name).map(|key| key.kind)
}

/// Plugin and option of a key `plugins.options.ID.NAME`; an id may have dots, a name has none.
pub(crate) fn option_of(path: &str) -> Option<(&str, &str)> {
    path.strip_prefix("plugins.options.")?.rsplit_once('.')
}

/// Names that could stand where the last word of `path` stands: keys and tables, in order.
pub(crate) fn beside(path: &str) -> Vec<&'static str> {
    let (_, template, _) = split(path);
    let mut names: Vec<&str> = KEYS
        .iter()
        .filter_map(|key| {
            let rest = match template {
                "" => key.name,
                table => key.name.strip_prefix(table)?.strip_prefix('.')?,
            };
            rest.split('.').next()
        })
        .map(|name| {
            if template.is_empty() && name == "account" {
                "accounts"
            } else {
                name
            }
        })
        .collect();
    names.sort_unstable();
    names.dedup();
    names
}

/// The key that was most likely meant by `path`.
pub(crate) fn nearest(path: &str) -> Option<String> {
    let (scope, template, last) = split(path);
    let near = |a: &str, b: &str| {
        let begins = a.len() >= 3 && (a.starts_with(b) || b.starts_with(a));
        begins || distance(a, b) <= (b.len() / 2).clamp(1, 3)
    };
    let siblings = KEYS.iter().filter_map(|key| {
        let (table, name) = key.name.rsplit_once('.')?;
        (table == template).then_some(name)
    });
    let sibling = siblings
        .filter(|name| near(last, name))
        .min_by_key(|name| distance(last, name));
    if let Some(name) = sibling {
        return Some(format!("{scope}.{name}"));
    }
    if scope == "account" {
        return Some(format!("accounts.{last}"));
    }
    // The right name in the wrong table, or a table that is misspelt.
    let whole = KEYS.iter().map(|key| key.name);
    let moved = whole
        .clone()
        .find(|name| name.rsplit('.').next() == Some(last));
    let tables = whole.filter_map(|name| name.split('.').next());
    let table = tables
        .chain(["accounts"])
        .filter(|table| scope.is_empty() && near(last, table))
        .min_by_key(|table| distance(last, table));
    table.or(moved).map(str::to_owned)
}

/// Table as written, table as in the list of keys, last part.
fn split(path: &str) -> (&str, &str, &str) {
    let (scope, last) = path.rsplit_once('.').unwrap_or(("", path));
    let template = if scope.starts_with("accounts.") {
        "account"
    } else {
        scope
    };
    (scope, template, last)
}

/// Edits between two words (Levenshtein; swapped neighbours count as one).
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().take(64).collect(), b.chars().collect());
    let width = b.len() + 1;
    let mut cost = vec![0; (a.len() + 1) * width];
    let at = |i: usize, j: usize| i * width + j;
    for i in 0..=a.len() {
        for j in 0..=b.len() {
            cost[at(i, j)] = if i == 0 || j == 0 {
                i + j
            } else {
                let change = usize::from(a[i - 1] != b[j - 1]);
                let mut best = (cost[at(i - 1, j)] + 1)
                    .min(cost[at(i, j - 1)] + 1)
                    .min(cost[at(i - 1, j - 1)] + change);
                if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                    best = best.min(cost[at(i - 2, j - 2)] + 1);
                }
                best
            };
        }
    }
    cost[at(a.len(), b.len())]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_that_was_meant_is_found() {
        for (written, meant) in [
            ("media.ptim_ms", Some("media.ptime_ms")),
            ("media.ptime", Some("media.ptime_ms")),
            ("accounts.a.pasword", Some("accounts.a.password")),
            ("accounts.a.usre", Some("accounts.a.user")),
            ("engine.ptime_ms", Some("media.ptime_ms")),
            ("ptime_ms", Some("media.ptime_ms")),
            ("midea", Some("media")),
            ("acounts", Some("accounts")),
            ("plugins.trusted", None),
            ("account.office", Some("accounts.office")),
            ("weather.rain", None),
        ] {
            assert_eq!(nearest(written).as_deref(), meant, "{written}");
        }
    }

    #[test]
    fn accounts_and_trust_take_any_id() {
        assert_eq!(kind_of("accounts.a.b@c.user"), Some(Kind::Text));
        assert_eq!(kind_of("accounts..user"), None);
        assert_eq!(kind_of("plugins.trust.codec-x"), Some(TRUST));
        assert_eq!(kind_of("plugins.trust.a b"), None);
        assert_eq!(kind_of("plugins.sha256.codec-x"), Some(Kind::Sha256));
        assert_eq!(
            kind_of("plugins.options.org.a.b.rate"),
            Some(Kind::PluginOption)
        );
        assert_eq!(kind_of("plugins.options.rate"), None);
        assert_eq!(kind_of("account.user"), Some(Kind::Text));
        assert_eq!(kind_of("user"), None);
    }

    #[test]
    fn codecs_take_any_option() {
        assert_eq!(kind_of("codec.opus.class"), Some(Kind::Option));
        assert_eq!(kind_of("accounts.a.b@c.codec.opus.fec"), Some(Kind::Option));
        assert_eq!(
            of_account("accounts.a.b@c.codec.opus.fec"),
            Some(("a.b@c", "codec.opus.fec"))
        );
        for no_option in [
            "codec.opus",
            "codec.opus.a.b",
            "accounts.a.codec.opus",
            "codec",
        ] {
            assert_eq!(kind_of(no_option), None, "{no_option}");
        }
        for table in [
            "codec",
            "codec.opus",
            "accounts.a.codec",
            "accounts.a.codec.opus",
        ] {
            assert!(is_codec_table(table), "{table}");
        }
        assert!(!is_codec_table("accounts.a.user") && !is_codec_table("media"));
    }
}
