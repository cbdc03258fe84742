//! `offhook-intercom`: a door station. A list of plugins, a settings file, and a door.

mod door;

use clap::Parser;
use control::{Code, ErrorObject};
use door::{Door, Key};
use plugin_host::Catalogue;
use settings::Settings;
use std::path::PathBuf;
use std::rc::Rc;
use std::time::Duration;
use tokio::signal::unix::{SignalKind, signal};

/// A door station: answers by itself, and opens the door to who knows the key.
#[derive(Debug, Parser)]
#[command(name = "offhook-intercom", version)]
struct Options {
    /// Settings file (TOML), over the profile intercom.
    #[arg(long, env = "OFFHOOK_SETTINGS")]
    settings: Option<PathBuf>,
    /// One more setting, such as accounts.door.user=17; may be given several times.
    #[arg(long = "set", value_name = "KEY=VALUE")]
    set: Vec<String>,
    /// What callers press to open the door: 1 to 16 of 0-9 * # A-D. Without it no key opens.
    #[arg(
        long,
        value_name = "KEYS",
        env = "OFFHOOK_DOOR_KEY",
        hide_env_values = true
    )]
    door_key: Option<Key>,
    /// File that is 1 while the door is open, otherwise 0, such as a relay's of the system.
    #[arg(long, value_name = "FILE", requires = "door_key")]
    door_relay: Option<PathBuf>,
    /// How long it stays open. Unit: ms.
    #[arg(long, value_name = "MS", default_value_t = 3_000)]
    door_open_ms: u64,
    /// What to log on stderr: error, warn, info, debug, or a filter such as sip=debug, which leaves the rest as the
    /// settings have it.
    #[arg(long, env = "OFFHOOK_LOG_FILTER")]
    log: Option<String>,
}

fn main() {
    if let Err(error) = run(&terminal::parse()) {
        terminal::end(&error);
    }
}

fn run(options: &Options) -> Result<(), ErrorObject> {
    let broken = |why: String| ErrorObject::new(Code::BROKEN_SETTINGS, why);
    let mut request = settings::Request::of_profile("intercom");
    request.file.clone_from(&options.settings);
    for setting in &options.set {
        let no_value = || broken(format!("--set {setting}: write KEY=VALUE"));
        let (key, value) = setting.split_once('=').ok_or_else(no_value)?;
        let option = (key.to_owned(), value.to_owned(), "--set".to_owned());
        request.options.push(option);
    }
    let loaded = settings::load(&request).map_err(|all| broken(all.to_string()))?;
    terminal::start_log(options.log.as_deref(), loaded.settings.log)?;
    for warning in &loaded.warnings {
        terminal::complain_line(warning);
    }
    let open_for = Duration::from_millis(options.door_open_ms);
    let (key, relay) = (options.door_key.clone(), options.door_relay.clone());
    let door = Door::shut(key, relay, open_for)?;
    let builder =
        phone::build(&loaded.settings, catalogue(&loaded.settings)).map_err(|why| why.explain())?;
    actix::System::new().block_on(async {
        let core = builder.start().await.map_err(|why| why.explain())?;
        for listen in core.listening() {
            terminal::line(format_args!(
                "listening {} {}",
                listen.transport, listen.address
            ));
        }
        tokio::select! {
            () = door.watch(&core) => {}
            () = stopped(&core) => {}
        }
        // Before anything that takes time.
        drop(door);
        core.stop("asked to stop").await;
        Ok(())
    })
}

/// The plugins of this host: all of them are linked in, so no file can be lost on a door.
fn catalogue(settings: &Settings) -> Catalogue {
    let built_in = [
        &codec_g711::ENTRY,
        &dtmf_inband::ENTRY,
        &dtmf_info::ENTRY,
        &dtmf_rfc4733::ENTRY,
        &audio_system::ENTRY,
        &audio_null::ENTRY,
    ];
    let host = phone::Host {
        name: "offhook-intercom",
        version: env!("CARGO_PKG_VERSION"),
        state: None,
        built_in: &built_in,
        files: phone::Files::Named,
        prober: None,
    };
    phone::catalogue(&host, settings)
}

/// Until somebody wants it to stop.
async fn stopped(core: &Rc<engine::Core>) {
    let Ok(mut term) = signal(SignalKind::terminate()) else {
        return core.stopped().await;
    };
    tokio::select! {
        _ = term.recv() => {}
        _ = tokio::signal::ctrl_c() => {}
        () = core.stopped() => {}
    }
}
