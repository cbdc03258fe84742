//! The two engines of the demo: a PBX and a phone that is its extension 101.

use super::sounds::Sounds;
use crate::error::Error;
use base::Rng;
use control::event::Filter;
use control::{Code, ErrorObject, EventBody, socket_path};
use core::net::SocketAddr;
use demo_pbx::{Pbx, Users};
use engine::Core;
use engine::listener::{Listener, Next};
use phone::{Recorded, Rule};
use plugin_host::Catalogue;
use ports::media::Sound;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::{Duration, Instant};

/// Where the demo's PBX listens when nobody else does.
const PBX_PORT: u16 = 35_060;
/// The phone's extension.
const USER: &str = "101";

/// Everything that the demo runs.
pub(super) struct Stage {
    pub(super) pbx: Pbx,
    pub(super) phone: Rc<Core>,
    pub(super) sounds: Sounds,
    accounts: Rc<Listener>,
    socket: PathBuf,
    plugins: usize,
    began: Instant,
    /// Only for a check: goes with everything in it.
    throw_away: Option<PathBuf>,
}

/// A codec in a file, which is all that both may speak.
#[derive(Debug)]
pub(super) struct Guest {
    pub(super) file: PathBuf,
    /// As rtpmap spells it.
    pub(super) format: String,
}

impl Stage {
    /// Starts both. A check uses a folder of its own and throws it away.
    pub(super) async fn set(
        check: bool,
        socket: Option<PathBuf>,
        guest: Option<&Guest>,
    ) -> Result<Self, Error> {
        let mut rng = Rng::from_seed(seed()?);
        let (folder, throw_away) = folder(check, &mut rng)?;
        let sounds = Sounds::write(&folder, check, &mut rng)?;
        let password = rng.token(20);
        let pbx = pbx(&folder, &password, check, guest).await?;
        let socket = match (socket, check) {
            (Some(socket), _) => socket,
            (None, true) => folder.join("demo.sock"),
            (None, false) => {
                socket_path("demo").map_err(|bad| Error::new(Code::USAGE, bad.to_string()))?
            }
        };
        let loaded = load(&pbx, &password, &socket, guest)?;
        let catalogue = catalogue(guest)?;
        let plugins = catalogue.plugins().count();
        let sound = Sound::Device {
            plugin: "audio-file".to_owned(),
            request: sounds.request(),
        };
        let incoming = loaded.settings.incoming.clone();
        let builder = phone::build_with(&loaded.settings, catalogue, sound, move || {
            Box::new(Rule::new(incoming.clone(), Recorded::default()))
        });
        let builder = builder.map_err(|why| Error::from(why.explain()))?;
        let began = Instant::now();
        let phone = builder
            .start()
            .await
            .map_err(|why| Error::from(why.explain()))?;
        let accounts = phone.events(Filter(vec!["account.*".to_owned()]));
        Ok(Self {
            pbx,
            phone,
            sounds,
            accounts,
            socket,
            plugins,
            began,
            throw_away,
        })
    }

    /// Waits until the account is registered; says how long that took.
    pub(super) async fn registered(&self, within: Duration) -> Result<Duration, Error> {
        let wait = async {
            loop {
                let Next::Event(sent) = self.accounts.next().await else {
                    continue;
                };
                if let EventBody::AccountRegistered(_) = &sent.event.body {
                    return Ok(self.began.elapsed());
                }
                if let EventBody::AccountFailed(change) = &sent.event.body {
                    let error = change.error.clone();
                    return Err(error.unwrap_or_else(|| silent("the account failed")));
                }
            }
        };
        let late = || silent("the demo PBX did not answer in time");
        let outcome = tokio::time::timeout(within, wait).await;
        outcome.unwrap_or_else(|_| Err(late())).map_err(Error::from)
    }

    pub(super) fn plugins(&self) -> usize {
        self.plugins
    }

    pub(super) fn said(&self) -> &Path {
        &self.sounds.said
    }

    pub(super) fn heard(&self) -> &Path {
        &self.sounds.heard
    }

    pub(super) fn pbx_address(&self) -> SocketAddr {
        self.pbx.address()
    }

    pub(super) fn socket(&self) -> &Path {
        &self.socket
    }

    /// Returns once `offhook shutdown` was said.
    pub(super) async fn stopped(&self) {
        self.phone.stopped().await;
    }

    /// Stops both and clears up.
    pub(super) async fn strike(self) {
        self.phone.stop("the demo ends").await;
        self.pbx.stop().await;
        if let Some(folder) = self.throw_away {
            // What cannot be removed is in the system's folder for such things.
            let _ = std::fs::remove_dir_all(folder);
        }
    }
}

fn silent(why: &str) -> ErrorObject {
    ErrorObject::new(Code::SERVER_SILENT, why)
}

/// The phone's settings: an extension of `pbx`.
fn load(
    pbx: &Pbx,
    password: &str,
    socket: &Path,
    guest: Option<&Guest>,
) -> Result<settings::Loaded, Error> {
    let mut request = settings::Request::of_profile("demo");
    let (server, socket) = (pbx.address().to_string(), socket.display().to_string());
    let mut set = |key: &str, value: &str| {
        request
            .options
            .push((key.to_owned(), value.to_owned(), "demo".to_owned()));
    };
    set("accounts.demo.user", USER);
    set("accounts.demo.domain", &server);
    set("accounts.demo.password", password);
    set("control.socket", &socket);
    if let Some(guest) = guest {
        set("media.codecs", &guest.format);
    }
    settings::load(&request).map_err(broken)
}

fn broken(complaints: settings::Complaints) -> Error {
    Error::new(Code::BROKEN_SETTINGS, complaints.to_string())
}

/// At its own port where that is free, so that people can type it; a check takes any.
async fn pbx(
    folder: &Path,
    password: &str,
    check: bool,
    guest: Option<&Guest>,
) -> Result<Pbx, Error> {
    let settings = |port: u16| -> Result<demo_pbx::Settings, Error> {
        let users = Users::none().and(USER, password);
        let mut settings = demo_pbx::Settings::new(users, folder.to_owned(), seed()?);
        settings.listen.set_port(port);
        Ok(settings)
    };
    if !check && let Ok(pbx) = demo_pbx::start(settings(PBX_PORT)?, catalogue(guest)?).await {
        return Ok(pbx);
    }
    let started = demo_pbx::start(settings(0)?, catalogue(guest)?).await;
    started.map_err(|why| Error::from(why.explain()))
}

/// Plugins of the demo, linked in: it needs no file to be installed.
fn catalogue(guest: Option<&Guest>) -> Result<Catalogue, Error> {
    let loaded = settings::load(&settings::Request::of_profile("demo")).map_err(broken)?;
    let built_in = [
        &audio_file::ENTRY,
        &audio_null::ENTRY,
        &audio_tone::ENTRY,
        &codec_g711::ENTRY,
        &dtmf_inband::ENTRY,
        &dtmf_info::ENTRY,
        &dtmf_rfc4733::ENTRY,
    ];
    let host = phone::Host {
        name: "offhook demo",
        version: env!("CARGO_PKG_VERSION"),
        state: "demo",
        built_in: &built_in,
        files: phone::Files::Named,
        prober: None,
    };
    let mut catalogue = phone::catalogue(&host, &loaded.settings);
    if let Some(guest) = guest {
        let refused = |why: plugin_host::Error| {
            ErrorObject::new(Code::PLUGIN_REFUSED, why.to_string()).fix(why.fix())
        };
        catalogue.add_file(&guest.file).map_err(refused)?;
    }
    Ok(catalogue)
}

/// The demo's state folder, or for a check a new one that is thrown away.
fn folder(check: bool, rng: &mut Rng) -> Result<(PathBuf, Option<PathBuf>), Error> {
    let set = |name: &str| {
        std::env::var_os(name)
            .filter(|v| !v.is_empty())
            .map(PathBuf::from)
    };
    let folder = match check {
        true => std::env::temp_dir().join(format!("offhook-check-{}", rng.token(10))),
        false => set("XDG_STATE_HOME")
            .or_else(|| set("HOME").map(|home| home.join(".local/state")))
            .unwrap_or_else(std::env::temp_dir)
            .join("offhook/demo"),
    };
    let failed = |why| {
        Error::new(
            Code::FILE_UNREADABLE,
            format!("{}: {why}", folder.display()),
        )
    };
    std::fs::create_dir_all(&folder).map_err(failed)?;
    let throw_away = check.then(|| folder.clone());
    Ok((folder, throw_away))
}

fn seed() -> Result<[u8; 32], Error> {
    let mut seed = [0; 32];
    let failed = |why| {
        Error::new(
            Code::DEGRADED,
            format!("the system gives no random bytes: {why}"),
        )
    };
    getrandom::fill(&mut seed).map_err(failed)?;
    Ok(seed)
}
