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
use phone::{Files, Recorded, Rule};
use plugin_host::{Catalogue, Entry, Prober};
use ports::media::Sound;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::{Duration, Instant};

/// Where the demo's PBX listens when nobody else does.
const PBX_PORT: u16 = 35_060;
/// Id of the phone's account.
const ACCOUNT: &str = "demo";
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

/// What both engines have besides the demo's own plugins.
#[derive(Debug)]
pub(in crate::verbs) enum Guest {
    /// A codec in a file, which is all that both may speak.
    Codec {
        /// The library.
        file: PathBuf,
        /// As rtpmap spells it.
        format: String,
    },
    /// What the person has.
    Own(Own),
}

/// The library files and codecs of the person's own settings.
#[derive(Debug)]
pub(in crate::verbs) struct Own {
    /// The settings file.
    pub(in crate::verbs) settings: Option<PathBuf>,
    /// Folders that are searched besides those that the settings name.
    pub(in crate::verbs) folders: Vec<PathBuf>,
    /// Ids of library files that are left out.
    pub(in crate::verbs) without: Vec<String>,
}

impl Own {
    /// The settings of the profile demo, with the person's over them.
    fn request(&self) -> settings::Request {
        let mut request = settings::Request::of_profile("demo");
        request.file.clone_from(&self.settings);
        request
    }

    /// Everything under `plugins`, and which codecs both may speak: G.711 in any case, so that there is a call
    /// where the codecs of plugins are left out.
    fn read(&self) -> Result<(settings::Plugins, Vec<String>), Error> {
        let settings = settings::load(&self.request()).map_err(broken)?.settings;
        let mut plugins = settings.plugins;
        plugins.without.extend(self.without.iter().cloned());
        let mut codecs = settings.media.codecs;
        if !codecs
            .iter()
            .any(|codec| codec.eq_ignore_ascii_case("PCMU"))
        {
            codecs.push("PCMU".to_owned());
        }
        Ok((plugins, codecs))
    }
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
        let mut loaded = load(&pbx, &password, &socket, guest)?;
        if !check {
            phone::keep_history(&mut loaded.settings);
        }
        let catalogue = catalogue(guest)?;
        let plugins = catalogue.plugins().count();
        let sound = Sound::Device {
            plugin: "audio-file".to_owned(),
            request: sounds.request(),
        };
        let incoming = loaded.settings.incoming.clone();
        let keeping: phone::Keeping = phone::keeping;
        let builder = phone::build_with(
            &loaded.settings,
            catalogue,
            sound,
            move || Box::new(Rule::new(incoming.clone(), Recorded::default())),
            Some(keeping),
        );
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
    let mut request = match guest {
        Some(Guest::Own(own)) => own.request(),
        Some(Guest::Codec { .. }) | None => settings::Request::of_profile("demo"),
    };
    let (server, socket) = (pbx.address().to_string(), socket.display().to_string());
    let mut set = |key: &str, value: &str| {
        request
            .options
            .push((key.to_owned(), value.to_owned(), "demo".to_owned()));
    };
    set("accounts.demo.user", USER);
    set("accounts.demo.domain", &server);
    set("accounts.demo.password", password);
    // 603 writes.
    set("accounts.demo.allow_message", "true");
    set("control.socket", &socket);
    match guest {
        Some(Guest::Codec { format, .. }) => set("media.codecs", format),
        Some(Guest::Own(own)) => {
            set("media.codecs", &own.read()?.1.join(","));
            set("sip.listen", "udp:127.0.0.1:0,tcp:127.0.0.1:0");
            // The call has a device of its own.
            set("media.microphone", "audio-null");
            set("media.speaker", "audio-null");
            set("incoming.accept", "ring");
        }
        // What the PBX lets one watch.
        None => {
            set("accounts.demo.blf", "Carol <103>");
            set("accounts.demo.park_slots", "701,702,703");
            set("accounts.demo.subscribe_for_voicemail", "true");
            set("accounts.demo.voicemail_number", "*97");
        }
    }
    let mut loaded = settings::load(&request).map_err(broken)?;
    if let Some(Guest::Own(_)) = guest {
        let settings = &mut loaded.settings;
        // The person's own servers hear nothing of it.
        settings.accounts.retain(|account| account.id == ACCOUNT);
        settings.default_account = Some(ACCOUNT.to_owned());
        settings.filters.microphone.clear();
        settings.filters.speaker.clear();
    }
    Ok(loaded)
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
    let request = match guest {
        Some(Guest::Own(own)) => own.request(),
        Some(Guest::Codec { .. }) | None => settings::Request::of_profile("demo"),
    };
    let mut settings = settings::load(&request).map_err(broken)?.settings;
    let files = match guest {
        Some(Guest::Own(own)) => {
            settings.plugins.without.extend(own.without.iter().cloned());
            Files::In(&own.folders)
        }
        Some(Guest::Codec { .. }) | None => Files::Named,
    };
    let built_in = [
        &audio_file::ENTRY,
        &audio_null::ENTRY,
        &audio_tone::ENTRY,
        &codec_g711::ENTRY,
        &dtmf_inband::ENTRY,
        &dtmf_info::ENTRY,
        &dtmf_rfc4733::ENTRY,
    ];
    let mut host = host(files, &built_in);
    if let Some(Guest::Own(_)) = guest {
        // Whoever looks for the plugin that fails may have it fail.
        host.prober = None;
    }
    let mut catalogue = phone::catalogue(&host, &settings);
    if let Some(Guest::Codec { file, .. }) = guest {
        add(&mut catalogue, file)?;
    }
    Ok(catalogue)
}

/// This file and nothing else, guarded as plugins of the demo are.
pub(in crate::verbs) fn alone(file: &Path) -> Result<Catalogue, Error> {
    let request = settings::Request::of_profile("demo");
    let settings = settings::load(&request).map_err(broken)?.settings;
    let mut catalogue = phone::guarded(&host(Files::Named, &[]), &settings);
    add(&mut catalogue, file)?;
    Ok(catalogue)
}

fn host<'a>(files: Files<'a>, built_in: &'a [&'a Entry]) -> phone::Host<'a> {
    phone::Host {
        name: "offhook demo",
        version: env!("CARGO_PKG_VERSION"),
        state: None,
        built_in,
        files,
        prober: Prober::beside(),
    }
}

fn add(catalogue: &mut Catalogue, file: &Path) -> Result<(), Error> {
    let refused = |why: plugin_host::Error| {
        ErrorObject::new(Code::PLUGIN_REFUSED, why.to_string()).fix(why.fix())
    };
    catalogue.add_file(file).map_err(refused)?;
    Ok(())
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
