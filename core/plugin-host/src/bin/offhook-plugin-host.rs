//! Serves one isolated plugin to the engine that started it. Nothing for people to run.

fn main() -> std::process::ExitCode {
    match offhook_plugin_host::away::serve() {
        Ok(()) => std::process::ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("offhook-plugin-host: {error}");
            std::process::ExitCode::FAILURE
        }
    }
}
