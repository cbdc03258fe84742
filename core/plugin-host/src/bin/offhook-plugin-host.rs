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
        (Some(_), _) => {
            eprintln!("usage: offhook-plugin-host --probe FILE");
            ExitCode::FAILURE
        }
        (None, _) => match offhook_plugin_host::away::serve() {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                eprintln!("offhook-plugin-host: {error}");
                ExitCode::FAILURE
            }
        },
    }
}
