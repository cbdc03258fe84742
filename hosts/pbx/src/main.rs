//! `offhook-pbx`: a small PBX for demos and first tests.
//!
//! A list of plugins and a command line; everything else is `core/demo-pbx`.

mod options;

use control::{Code, ErrorObject};
use demo_pbx::{EXTENSIONS, Pbx, Users};
use options::Options;
use plugin_host::Catalogue;
use settings::Log;
use terminal::line;
use tokio::signal::unix::{SignalKind, signal};

fn main() {
    if let Err(error) = run(&terminal::parse()) {
        terminal::end(&error);
    }
}

fn run(options: &Options) -> Result<(), ErrorObject> {
    terminal::start_log(options.log.as_deref(), Log::Warn)?;
    let settings = options.settings()?;
    let users = settings.users.clone();
    let catalogue = catalogue()?;
    net::raise_open_files();
    net::outlive_full_files();
    actix::System::new().block_on(async {
        let pbx = demo_pbx::start(settings, catalogue);
        let pbx = pbx.await.map_err(|why| why.explain())?;
        introduce(&pbx, &users);
        wait().await;
        pbx.stop().await;
        Ok(())
    })
}

/// The plugins of this host.
fn catalogue() -> Result<Catalogue, ErrorObject> {
    let mut catalogue = Catalogue::new("offhook-pbx", env!("CARGO_PKG_VERSION"));
    for entry in [
        &audio_file::ENTRY,
        &audio_tone::ENTRY,
        &codec_g711::ENTRY,
        &dtmf_inband::ENTRY,
        &dtmf_info::ENTRY,
        &dtmf_rfc4733::ENTRY,
    ] {
        let refused = |why: plugin_host::Error| {
            ErrorObject::new(Code::PLUGIN_REFUSED, why.to_string()).fix(why.fix())
        };
        catalogue.add_built_in(entry).map_err(refused)?;
    }
    Ok(catalogue)
}

fn introduce(pbx: &Pbx, users: &Users) {
    let version = env!("CARGO_PKG_VERSION");
    line(format_args!(
        "offhook-pbx {version} — a demo, not for production"
    ));
    line(format_args!("listening {} udp tcp", pbx.address()));
    let users: Vec<&str> = users.names().collect();
    line(format_args!("users     {}", users.join(" ")));
    line("dial");
    for extension in EXTENSIONS {
        let demo_pbx::Extension {
            number, name, what, ..
        } = extension;
        line(format_args!("  {number}  {name:<10}  {what}"));
    }
    line("Ctrl+C stops.");
}

/// Until somebody wants it to stop.
async fn wait() {
    let (Ok(mut term), Ok(mut int)) = (
        signal(SignalKind::terminate()),
        signal(SignalKind::interrupt()),
    ) else {
        return std::future::pending().await;
    };
    tokio::select! {
        _ = term.recv() => {}
        _ = int.recv() => {}
    }
}
