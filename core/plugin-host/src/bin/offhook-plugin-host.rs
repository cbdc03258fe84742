//! Serves one isolated plugin to the engine that started it. Nothing for people to run, but for
//! `offhook-plugin-host --probe FILE`: looks at one plugin library in this process and says what it finds.

use std::path::Path;
use std::process::ExitCode;

fn main() -> ExitCode {
    let mut arguments = std::env::args_os().skip(1);
    match (arguments.next(), arguments.next()) {
        (Some(option), Some(file)) if option == "--probe" => {
            offhook_plugin_host::probe::answer(Path::new(&file));
            ExitCode::SUCCESS
        }
        (Some(option), Some(engine)) if option == offhook_plugin_host::away::FOR => {
            serve(engine.to_str().and_then(|number| number.parse().ok()))
        }
        (Some(_) | None, _) => {
            eprintln!("usage: offhook-plugin-host --probe FILE");
            ExitCode::FAILURE
        }
    }
}

fn serve(engine: Option<u32>) -> ExitCode {
    let served = match engine {
        Some(engine) => offhook_plugin_host::away::serve(engine),
        None => Err(std::io::Error::other("no process number")),
    };
    match served {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("offhook-plugin-host: {error}");
            ExitCode::FAILURE
        }
    }
}
