//! Accounts: setting one up, showing it, and what becomes of its calls.

use super::{Group, Switch, Transport};
use clap::ValueEnum;
use control::AccountHandle;
use std::path::PathBuf;

/// `account add`. The password is never an argument: others could read it.
#[derive(Debug, Group)]
pub(crate) struct AddAccount {
    /// Its address, such as alice@pbx.example
    pub(crate) address: String,
    /// Its id; without it the address
    #[arg(long, value_name = "ID")]
    pub(crate) id: Option<AccountHandle>,
    /// Read the password from the first line of this file
    #[arg(long, value_name = "FILE", group = "password")]
    pub(crate) password_file: Option<PathBuf>,
    /// Read the password from this environment variable
    #[arg(long, value_name = "NAME", group = "password")]
    pub(crate) password_env: Option<String>,
    /// The server asks for no password
    #[arg(long, group = "password")]
    pub(crate) no_password: bool,
    /// Name to log in with, where it is another
    #[arg(long, value_name = "NAME")]
    pub(crate) auth_user: Option<String>,
    /// Name to show
    #[arg(long, value_name = "NAME")]
    pub(crate) display: Option<String>,
    /// Server to register with: host or host:port
    #[arg(long, value_name = "SERVER")]
    pub(crate) registrar: Option<String>,
    /// Server to register with while the other one is silent: host or host:port
    #[arg(long, value_name = "SERVER")]
    pub(crate) standby: Option<String>,
    /// How long the one in use may be silent, in seconds
    #[arg(long, value_name = "S", requires = "standby", value_parser = clap::value_parser!(u32).range(1..=3600))]
    pub(crate) standby_after: Option<u32>,
    /// Server that everything goes through: host or host:port
    #[arg(long, value_name = "SERVER")]
    pub(crate) outbound_proxy: Option<String>,
    /// How to reach the server
    #[arg(long, value_enum, default_value = "udp")]
    pub(crate) transport: Transport,
    /// File (PEM) of an authority that is believed over TLS, instead of those that this system believes
    #[arg(long, value_name = "FILE")]
    pub(crate) tls_ca: Vec<PathBuf>,
    /// Key that the server may have, sha256/ and base64
    #[arg(long, value_name = "PIN")]
    pub(crate) tls_pin: Vec<String>,
    /// File (PEM) of the account's certificate, for servers that ask
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    pub(crate) tls_certificate: Option<PathBuf>,
    /// File (PEM) of the key of that
    #[arg(long, value_name = "FILE", requires = "tls_certificate")]
    pub(crate) tls_key: Option<PathBuf>,
    /// Lifetime to ask for, in seconds
    #[arg(long, value_name = "S", value_parser = clap::value_parser!(u32).range(20..=86_400))]
    pub(crate) expires: Option<u32>,
    /// Do not register
    #[arg(long)]
    pub(crate) no_register: bool,
    /// Use it for calls that name no account
    #[arg(long)]
    pub(crate) default: bool,
    /// Take calls over UDP from anywhere, not only from the account's servers
    #[arg(long)]
    pub(crate) udp_from_unknown: bool,
}

/// `dnd`.
#[derive(Debug, Group)]
pub(crate) struct Dnd {
    /// Whether nobody is to be disturbed; without it, whether nobody is
    #[arg(value_enum)]
    pub(crate) switch: Option<Switch>,
    /// Whose calls; without it those of the default account, and of all where nothing is switched
    #[arg(long, value_name = "ACCOUNT")]
    pub(crate) account: Option<AccountHandle>,
}

/// `forward`.
#[derive(Debug, Group)]
pub(crate) struct Forward {
    /// Which calls; without it, where calls go now
    #[arg(value_enum, requires = "to")]
    pub(crate) when: Option<When>,
    /// Number or SIP URI; off: no longer
    pub(crate) to: Option<String>,
    /// How long nobody answers, in seconds
    #[arg(long, value_name = "S", value_parser = clap::value_parser!(u32).range(1..=600), requires = "to")]
    pub(crate) after: Option<u32>,
    /// Whose calls; without it those of the default account, and of all where nothing is said
    #[arg(long, value_name = "ACCOUNT")]
    pub(crate) account: Option<AccountHandle>,
}

/// Which calls are sent elsewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum When {
    /// All of them, at once.
    Always,
    /// Those that come while a call is up.
    Busy,
    /// Those that nobody answers.
    NoAnswer,
}

/// `account show`.
#[derive(Debug, Group)]
pub(crate) struct ShowAccount {
    /// The account; without it all of them
    #[arg(value_name = "ACCOUNT")]
    pub(crate) account: Option<AccountHandle>,
}
