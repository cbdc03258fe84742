//! `offhookd`: offhook without a face.
//!
//! A list of plugins and a settings file; everything else is `core/phone`.

mod options;
mod plugins;
mod server;

use control::{Code, ErrorObject, ExitCode};
use options::Options;
use std::path::PathBuf;
use std::process;
use std::rc::Rc;
use tokio::signal::unix::{Signal, SignalKind, signal};

fn main() {
    let options: Options = terminal::parse();
    if let Some(file) = &options.probe_plugin {
        return plugin_host::probe::answer(file);
    }
    let mut warnings = Vec::new();
    match run(&options, &mut warnings) {
        Ok(()) => {}
        Err(error) => {
            // What keeps it from running stands first; what may be behind it follows.
            terminal::complain(&error);
            for warning in warnings {
                terminal::complain_line(warning);
            }
            process::exit(ExitCode::of_error(&error).number().into());
        }
    }
}

/// `warnings` are those of the settings, until they are logged: once it runs.
fn run(options: &Options, warnings: &mut Vec<settings::Complaint>) -> Result<(), ErrorObject> {
    let broken = |complaints: settings::Complaints| {
        ErrorObject::new(Code::BROKEN_SETTINGS, complaints.to_string())
    };
    let mut loaded = settings::load(&options.request()?).map_err(broken)?;
    terminal::start_log(options.log.as_deref(), loaded.settings.log)?;
    phone::keep_history(&mut loaded.settings);
    warnings.clone_from(&loaded.warnings);
    folders(&options.plugins)?;
    net::raise_open_files();
    net::outlive_full_files();
    let left_out = &mut loaded.settings.plugins.without;
    left_out.extend(options.without_plugin.iter().cloned());
    let catalogue = plugins::catalogue(options, &loaded.settings);
    plugins::leave_out_named(options, &mut loaded.settings, &catalogue);
    let mut builder =
        phone::build_keeping(&loaded.settings, catalogue).map_err(|why| why.explain())?;
    if let Some(reloads) = plugins::reloads(options, &loaded.settings) {
        builder = builder.reloads(reloads);
    }
    if loaded.settings.control_socket.is_none() {
        let path = control::socket_path(&loaded.settings.profile);
        builder =
            builder.control(path.map_err(|bad| ErrorObject::new(Code::USAGE, bad.to_string()))?);
    }
    actix::System::new().block_on(async {
        let core = builder.start().await.map_err(|why| why.explain())?;
        for warning in warnings.drain(..) {
            tracing::warn!("{warning}");
        }
        let end = Signals::watch();
        for listen in core.listening() {
            terminal::line(format_args!(
                "listening {} {}",
                listen.transport, listen.address
            ));
        }
        wait(&core, end).await;
        core.stop("asked to stop").await;
        Ok(())
    })
}

/// A folder that somebody took the trouble to name is there.
fn folders(named: &[PathBuf]) -> Result<(), ErrorObject> {
    let Some(missing) = named.iter().find(|folder| !folder.is_dir()) else {
        return Ok(());
    };
    let why = format!("option --plugins: {} is no folder", missing.display());
    Err(ErrorObject::new(Code::FILE_UNREADABLE, why))
}

/// Signals that end it in order.
struct Signals {
    term: Signal,
    int: Signal,
}

impl Signals {
    /// From now on. Whoever is told that it listens may end it.
    fn watch() -> Option<Self> {
        let term = signal(SignalKind::terminate()).ok()?;
        let int = signal(SignalKind::interrupt()).ok()?;
        Some(Self { term, int })
    }
}

/// Until somebody wants it to stop: a signal, or the command `shutdown`.
async fn wait(core: &Rc<engine::Core>, signals: Option<Signals>) {
    let Some(Signals { mut term, mut int }) = signals else {
        return core.stopped().await;
    };
    tokio::select! {
        _ = term.recv() => {}
        _ = int.recv() => {}
        () = core.stopped() => {}
    }
}
