//! Kamailio as registrar and proxy: users with digest passwords, routing between those registered; and as
//! the PBX whose extensions are watched (its modules presence, presence_dialoginfo, _mwi and _xml).

use crate::ports;
use crate::process::Running;
use crate::rig::{Rig, find};
use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use std::fmt::Write;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

/// The realm of every challenge, and the domain that users may write.
pub const REALM: &str = "offhook.test";

const TEMPLATE: &str = include_str!("kamailio.cfg");
const MODULES: &str = "/usr/lib/x86_64-linux-gnu/kamailio/modules/";

/// Tables that the modules of presence look for, their versions, and that they hold nothing.
const TABLES: [(&str, u32); 4] = [
    ("presentity", 5),
    ("active_watchers", 12),
    ("watchers", 3),
    ("xcap", 4),
];

/// Tables of lists (module rls), and their versions.
const LISTS: [(&str, u32); 3] = [("rls_presentity", 1), ("rls_watchers", 3), ("pua", 7)];
/// Tables as Kamailio delivers them, with all their columns and nobody in them.
const DELIVERED: &str = "/usr/share/kamailio/dbtext/kamailio";

/// Columns of the table of messages that wait, as Kamailio's own dbtext files have them.
const SILO: &str = "id(int,auto) src_addr(string) dst_addr(string) username(string) domain(string) inc_time(int) \
                    exp_time(int) snd_time(int) ctype(string) body(string,null) extra_hdrs(string,null) \
                    callid(string,null) status(int,null)\n";

/// Columns of the table of documents.
const DOCUMENTS: &str = "id(int,auto) username(string) domain(string) doc(string) doc_type(int) etag(string) \
                         source(int) doc_uri(string) port(int)\n";

/// What a registrar is to be like.
#[derive(Debug, Clone)]
pub struct Wish {
    /// Digest algorithm of its challenges: `MD5` or `SHA-256`.
    pub algorithm: &'static str,
    /// Longest lifetime it grants. Unit: s.
    pub most_expires_s: u32,
    /// Shortest lifetime it grants; less is raised to it. Unit: s.
    pub least_expires_s: u32,
    /// How long a nonce is good; after that it is stale. Unit: s.
    pub nonce_s: u32,
    /// Where it listens: a loopback address of either version.
    pub ip: IpAddr,
    /// Names and passwords.
    pub users: Vec<(&'static str, &'static str)>,
    /// Its extensions can be watched, for so long at most. Unit: s. `None`: it takes no SUBSCRIBE.
    pub watched_s: Option<u32>,
    /// States of extensions are in its tables, not in memory alone, where it loses the document of one that is refreshed.
    pub keeps_states: bool,
    /// The list `people` of user 101, by whom others can be watched at once (RFC 4662, its module rls): its extensions.
    pub people: Vec<&'static str>,
    /// It takes calls only from who is registered.
    pub only_registered: bool,
    /// It keeps text messages for who is not registered, and hands them over later (its module msilo).
    pub keeps_messages: bool,
    /// It calls whoever a 302 names itself (its module uac_redirect).
    pub follows_redirects: bool,
    /// It keeps documents of its users, over HTTP under `/xcap` (its module xcap_server).
    pub keeps_documents: bool,
    /// It shows presence to those whom the presence rules among these documents name, and to nobody else. Kamailio judges
    /// with tables alone: states are in them.
    pub judges_watchers: bool,
    /// It speaks TLS too (its module tls).
    pub tls: Option<Tls>,
}

/// What it shows over TLS.
#[derive(Debug, Clone)]
pub struct Tls {
    /// Its certificate and key, in PEM.
    pub own: (PathBuf, PathBuf),
    /// The authority behind the certificates that clients have to show. `None`: they show none.
    pub clients: Option<PathBuf>,
}

impl Default for Wish {
    fn default() -> Self {
        Self {
            algorithm: "MD5",
            most_expires_s: 3_600,
            least_expires_s: 1,
            nonce_s: 300,
            ip: Ipv4Addr::LOCALHOST.into(),
            users: vec![
                ("101", "secret-101"),
                ("102", "secret-102"),
                ("103", "secret-103"),
            ],
            watched_s: None,
            keeps_states: false,
            people: Vec::new(),
            only_registered: false,
            keeps_messages: false,
            follows_redirects: false,
            keeps_documents: false,
            judges_watchers: false,
            tls: None,
        }
    }
}

/// A binding that the registrar holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Binding {
    /// Address it leads to.
    pub contact: String,
    /// What is left of its lifetime. Unit: s.
    pub expires_s: i64,
    /// Name and version that the phone gave.
    pub user_agent: String,
}

/// A running Kamailio.
#[derive(Debug)]
pub struct Kamailio {
    /// Where it listens, on UDP and TCP.
    pub address: SocketAddr,
    /// Where it listens with TLS, if it does.
    pub secured: SocketAddr,
    control: SocketAddr,
    folder: PathBuf,
    running: Running,
}

/// Writes what Kamailio reads as its database.
fn tables(folder: &Path, wish: &Wish) -> Result<()> {
    let mut versions = String::from("table_name(string) table_version(int)\nsubscriber:7\n");
    for (table, version) in TABLES {
        writeln!(versions, "{table}:{version}")?;
        std::fs::write(folder.join(table), "id(int,auto)\n")?;
    }
    let delivered = |table: &str| {
        let from = Path::new(DELIVERED).join(table);
        let copied = std::fs::copy(&from, folder.join(table));
        copied.with_context(|| format!("{} cannot be copied", from.display()))
    };
    if wish.keeps_states || wish.judges_watchers {
        for table in ["presentity", "active_watchers", "watchers"] {
            delivered(table)?;
        }
    }
    let mut documents = DOCUMENTS.to_owned();
    if !wish.people.is_empty() {
        for (table, version) in LISTS {
            writeln!(versions, "{table}:{version}")?;
            delivered(table)?;
        }
        documents.push_str(&list(&wish.people));
    }
    std::fs::write(folder.join("xcap"), documents)?;
    writeln!(versions, "silo:8")?;
    std::fs::write(folder.join("silo"), SILO)?;
    std::fs::write(folder.join("version"), versions)?;
    let mut users = String::from("id(int,auto) username(string) domain(string) password(string)\n");
    for (n, (user, password)) in wish.users.iter().enumerate() {
        writeln!(users, "{}:{user}:{REALM}:{password}", n + 1)?;
    }
    Ok(std::fs::write(folder.join("subscriber"), users)?)
}

/// The row of the document that says who is in the list `people` (RFC 4826 §4), as a table in text has it.
fn list(people: &[&str]) -> String {
    let entries: String = people
        .iter()
        .map(|user| format!("<rl:entry uri=\"sip:{user}@{REALM}\"/>"))
        .collect();
    let document = format!(
        "<rls-services xmlns=\"urn:ietf:params:xml:ns:rls-services\" \
         xmlns:rl=\"urn:ietf:params:xml:ns:resource-lists\"><service uri=\"sip:people@{REALM}\">\
         <list name=\"people\">{entries}</list><packages><package>presence</package></packages>\
         </service></rls-services>"
    );
    let document = document.replace(':', "\\:");
    // 8 says that it is a document of lists.
    format!("1:101:{REALM}:{document}:8:etag:0:lists:0\n")
}

fn defines(wish: &Wish) -> String {
    let mut all = String::new();
    if wish.watched_s.is_some() {
        all.push_str("#!define WITH_PRESENCE\n");
    }
    if wish.keeps_states || wish.judges_watchers {
        all.push_str("#!define WITH_STATES\n");
    }
    if !wish.people.is_empty() {
        all.push_str("#!define WITH_LISTS\n");
    }
    if wish.only_registered {
        all.push_str("#!define WITH_REGISTERED\n");
    }
    if wish.follows_redirects {
        all.push_str("#!define WITH_REDIRECTS\n");
    }
    if wish.keeps_documents {
        all.push_str("#!define WITH_XCAP\n");
    }
    if wish.judges_watchers {
        all.push_str("#!define WITH_RIGHTS\n");
    }
    if wish.keeps_messages {
        all.push_str("#!define WITH_SILO\n");
    }
    if let Some(tls) = &wish.tls {
        all.push_str("#!define WITH_TLS\n");
        if tls.clients.is_some() {
            all.push_str("#!define WITH_CLIENTS\n");
        }
    }
    all
}

/// Runs the Kamailio that is set up in `folder`.
fn run(folder: &Path) -> Result<Running> {
    let mut command = Command::new(find("kamailio").context("kamailio is not installed")?);
    command.arg("-f").arg(folder.join("kamailio.cfg"));
    command
        .args(["-DD", "-E", "-m", "32", "-M", "4", "-w"])
        .arg(folder)
        .arg("-Y")
        .arg(folder);
    Running::start(&mut command, &folder.join("log"))
}

impl Kamailio {
    /// Starts one, called `name` in the rig's folder, and waits until it answers.
    pub fn start(rig: &Rig, name: &str, wish: &Wish) -> Result<Self> {
        let folder = rig.subfolder(name)?;
        let address = SocketAddr::new(wish.ip, ports::take(1));
        let control = SocketAddr::from((Ipv4Addr::LOCALHOST, ports::take(1)));
        let secured = SocketAddr::new(wish.ip, ports::take(1));
        let shown = |file: Option<&PathBuf>| {
            file.map_or_else(String::new, |file| file.to_string_lossy().into_owned())
        };
        let own = wish.tls.as_ref().map(|tls| &tls.own);
        let clients = wish.tls.as_ref().and_then(|tls| tls.clients.as_ref());
        let text = [
            ("@HOST@", host(wish.ip)),
            ("@PORT@", address.port().to_string()),
            ("@CONTROL@", control.port().to_string()),
            ("@TLSPORT@", secured.port().to_string()),
            ("@CERTIFICATE@", shown(own.map(|own| &own.0))),
            ("@KEY@", shown(own.map(|own| &own.1))),
            ("@CLIENTS@", shown(clients)),
            ("@MODULES@", MODULES.into()),
            ("@ALGORITHM@", wish.algorithm.into()),
            ("@MOST@", wish.most_expires_s.to_string()),
            ("@LEAST@", wish.least_expires_s.to_string()),
            ("@NONCE@", wish.nonce_s.to_string()),
            ("@REALM@", REALM.into()),
            ("@DEFINES@", defines(wish)),
            ("@WATCHED@", wish.watched_s.unwrap_or_default().to_string()),
            ("@FOLDER@", folder.to_string_lossy().into_owned()),
        ]
        .iter()
        .fold(TEMPLATE.to_string(), |text, (mark, value)| {
            text.replace(mark, value)
        });
        std::fs::write(folder.join("kamailio.cfg"), text)?;
        tables(&folder, wish)?;
        let running = run(&folder)?;
        let mut kamailio = Self {
            address,
            secured,
            control,
            folder,
            running,
        };
        kamailio.wait_ready()?;
        Ok(kamailio)
    }

    fn wait_ready(&mut self) -> Result<()> {
        let until = Instant::now() + Duration::from_secs(10);
        while self.ask("core.uptime", json!([])).is_err() {
            ensure!(
                self.running.is_alive(),
                "kamailio ended:\n{}",
                self.running.log()
            );
            ensure!(
                Instant::now() < until,
                "kamailio does not answer:\n{}",
                self.running.log()
            );
        }
        Ok(())
    }

    /// Asks one of Kamailio's own commands, such as `ul.lookup`.
    pub fn ask(&self, method: &str, params: Value) -> Result<Value> {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
        socket.set_read_timeout(Some(Duration::from_millis(300)))?;
        let question = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params});
        socket.send_to(question.to_string().as_bytes(), self.control)?;
        let mut answer = vec![0; 65_536];
        let len = socket
            .recv(&mut answer)
            .with_context(|| format!("kamailio does not answer {method}"))?;
        let answer: Value = serde_json::from_slice(&answer[..len])?;
        ensure!(
            answer.get("error").is_none(),
            "kamailio refuses {method}: {answer}"
        );
        Ok(answer["result"].clone())
    }

    /// What the registrar holds for a user; nothing for one who is not registered.
    pub fn bindings(&self, user: &str) -> Result<Vec<Binding>> {
        // An unknown user is an error to Kamailio.
        let Ok(found) = self.ask("ul.lookup", json!(["location", user])) else {
            return Ok(Vec::new());
        };
        let contacts = found["Contacts"]
            .as_array()
            .context("kamailio's answer has no contacts")?;
        let binding = |entry: &Value| {
            let contact = &entry["Contact"];
            Binding {
                contact: contact["Address"].as_str().unwrap_or_default().into(),
                expires_s: contact["Expires"].as_i64().unwrap_or_default(),
                user_agent: contact["User-Agent"].as_str().unwrap_or_default().into(),
            }
        };
        Ok(contacts.iter().map(binding).collect())
    }

    /// Waits until the registrar holds `count` bindings of a user.
    pub fn wait_bindings(
        &self,
        user: &str,
        count: usize,
        patience: Duration,
    ) -> Result<Vec<Binding>> {
        let until = Instant::now() + patience;
        loop {
            let found = self.bindings(user)?;
            if found.len() == count {
                return Ok(found);
            }
            ensure!(
                Instant::now() < until,
                "{user} has {found:?}, not {count} bindings, after {patience:?}"
            );
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Forgets all bindings of a user, as after a restart without a database.
    pub fn forget(&self, user: &str) -> Result<()> {
        self.ask("ul.rm", json!(["location", user])).map(drop)
    }

    /// What it wrote so far.
    pub fn log(&self) -> String {
        self.running.log()
    }

    /// Ends it, its connections with it, and starts it anew at the same place. It knows no binding then.
    pub fn restart(&mut self) -> Result<()> {
        self.running.stop();
        self.running = run(&self.folder)?;
        self.wait_ready()
    }

    /// Ends it at once.
    pub fn kill(&mut self) {
        self.running.kill();
    }
}

/// An address as a URI has it.
fn host(ip: IpAddr) -> String {
    match ip {
        IpAddr::V4(ip) => ip.to_string(),
        IpAddr::V6(ip) => format!("[{ip}]"),
    }
}
