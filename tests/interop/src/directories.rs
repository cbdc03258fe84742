//! Servers of people: slapd (LDAP), Radicale (CardDAV) and one in Python (HTTP).

use crate::ports;
use crate::process::Running;
use crate::rig::{Rig, find};
use anyhow::{Context, Result, ensure};
use std::fmt::Write as _;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Where the people of slapd stand.
pub const BASE: &str = "ou=people,dc=offhook,dc=test";
/// Who may look at them, and with which password.
pub const READER: (&str, &str) = ("cn=admin,dc=offhook,dc=test", "secret-admin");

/// A running slapd.
#[derive(Debug)]
pub struct Slapd {
    /// Where it listens.
    pub address: SocketAddr,
    _running: Running,
}

impl Slapd {
    /// Starts one with these people, each a name and a number, called `name` in the rig's folder.
    pub fn start(rig: &Rig, name: &str, people: &[(String, String)]) -> Result<Self> {
        let folder = rig.subfolder(name)?;
        std::fs::create_dir_all(folder.join("db"))?;
        let (file, entries) = (folder.join("slapd.conf"), folder.join("people.ldif"));
        let shown = folder.display();
        let settings = format!(
            "include /etc/ldap/schema/core.schema\ninclude /etc/ldap/schema/cosine.schema\n\
             include /etc/ldap/schema/inetorgperson.schema\nmodulepath /usr/lib/ldap\nmoduleload back_mdb\n\
             pidfile {shown}/pid\nargsfile {shown}/args\ndatabase mdb\nmaxsize 67108864\n\
             suffix \"dc=offhook,dc=test\"\nrootdn \"{}\"\nrootpw {}\ndirectory {shown}/db\n\
             access to * by users read by anonymous auth\n",
            READER.0, READER.1
        );
        std::fs::write(&file, settings)?;
        std::fs::write(&entries, ldif(people)?)?;
        let mut add = Command::new(find("slapadd").context("slapadd is not installed")?);
        add.arg("-q").arg("-f").arg(&file).arg("-l").arg(&entries);
        let done = add.output()?;
        let said = String::from_utf8_lossy(&done.stderr);
        ensure!(done.status.success(), "slapadd: {said}");
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, ports::take(1)));
        let mut command = Command::new(find("slapd").context("slapd is not installed")?);
        command.arg("-h").arg(format!("ldap://{address}"));
        command.arg("-f").arg(&file).args(["-d", "0"]);
        let mut running = Running::start(&mut command, &folder.join("log"))?;
        ports::wait_listening(address, "tcp", &mut running)?;
        Ok(Self {
            address,
            _running: running,
        })
    }
}

fn ldif(people: &[(String, String)]) -> Result<String> {
    let mut text = String::from(
        "dn: dc=offhook,dc=test\nobjectClass: dcObject\nobjectClass: organization\no: Offhook\ndc: offhook\n\n\
         dn: ou=people,dc=offhook,dc=test\nobjectClass: organizationalUnit\nou: people\n\n",
    );
    for (at, (name, number)) in people.iter().enumerate() {
        write!(
            text,
            "dn: uid={at},{BASE}\nobjectClass: inetOrgPerson\nuid: {at}\ncn: {name}\nsn: {name}\n\
             telephoneNumber: {number}\n\n"
        )?;
    }
    Ok(text)
}

/// A running Radicale with one address book of one user.
#[derive(Debug)]
pub struct Radicale {
    /// The user's principal.
    pub url: String,
    book: PathBuf,
    _running: Running,
}

impl Radicale {
    /// Starts one with an empty book of `user`.
    pub fn start(rig: &Rig, name: &str, user: &str, password: &str) -> Result<Self> {
        let folder = rig.subfolder(name)?;
        let book = folder.join("store/collection-root").join(user).join("book");
        std::fs::create_dir_all(&book)?;
        std::fs::write(book.join(".Radicale.props"), r#"{"tag": "VADDRESSBOOK"}"#)?;
        let (file, users) = (folder.join("config"), folder.join("users"));
        std::fs::write(&users, format!("{user}:{password}\n"))?;
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, ports::take(1)));
        let settings = format!(
            "[server]\nhosts = {address}\n[auth]\ntype = htpasswd\nhtpasswd_filename = {}\n\
             htpasswd_encryption = plain\ndelay = 0\n[storage]\nfilesystem_folder = {}\n[logging]\nlevel = info\n",
            users.display(),
            folder.join("store").display()
        );
        std::fs::write(&file, settings)?;
        let mut command = Command::new(find("radicale").context("radicale is not installed")?);
        command.arg("--config").arg(&file).env("HOME", &folder);
        let mut running = Running::start(&mut command, &folder.join("log"))?;
        ports::wait_listening(address, "tcp", &mut running)?;
        Ok(Self {
            url: format!("http://{address}/{user}/"),
            book,
            _running: running,
        })
    }

    /// Puts a card there, in the place of one of this id.
    pub fn put(&self, id: &str, name: &str, lines: &str) -> Result<()> {
        let card = format!(
            "BEGIN:VCARD\r\nVERSION:3.0\r\nUID:{id}\r\nFN:{name}\r\nN:{name};;;;\r\n{lines}\r\nEND:VCARD\r\n"
        );
        Ok(std::fs::write(self.file(id), card)?)
    }

    /// Takes a card away.
    pub fn remove(&self, id: &str) -> Result<()> {
        Ok(std::fs::remove_file(self.file(id))?)
    }

    fn file(&self, id: &str) -> PathBuf {
        Path::new(&self.book).join(format!("{id}.vcf"))
    }
}

/// A running HTTP server of people, in Python: files of a folder, and `/search?q=` in its `people.json`.
#[derive(Debug)]
pub struct HttpServer {
    /// Where it listens: `http://ADDRESS`.
    pub url: String,
    folder: PathBuf,
    running: Running,
}

impl HttpServer {
    /// Starts one, called `name` in the rig's folder.
    pub fn start(rig: &Rig, name: &str) -> Result<Self> {
        let folder = rig.subfolder(name)?;
        let files = folder.join("files");
        std::fs::create_dir_all(&files)?;
        std::fs::write(folder.join("server.py"), include_str!("http_double.py"))?;
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, ports::take(1)));
        let running = serve(&folder, address)?;
        Ok(Self {
            url: format!("http://{address}"),
            folder: files,
            running,
        })
    }

    /// Serves this under `name` from now on.
    pub fn put(&self, name: &str, text: &str) -> Result<()> {
        // In one step: a server that reads meanwhile has the one or the other.
        let (whole, beside) = (self.folder.join(name), self.folder.join(".next"));
        std::fs::write(&beside, text)?;
        Ok(std::fs::rename(beside, whole)?)
    }

    /// Ends it, and leaves its port silent.
    pub fn stop(&mut self) {
        self.running.kill();
    }

    /// Starts it anew where it was.
    pub fn again(&mut self, rig: &Rig, name: &str) -> Result<()> {
        let address = self.url.trim_start_matches("http://").parse()?;
        self.running = serve(&rig.subfolder(name)?, address)?;
        Ok(())
    }
}

/// Runs the server of people that is in this folder.
fn serve(folder: &Path, address: SocketAddr) -> Result<Running> {
    let mut command = Command::new(find("python3").context("python3 is not installed")?);
    command.arg(folder.join("server.py"));
    command
        .arg(address.port().to_string())
        .arg(folder.join("files"));
    let mut running = Running::start(&mut command, &folder.join("log"))?;
    ports::wait_listening(address, "tcp", &mut running)?;
    Ok(running)
}

/// A running XCAP server in Python: documents of one user, with entity tags and Digest.
#[derive(Debug)]
pub struct XcapServer {
    /// Its root.
    pub url: String,
    folder: PathBuf,
    _running: Running,
}

impl XcapServer {
    /// Starts one for this user, called `name` in the rig's folder.
    pub fn start(rig: &Rig, name: &str, user: &str, password: &str) -> Result<Self> {
        let folder = rig.subfolder(name)?;
        let (program, files) = (folder.join("server.py"), folder.join("files"));
        std::fs::create_dir_all(&files)?;
        std::fs::write(&program, include_str!("xcap_double.py"))?;
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, ports::take(1)));
        let mut command = Command::new(find("python3").context("python3 is not installed")?);
        command.arg(&program).arg(address.port().to_string());
        command.arg(&files).args([user, password]);
        let mut running = Running::start(&mut command, &folder.join("log"))?;
        ports::wait_listening(address, "tcp", &mut running)?;
        Ok(Self {
            url: format!("http://{address}"),
            folder: files,
            _running: running,
        })
    }

    /// The document at this path below the root, empty where there is none.
    pub fn document(&self, path: &str) -> String {
        std::fs::read_to_string(self.file(path)).unwrap_or_default()
    }

    /// What somebody else writes there.
    pub fn put(&self, path: &str, text: &str) -> Result<()> {
        // In one step: a server that reads meanwhile has the one or the other.
        let beside = self.folder.join(".next");
        std::fs::write(&beside, text)?;
        Ok(std::fs::rename(beside, self.file(path))?)
    }

    fn file(&self, path: &str) -> PathBuf {
        self.folder.join(path.replace('/', "_"))
    }
}
