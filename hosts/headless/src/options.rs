//! The command line, as settings: every option is one key of a settings file.

use crate::server;
use clap::Parser;
use control::{Code, ErrorObject};
use settings::Request;
use std::path::PathBuf;

/// offhook without a face.
///
/// With --answer it answers calls by itself, any number of them; with --register it keeps
/// an account registered; always it serves `offhook` on its control socket.
#[derive(Debug, Parser)]
#[command(name = "offhookd", version)]
pub(crate) struct Options {
    /// Settings file (TOML).
    #[arg(long, env = "OFFHOOK_SETTINGS")]
    settings: Option<PathBuf>,
    /// Profile: headless, monitor, or another of config/profiles. The default is monitor with --answer, else headless.
    #[arg(long, env = "OFFHOOK_PROFILE")]
    profile: Option<String>,
    /// Address and port to listen on, such as 127.0.0.1:5060; may be given several times.
    #[arg(long, value_name = "ADDR:PORT")]
    listen: Vec<String>,
    /// How to listen there: udp or tcp.
    #[arg(long, default_value = "udp", value_parser = ["udp", "tcp"])]
    transport: String,
    /// Codec to take, such as PCMU; may be given several times, best first.
    #[arg(long, value_name = "NAME")]
    codec: Vec<String>,
    /// Answer every call by itself: ring, talk, silent, echo, play=FILE or record=FOLDER.
    #[arg(long, alias = "accept", value_name = "HOW")]
    answer: Option<String>,
    /// Register at this server, such as sip:pbx.example, sips:101@pbx.example or sip:127.0.0.1:5060;transport=tcp.
    #[arg(long, value_name = "URI")]
    register: Option<String>,
    /// User to register as; stronger than one in the address of --register.
    #[arg(long, requires = "register")]
    user: Option<String>,
    /// Domain of the account, where it is not the server's name. Numbers are dialled at this domain, and calls within
    /// it go through the server of --register; calls to other domains go where their names lead, or all of them
    /// through --outbound-proxy.
    #[arg(long, requires = "register", alias = "realm")]
    domain: Option<String>,
    /// Server that registrations and calls go through, such as sip:proxy.example.
    #[arg(long, value_name = "URI", requires = "register")]
    outbound_proxy: Option<String>,
    /// File (PEM) of an authority that is believed over TLS, instead of those that this system believes; may be given
    /// several times.
    #[arg(long, value_name = "FILE", requires = "register")]
    tls_ca: Vec<String>,
    /// File whose first line is the password.
    #[arg(long, value_name = "FILE")]
    password_file: Option<PathBuf>,
    /// Environment variable that holds the password.
    #[arg(long, value_name = "NAME", conflicts_with = "password_file")]
    password_env: Option<String>,
    /// Lifetime of the binding to ask for. Unit: seconds.
    #[arg(long, value_name = "SECONDS", requires = "register")]
    expires: Option<u32>,
    /// Ports for sound, such as 40000-40999.
    #[arg(long, value_name = "FIRST-LAST")]
    rtp_ports: Option<String>,
    /// Control socket.
    #[arg(long, env = "OFFHOOK_SOCKET")]
    socket: Option<PathBuf>,
    /// Folder with plugin libraries; may be given several times.
    #[arg(long, value_name = "FOLDER")]
    pub(crate) plugins: Vec<PathBuf>,
    /// Load no plugin file, give the plugins that are linked in their default options, and leave out what the
    /// settings name of others.
    #[arg(long)]
    pub(crate) safe_mode: bool,
    /// Load only plugin files that came with this program, from the folder "plugins" beside it where that is
    /// searched; leave out what the settings name of others.
    #[arg(long)]
    pub(crate) only_bundled: bool,
    /// Load no file of this plugin, and leave out what the settings name of it; may be given several times.
    #[arg(long, value_name = "ID")]
    pub(crate) without_plugin: Vec<String>,
    /// Look at one plugin file and say what it is: how this program tries files in a process of their own.
    #[arg(long, value_name = "FILE", hide = true)]
    pub(crate) probe_plugin: Option<PathBuf>,
    /// What to log on stderr: error, warn, info, debug, or a filter such as
    /// sip=debug, which leaves the rest as the settings have it.
    #[arg(long, env = "OFFHOOK_LOG_FILTER")]
    pub(crate) log: Option<String>,
}

/// Name of the account that --register makes.
const ACCOUNT: &str = "main";
const REGISTER: &str = "--register";
const PROXY: &str = "--outbound-proxy";

impl Options {
    /// What to load, strongest last. Errors: OH-1001, OH-2008 for an address that cannot be used as written.
    pub(crate) fn request(&self) -> Result<Request, ErrorObject> {
        let profile = match (&self.profile, &self.answer) {
            (Some(profile), _) => profile.as_str(),
            (None, Some(how)) if how != "ring" => "monitor",
            (None, _) => "headless",
        };
        let mut request = Request::of_profile(profile);
        request.file = self.settings.clone();
        self.lay_over(&mut request.options)?;
        Ok(request)
    }

    fn lay_over(&self, options: &mut Vec<(String, String, String)>) -> Result<(), ErrorObject> {
        let mut set = |key: &str, value: String, option: &str| {
            options.push((key.to_owned(), value, option.to_owned()));
        };
        if !self.listen.is_empty() {
            let listen = self
                .listen
                .iter()
                .map(|at| format!("{}:{at}", self.transport));
            set(
                "sip.listen",
                listen.collect::<Vec<_>>().join(","),
                "--listen",
            );
        }
        if !self.codec.is_empty() {
            set("media.codecs", self.codec.join(","), "--codec");
        }
        if let Some(how) = &self.answer {
            set("incoming.accept", how.clone(), "--answer");
        }
        if let Some(socket) = &self.socket {
            set("control.socket", socket.display().to_string(), "--socket");
        }
        if let Some(ports) = &self.rtp_ports {
            let (first, last) = ports.split_once('-').unwrap_or((ports, ports));
            set("media.port_min", first.to_owned(), "--rtp-ports");
            set("media.port_max", last.to_owned(), "--rtp-ports");
        }
        match &self.register {
            Some(server) => self.lay_account_over(server, &mut set),
            None => Ok(()),
        }
    }

    /// `domain`, `registrar` and the rest are those of one account; the server's address may name its user, and
    /// --user is stronger.
    fn lay_account_over(
        &self,
        server: &str,
        set: &mut impl FnMut(&str, String, &str),
    ) -> Result<(), ErrorObject> {
        let mut account = |key: &str, value: String, option: &str| {
            set(&format!("accounts.{ACCOUNT}.{key}"), value, option);
        };
        let named = server::read(REGISTER, server)?;
        let proxy = self.outbound_proxy.as_deref();
        let proxy = proxy.map(|proxy| server::read(PROXY, proxy)).transpose()?;
        let domain = self.domain.clone().unwrap_or_else(|| named.host.clone());
        account("domain", domain, REGISTER);
        account("registrar", named.host, REGISTER);
        if let Some(transport) = named.transport {
            account("transport", transport.to_owned(), REGISTER);
        }
        if let Some(proxy) = proxy {
            if proxy.user.is_some() {
                let why = format!("option {PROXY}: a proxy is a server and has no user");
                return Err(
                    ErrorObject::new(Code::USAGE, why).fix("leave out what is before the @")
                );
            }
            match (proxy.transport, named.transport) {
                (Some(one), Some(other)) if one != other => {
                    let why = format!("{REGISTER} says transport={other}, {PROXY} transport={one}");
                    let fix = "an account has one transport: say the same in both";
                    return Err(ErrorObject::new(Code::USAGE, why).fix(fix));
                }
                (Some(transport), _) => account("transport", transport.to_owned(), PROXY),
                (None, _) => {}
            }
            account("outbound_proxy", proxy.host, PROXY);
        }
        if let Some(user) = self.user.as_ref() {
            account("user", user.clone(), "--user");
        } else if let Some(user) = named.user {
            account("user", user, REGISTER);
        }
        if !self.tls_ca.is_empty() {
            account("tls_ca", self.tls_ca.join(","), "--tls-ca");
        }
        if let Some(file) = &self.password_file {
            account(
                "password_file",
                file.display().to_string(),
                "--password-file",
            );
        }
        if let Some(name) = &self.password_env {
            account("password_env", name.clone(), "--password-env");
        }
        if let Some(seconds) = self.expires {
            account("expires_s", seconds.to_string(), "--expires");
        }
        Ok(())
    }
}
