//! `offhook-minimal`: a phone behind a control socket, with nothing built in.

use clap::Parser;
use control::{Code, ErrorObject};
use plugin_host::{Catalogue, Entry, Prober};
use std::path::PathBuf;
use std::rc::Rc;
use tokio::signal::unix::{SignalKind, signal};

/// The plugins that are linked in, such as `&codec_g711::ENTRY`. All others are files.
const BUILT_IN: &[&Entry] = &[];

/// A phone behind a control socket.
#[derive(Debug, Parser)]
#[command(name = "offhook-minimal", version)]
struct Options {
    /// Settings file (TOML), over the profile headless.
    #[arg(long, env = "OFFHOOK_SETTINGS")]
    settings: Option<PathBuf>,
    /// One more setting, such as media.codecs=PCMU; may be given several times.
    #[arg(long = "set", value_name = "KEY=VALUE")]
    set: Vec<String>,
    /// Folder with plugin files; may be given several times.
    #[arg(long, value_name = "FOLDER")]
    plugins: Vec<PathBuf>,
}

fn main() {
    if let Err(error) = run(&terminal::parse()) {
        terminal::end(&error);
    }
}

fn run(options: &Options) -> Result<(), ErrorObject> {
    let loaded = settings(options)?;
    for warning in &loaded.warnings {
        terminal::complain_line(warning);
    }
    let catalogue = catalogue(options, &loaded.settings);
    let reloads = phone::reloads(&loaded.settings.plugins);
    let builder = phone::build(&loaded.settings, catalogue).map_err(|why| why.explain())?;
    let mut builder = builder.reloads(reloads);
    if loaded.settings.control_socket.is_none() {
        let path = control::socket_path(&loaded.settings.profile);
        builder =
            builder.control(path.map_err(|bad| ErrorObject::new(Code::USAGE, bad.to_string()))?);
    }
    actix::System::new().block_on(async {
        let core = builder.start().await.map_err(|why| why.explain())?;
        for listen in core.listening() {
            terminal::line(format_args!(
                "listening {} {}",
                listen.transport, listen.address
            ));
        }
        stopped(&core).await;
        core.stop("asked to stop").await;
        Ok(())
    })
}

fn settings(options: &Options) -> Result<settings::Loaded, ErrorObject> {
    let broken = |why: String| ErrorObject::new(Code::BROKEN_SETTINGS, why);
    let mut request = settings::Request::of_profile("headless");
    request.file.clone_from(&options.settings);
    for setting in &options.set {
        let no_value = || broken(format!("--set {setting}: write KEY=VALUE"));
        let (key, value) = setting.split_once('=').ok_or_else(no_value)?;
        let option = (key.to_owned(), value.to_owned(), "--set".to_owned());
        request.options.push(option);
    }
    settings::load(&request).map_err(|all| broken(all.to_string()))
}

/// What is linked in, and what the search path brings: a file takes the place of a built-in one of its id.
fn catalogue(options: &Options, settings: &settings::Settings) -> Catalogue {
    let host = phone::Host {
        name: "offhook-minimal",
        version: env!("CARGO_PKG_VERSION"),
        state: Some("offhook-minimal"),
        built_in: BUILT_IN,
        files: phone::Files::In(&options.plugins),
        prober: Prober::beside(),
    };
    let catalogue = phone::catalogue(&host, settings);
    for refused in catalogue.refused() {
        let (path, why) = (refused.path.display(), &refused.error);
        terminal::complain_line(format_args!("{path}: {why}; {}", why.fix()));
    }
    catalogue
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
