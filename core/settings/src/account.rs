//! One account, as the engine uses it.

use crate::{CodecOptions, SecretSource};
use audio::call_tone::CallTones;
use base::{Duration, Redacted};
use std::path::PathBuf;

/// How an account reaches its server (K-011).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// By datagrams.
    Udp,
    /// By a connection.
    Tcp,
    /// Over TLS, with `sips:` addresses.
    Tls,
    /// Over TLS, with `sip:` addresses.
    TlsSip,
}

/// Whom an account believes over TLS, and how it proves who it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tls {
    /// Files of authorities that are believed instead of the system's; none: the system's.
    pub authorities: Vec<PathBuf>,
    /// Keys that a server may have; none: any.
    pub pins: Vec<String>,
    /// Its certificate and key.
    pub own: Option<(PathBuf, PathBuf)>,
}

/// How an account keeps the way to its server open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeepAlive {
    /// Not at all.
    None,
    /// Double CRLF (RFC 5626 §3.5.1).
    Crlf,
    /// OPTIONS requests.
    Options,
    /// STUN binding requests (RFC 5626 §3.5.2).
    Stun,
}

/// What is asked of the extensions that an account watches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BlfEvent {
    /// Their calls (RFC 4235), or their presence where the server does not know calls.
    Dialog,
    /// Their presence (RFC 3856).
    Presence,
    /// Their bindings (RFC 3680).
    Reg,
}

/// Where people are looked up: a plugin, and what it is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Directory {
    /// Id of the plugin.
    pub plugin: String,
    /// Name under which its people appear.
    pub title: String,
    /// What it is, as rules name it (K-119).
    pub list: &'static str,
    /// How often it is copied, where it can be.
    pub refresh: Duration,
    /// Its options, a JSON object without what stands below.
    pub options: String,
    /// Where its server is; empty: its options say it.
    pub url: String,
    /// Where people stand there; LDAP's alone.
    pub base: String,
    /// Who logs in, and with what. `None`: with the account's own.
    pub login: Option<(String, Redacted<String>)>,
    /// Whether the password may be readable on its way.
    pub clear_password: bool,
}

/// The server that keeps what a person has on each of their phones (RFC 4825).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Xcap {
    /// Its root, an address of HTTP without a slash behind it.
    pub root: String,
    /// How often it is asked whether something changed.
    pub refresh: Duration,
    /// Whether it knows where calls are sent, too.
    pub forwarding: bool,
    /// Whether it judges who may see how the person is, too.
    pub rights: bool,
    /// Whether it knows the groups of the site, too.
    pub groups: bool,
}

/// One account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// Its id: how commands and events name it.
    pub id: String,
    /// Whether it registers.
    pub register: bool,
    /// Name before the @.
    pub user: String,
    /// Name after the @: host, or host:port.
    pub domain: String,
    /// Name to log in with.
    pub auth_user: String,
    /// Name that is shown, or empty.
    pub display: String,
    /// Where the password comes from.
    pub password: SecretSource,
    /// Server to register with, host or host:port, where it is not the domain.
    pub registrar: Option<String>,
    /// Server to register with while the other one is silent, host or host:port.
    pub standby: Option<String>,
    /// How long that other one may be silent.
    pub standby_after: Duration,
    /// Server that everything goes through, host or host:port.
    pub outbound_proxy: Option<String>,
    /// How to reach the server.
    pub transport: Reach,
    /// Whom it believes over TLS, and how it proves who it is.
    pub tls: Tls,
    /// Whether calls over UDP, and those who watch, may come from anywhere, not only from its servers.
    pub udp_from_unknown: bool,
    /// Whether text messages go out and are taken (K-015).
    pub allow_message: bool,
    /// Whether it is published how its person is.
    pub publish_presence: bool,
    /// Lifetime to ask for.
    pub expires: Duration,
    /// How to keep the way open.
    pub keepalive: KeepAlive,
    /// How often.
    pub keepalive_every: Duration,
    /// Extensions that it watches (K-198): `103`, `user@domain`, an address, or one of them behind a name:
    /// `Carol <103>`.
    pub blf: Vec<String>,
    /// Park slots that it watches, written in the same way.
    pub park_slots: Vec<String>,
    /// What is asked of them.
    pub blf_event: BlfEvent,
    /// The list at the server that tells of many of them at once (RFC 4662), or empty.
    pub blf_list: String,
    /// Pause between two questions where the server does not push.
    pub blf_poll: Duration,
    /// Lifetime of subscriptions to ask for (K-014).
    pub subscription_expires: Duration,
    /// Whether the mailbox is watched (K-025).
    pub subscribe_for_voicemail: bool,
    /// Whom voicemail is listened to at (K-024), or empty.
    pub voicemail_number: String,
    /// The conference of its server: an address, or a user part at its domain. Empty: calls are mixed here (M-070).
    pub conference: String,
    /// Tones that tell how its calls stand (K-189 to K-193).
    pub tones: CallTones,
    /// Where people are looked up, best first.
    pub directories: Vec<Directory>,
    /// Where its profiles are kept too.
    pub xcap: Option<Xcap>,
    /// What is set of codecs, its own before what is set for all.
    pub codec_options: CodecOptions,
    /// Rules about what it dials and what comes in.
    pub policy: policy::Policy,
}
