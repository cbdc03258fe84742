//! Checked values to typed settings, and the checks that need more than one value.

use super::{Values, choices, options, secrets, tls};
use crate::account::Account;
use crate::complaint::{Complaints, Origin};
use crate::keys;
use crate::settings::{
    Accept, CallsFull, CodecOrder, Device, Dscp, Dtmf, DtmfListen, Filters, History, Incoming,
    Limits, Listen, Log, Media, MediaPriority, Recording, Settings, Sip,
};
use crate::tones;
use crate::value::Value;
use audio::call_tone::{CallTones, Signal};
use base::Duration;
use std::path::PathBuf;

/// `None` when a value is missing, which only a broken defaults.toml can cause.
pub(super) fn settings(
    profile: &str,
    values: &Values,
    complaints: &mut Complaints,
) -> Option<Settings> {
    let media = media(values)?;
    check_order("media.port_min", "media.port_max", values, complaints);
    if media.codecs.is_empty() {
        let allowed = "allowed: at least one codec";
        complaints.error(
            &origin("media.codecs", values),
            "media.codecs",
            "the list is empty",
            allowed,
        );
    }
    let mut accounts = Vec::new();
    for id in account_ids(values) {
        accounts.push(account(&id, values, complaints)?);
    }
    super::rules::check_all(&accounts, values, complaints);
    let socket = values.text("control.socket")?;
    Some(Settings {
        profile: profile.to_owned(),
        log: match values.text("engine.log")? {
            "error" => Log::Error,
            "warn" => Log::Warn,
            "debug" => Log::Debug,
            "trace" => Log::Trace,
            _ => Log::Info,
        },
        control_socket: (!socket.is_empty()).then(|| PathBuf::from(socket)),
        faces: devices("control.faces", values)?,
        limits: limits(values)?,
        sip: sip(values)?,
        calls: super::calls::read(values)?,
        incoming: Incoming {
            accept: Accept::read(values.text("incoming.accept")?)?,
            accept_after: Duration::from_millis(values.number("incoming.accept_after_ms")?),
        },
        default_account: default_account(&accounts, values, complaints)?,
        accounts,
        media,
        filters: filters(values)?,
        tones: tones(|name| format!("account.{name}"), values)?,
        dtmf: dtmf(values, complaints)?,
        dscp: Dscp {
            voice: values.fit("dscp.voice")?,
            signalling: values.fit("dscp.signalling")?,
        },
        recording: recording(values)?,
        history: history(values)?,
        plugins: super::plugins::plugins(values)?,
    })
}

fn limits(values: &Values) -> Option<Limits> {
    let per_source: usize = values.fit("limits.early_dialogs_per_source")?;
    Some(Limits {
        calls: values.fit("limits.calls")?,
        calls_full: match values.text("limits.calls_full")? {
            "later" => CallsFull::Later,
            _ => CallsFull::Busy,
        },
        dialogs: values.fit("limits.dialogs")?,
        transactions: values.fit("limits.transactions")?,
        early_dialogs_per_source: (per_source > 0).then_some(per_source),
        sip_datagram_bytes: values.fit("limits.sip_datagram_bytes")?,
        sip_head_bytes: values.fit("limits.sip_head_bytes")?,
        sip_body_bytes: values.fit("limits.sip_body_bytes")?,
        sip_headers: values.fit("limits.sip_headers")?,
        connections: values.fit("limits.connections")?,
        connections_per_source: values.fit("limits.connections_per_source")?,
        mailbox: values.fit("limits.mailbox")?,
    })
}

fn sip(values: &Values) -> Option<Sip> {
    let listen = values.list("sip.listen")?;
    Some(Sip {
        listen: listen
            .iter()
            .filter_map(|text| Listen::read(text))
            .collect(),
        ring_for: values.seconds("sip.ring_for_s")?,
        user_agent: values.text("sip.user_agent")?.to_owned(),
    })
}

fn media(values: &Values) -> Option<Media> {
    let threads: usize = values.fit("media.threads")?;
    let ours = values.text("media.codec_order")? == "ours";
    Some(Media {
        codecs: values.list("media.codecs")?.to_vec(),
        codec_options: options::of_codecs("", values),
        codec_order: if ours {
            CodecOrder::Ours
        } else {
            CodecOrder::Theirs
        },
        ptime_ms: values.fit("media.ptime_ms")?,
        port_min: values.fit("media.port_min")?,
        port_max: values.fit("media.port_max")?,
        jitter_max_ms: values.fit("media.jitter_max_ms")?,
        threads: (threads > 0).then_some(threads),
        priority: match values.text("media.priority")? {
            "realtime" => MediaPriority::Realtime,
            "high" => MediaPriority::High,
            "normal" => MediaPriority::Normal,
            _ => MediaPriority::Auto,
        },
        microphone: Device::read(values.text("media.microphone")?)?,
        speaker: Device::read(values.text("media.speaker")?)?,
        ringer: Device::read(values.text("media.ringer")?),
        keypad_tones: values.switch("media.keypad_tones")?,
    })
}

/// The tones of calls; `key` says which key counts for a name.
fn tones(key: impl Fn(&str) -> String, values: &Values) -> Option<CallTones> {
    let read = |name, signal| Some(tones::read(values.text(&key(name))?, signal));
    Some(CallTones {
        trying: read("trying_tone", None)?,
        ringing: read("ringing_tone", Some(Signal::Ringing))?,
        end_call: read("end_call_tone", None)?,
        busy: read("busy_tone", Some(Signal::Busy))?,
        failed: read("failed_tone", Some(Signal::Congestion))?,
        waiting: read("call_waiting_tone", Some(Signal::Waiting))?,
        ringtone: read("ringtone", Some(Signal::Ringing))?,
        message: read("message_tone", None)?,
    })
}

fn filters(values: &Values) -> Option<Filters> {
    Some(Filters {
        microphone: devices("filters.microphone", values)?,
        speaker: devices("filters.speaker", values)?,
    })
}

fn devices(key: &str, values: &Values) -> Option<Vec<Device>> {
    let list = values.list(key)?.iter();
    list.map(|text| Device::read(text)).collect()
}

fn recording(values: &Values) -> Option<Recording> {
    let folder = values.text("recording.folder")?;
    Some(Recording {
        plugin: values.text("recording.plugin")?.to_owned(),
        folder: (!folder.is_empty()).then(|| PathBuf::from(folder)),
        channels: values.fit("recording.channels")?,
        options: values.text("recording.options")?.to_owned(),
    })
}

fn history(values: &Values) -> Option<History> {
    let folder = values.text("history.folder")?;
    Some(History {
        folder: (!folder.is_empty()).then(|| PathBuf::from(folder)),
        keep: values.fit("history.keep")?,
    })
}

fn dtmf(values: &Values, complaints: &mut Complaints) -> Option<Dtmf> {
    let key = "dtmf.order";
    let order = values.list(key)?.to_vec();
    if order.is_empty() {
        let allowed = "allowed: at least one of rfc2833, info, audio";
        complaints.error(&origin(key, values), key, "the list is empty", allowed);
    }
    Some(Dtmf {
        order,
        all: values.switch("dtmf.all")?,
        negotiate_only_8khz: values.switch("dtmf.negotiate_only_8khz")?,
        duration_in_8khz: values.switch("dtmf.duration_in_8khz")?,
        info_body: values.text("dtmf.info_body")?.to_owned(),
        listen: match values.text("dtmf.listen")? {
            "always" => DtmfListen::Always,
            "never" => DtmfListen::Never,
            _ => DtmfListen::Auto,
        },
    })
}

fn account(id: &str, values: &Values, complaints: &mut Complaints) -> Option<Account> {
    let key = |name: &str| values.account_key(id, name);
    let text = |name: &str| values.text(&key(name));
    let optional = |name: &str| Some(text(name)?.to_owned()).filter(|text| !text.is_empty());
    for name in ["user", "domain"] {
        let full = format!("accounts.{id}.{name}");
        if text(name)?.is_empty() && !complaints.about(&full) {
            let allowed = format!("the account needs its {name}");
            complaints.error(&account_origin(id, values), &full, "is missing", allowed);
        }
    }
    let user = text("user")?.to_owned();
    Some(Account {
        id: id.to_owned(),
        register: values.switch(&key("register"))?,
        auth_user: optional("auth_user").unwrap_or_else(|| user.clone()),
        user,
        domain: text("domain")?.to_owned(),
        display: text("display")?.to_owned(),
        password: secrets::password(id, values, complaints),
        registrar: optional("registrar"),
        standby: optional("standby"),
        standby_after: values.seconds(&key("standby_after_s"))?,
        outbound_proxy: optional("outbound_proxy"),
        transport: tls::reach(text("transport")?),
        tls: tls::of_account(id, values, complaints)?,
        udp_from_unknown: values.switch(&key("udp_from_unknown"))?,
        allow_message: values.switch(&key("allow_message"))?,
        publish_presence: values.switch(&key("publish_presence"))?,
        expires: values.seconds(&key("expires_s"))?,
        keepalive: choices::keep_alive(text("keepalive")?),
        keepalive_every: values.seconds(&key("keepalive_s"))?,
        blf: choices::list(id, "blf", values, complaints)?,
        park_slots: choices::list(id, "park_slots", values, complaints)?,
        blf_event: choices::event(text("blf_event")?),
        blf_list: text("blf_list")?.trim().to_owned(),
        blf_poll: values.seconds(&key("blf_poll_s"))?,
        subscription_expires: values.seconds(&key("subscription_expires_s"))?,
        subscribe_for_voicemail: values.switch(&key("subscribe_for_voicemail"))?,
        voicemail_number: text("voicemail_number")?.to_owned(),
        conference: text("conference")?.trim().to_owned(),
        directories: super::directories::of_account(id, values, complaints)?,
        xcap: super::xcap::of_account(id, values, complaints)?,
        tones: tones(|name| key(name), values)?,
        codec_options: options::of_account(id, values),
        policy: super::rules::policy(id, values, complaints)?,
    })
}

/// Ids under `[accounts]`, sorted.
pub(super) fn account_ids(values: &Values) -> Vec<String> {
    let ids = values.0.keys().filter_map(|key| {
        let (id, _) = keys::of_account(key)?;
        Some(id.to_owned())
    });
    let mut ids: Vec<String> = ids.collect();
    ids.sort_unstable();
    ids.dedup();
    ids
}

/// The outer `None`: a value is missing. The inner: there is no account.
#[allow(clippy::option_option, reason = "as the first line says")]
fn default_account(
    accounts: &[Account],
    values: &Values,
    complaints: &mut Complaints,
) -> Option<Option<String>> {
    let key = "engine.default_account";
    let wanted = values.text(key)?;
    if wanted.is_empty() {
        return Some(accounts.first().map(|account| account.id.clone()));
    }
    if !accounts.iter().any(|account| account.id == wanted) {
        let ids: Vec<&str> = accounts.iter().map(|account| account.id.as_str()).collect();
        let what = format!("there is no account {wanted:?}");
        let allowed = match ids.as_slice() {
            [] => "no account is set up".to_owned(),
            ids => format!("allowed: {}", ids.join(", ")),
        };
        complaints.error(&origin(key, values), key, what, allowed);
    }
    Some(Some(wanted.to_owned()))
}

fn check_order(low: &str, high: &str, values: &Values, complaints: &mut Complaints) {
    let (Some(least), Some(most)) = (values.number(low), values.number(high)) else {
        return;
    };
    if least < most {
        return;
    }
    // Whoever spoke last is told.
    let (low_origin, high_origin) = (origin(low, values), origin(high, values));
    let what = format!("{low} {least} is not below {high} {most}");
    if low_origin.layer() >= high_origin.layer() {
        complaints.error(&low_origin, low, what, format!("allowed: less than {most}"));
    } else {
        complaints.error(
            &high_origin,
            high,
            what,
            format!("allowed: more than {least}"),
        );
    }
}

pub(super) fn origin(key: &str, values: &Values) -> Origin {
    values
        .0
        .get(key)
        .map_or(Origin::Default, |(_, origin)| origin.clone())
}

/// Where an account is spoken of first.
pub(super) fn account_origin(id: &str, values: &Values) -> Origin {
    let prefix = format!("accounts.{id}.");
    let of_account = values.0.iter().filter(|(key, _)| {
        let name = key.strip_prefix(&prefix);
        name.is_some_and(|name| !name.contains('.'))
    });
    of_account
        .map(|(_, (_, origin))| origin.clone())
        .min()
        .unwrap_or(Origin::Default)
}

impl Values {
    fn get(&self, key: &str) -> Option<&Value> {
        self.0.get(key).map(|(value, _)| value)
    }

    /// The key that counts for an account: its own, or the one for all.
    pub(super) fn account_key(&self, id: &str, name: &str) -> String {
        let own = format!("accounts.{id}.{name}");
        if self.0.contains_key(&own) {
            own
        } else {
            format!("account.{name}")
        }
    }

    pub(super) fn switch(&self, key: &str) -> Option<bool> {
        match self.get(key)? {
            Value::Switch(on) => Some(*on),
            Value::Number(_)
            | Value::Integer(_)
            | Value::Text(_)
            | Value::List(_)
            | Value::Plugin(_) => None,
        }
    }

    fn number(&self, key: &str) -> Option<u64> {
        match self.get(key)? {
            Value::Number(number) => Some(*number),
            Value::Switch(_)
            | Value::Integer(_)
            | Value::Text(_)
            | Value::List(_)
            | Value::Plugin(_) => None,
        }
    }

    pub(super) fn fit<T: TryFrom<u64>>(&self, key: &str) -> Option<T> {
        T::try_from(self.number(key)?).ok()
    }

    pub(super) fn seconds(&self, key: &str) -> Option<Duration> {
        self.number(key).map(Duration::from_secs)
    }

    pub(super) fn text(&self, key: &str) -> Option<&str> {
        match self.get(key)? {
            Value::Text(text) => Some(text),
            Value::Switch(_)
            | Value::Number(_)
            | Value::Integer(_)
            | Value::List(_)
            | Value::Plugin(_) => None,
        }
    }

    pub(super) fn list(&self, key: &str) -> Option<&[String]> {
        match self.get(key)? {
            Value::List(items) => Some(items),
            Value::Switch(_)
            | Value::Number(_)
            | Value::Integer(_)
            | Value::Text(_)
            | Value::Plugin(_) => None,
        }
    }
}
