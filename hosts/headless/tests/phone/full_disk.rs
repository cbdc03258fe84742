//! A call that is written to a file, on a disk that has no more room.

use super::control_socket::Client;
use super::{ACCOUNT, dial, run, start};
use control::wire::ToClient;
use control::{Code, EventBody};
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// `offhookd` that writes calls into `folder`, no file longer than 8 KiB: half a second.
struct Recording {
    process: Child,
    address: String,
}

impl Recording {
    fn start(folder: &Path, socket: &Path) -> Self {
        let mut command = Command::new("sh");
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("OFFHOOK_") {
                command.env_remove(name);
            }
        }
        command.args(["-c", "ulimit -f 16; exec \"$0\" \"$@\""]);
        command.arg(env!("CARGO_BIN_EXE_offhookd"));
        command.args(["--listen", "127.0.0.1:0", "--answer"]);
        command.arg(format!("record={}", folder.display()));
        command.arg("--socket").arg(socket);
        let mut process = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut first = String::new();
        let out = process.stdout.take().unwrap();
        BufReader::new(out).read_line(&mut first).unwrap();
        let address = first.trim().rsplit(' ').next().unwrap().to_owned();
        Self { process, address }
    }
}

impl Drop for Recording {
    fn drop(&mut self) {
        // One that is gone already needs no killing.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[test]
fn a_full_disk_is_told_and_ends_neither_the_call_nor_the_program() {
    run(async {
        let folder = tempfile::tempdir().unwrap();
        let socket = folder.path().join("control.sock");
        let mut recording = Recording::start(folder.path(), &socket);
        let mut client = Client::new(&socket, Some(0)).await;
        let core = start(&ACCOUNT).await;
        tokio::time::sleep(Duration::from_millis(20)).await;
        dial(&core, &format!("sip:600@{}", recording.address));
        let warning = loop {
            let ToClient::Event(event) = client.hear().await.expect("it lives") else {
                continue;
            };
            if let EventBody::CallWarning(warning) = event.body
                && warning.code == Code::SOUND_DEVICE
            {
                break warning;
            }
        };
        assert!(warning.text.contains("audio-file"), "{}", warning.text);
        assert!(warning.fix.contains("room on its disk"), "{}", warning.fix);
        assert!(matches!(recording.process.try_wait(), Ok(None)), "it lives");
        let written = std::fs::read_dir(folder.path()).unwrap();
        let written = written.filter_map(|entry| entry.ok()?.metadata().ok());
        let longest = written.map(|file| file.len()).max();
        assert_eq!(longest, Some(8192), "what had room is kept");
        core.stop("test").await;
    });
}
