//! Time until registered, and what a registered daemon costs that has nothing to do.

use crate::process::Process;
use crate::table::{Figure, Goal, Table, quantile};
use std::net::{SocketAddr, UdpSocket};
use std::path::Path;
use std::time::{Duration, Instant};

/// The daemon finds it in its environment; the registrar here does not look at it.
pub(crate) const PASSWORD: &str = "bench";
/// Starts that are timed.
const STARTS: usize = 15;
/// How long idling is watched. Unit: s.
const WATCHED: u64 = 10;

pub(crate) fn figures(daemon: &Path, table: &mut Table) -> Result<(), String> {
    let registrar = UdpSocket::bind("127.0.0.1:0").map_err(|why| why.to_string())?;
    let wait = Some(Duration::from_secs(3));
    registrar
        .set_read_timeout(wait)
        .map_err(|why| why.to_string())?;
    let address = registrar.local_addr().map_err(|why| why.to_string())?;
    let mut took = Vec::new();
    for _ in 0..STARTS {
        let began = Instant::now();
        let process = start(daemon, address)?;
        register(&registrar)?;
        took.push(began.elapsed().as_secs_f64() * 1000.0);
        drop(process);
    }
    let mut bare = Vec::new();
    for _ in 0..STARTS {
        let began = Instant::now();
        let mut process = std::process::Command::new("taskset");
        let process = process.args(["-c", &crate::SERVED.to_string(), "true"]);
        process.status().map_err(|why| why.to_string())?;
        bare.push(began.elapsed().as_secs_f64() * 1000.0);
    }
    let bare = quantile(&mut bare, 0.5);
    table.add(
        Figure::new(
            "registered after start, digest, p50",
            quantile(&mut took, 0.5),
            "ms",
        )
        .goal(Goal::AtMost(20.0))
        .beside("starting a program that does nothing", bare),
    );
    let process = start(daemon, address)?;
    register(&registrar)?;
    std::thread::sleep(Duration::from_secs(2));
    let before = process.cpu();
    let until = Instant::now() + Duration::from_secs(WATCHED);
    watch(&registrar, until)?;
    let share = (process.cpu() - before) / WATCHED as f64 * 100.0;
    table.add(Figure::new("idle and registered, of a core", share, "%").goal(Goal::AtMost(0.2)));
    let resident = process.resident() / 1000.0;
    table
        .add(Figure::new("idle and registered, resident", resident, "MB").goal(Goal::AtMost(14.0)));
    Ok(())
}

fn start(daemon: &Path, registrar: SocketAddr) -> Result<Process, String> {
    let server = format!("sip:{registrar}");
    let socket = std::env::temp_dir().join(format!("offhook-load-{}.sock", std::process::id()));
    let socket = socket.to_string_lossy().into_owned();
    let args = [
        ["--listen", "127.0.0.1:0"],
        ["--user", "bench"],
        ["--log", "error"],
        ["--password-env", "LOAD_PASSWORD"],
        ["--socket", &socket],
        ["--register", &server],
    ];
    Process::start(daemon, args.concat())
}

/// Answers until a REGISTER with credentials got its 200.
fn register(registrar: &UdpSocket) -> Result<(), String> {
    loop {
        let request = take(registrar).map_err(|_| "it never registered".to_owned())?;
        if request.starts_with("REGISTER") && request.contains("Authorization:") {
            return Ok(());
        }
    }
}

/// Answers whatever comes until `until`.
fn watch(registrar: &UdpSocket, until: Instant) -> Result<(), String> {
    let left = until.saturating_duration_since(Instant::now());
    if left.is_zero() {
        let wait = Some(Duration::from_secs(3));
        return registrar
            .set_read_timeout(wait)
            .map_err(|why| why.to_string());
    }
    registrar
        .set_read_timeout(Some(left))
        .map_err(|why| why.to_string())?;
    // Nothing came until the end: that is idling.
    let _ = take(registrar);
    watch(registrar, until)
}

/// Takes one request and answers it: a challenge for a REGISTER without credentials, else 200.
fn take(registrar: &UdpSocket) -> std::io::Result<String> {
    let mut buffer = [0; 4096];
    let (len, from) = registrar.recv_from(&mut buffer)?;
    let request = String::from_utf8_lossy(buffer.get(..len).unwrap_or_default()).into_owned();
    let bare = request.starts_with("REGISTER") && !request.contains("Authorization:");
    let mut answer = match bare {
        true => {
            "SIP/2.0 401 Unauthorized\r\nWWW-Authenticate: Digest realm=\"bench\", \
                 nonce=\"1234567890\", algorithm=MD5, qop=\"auth\"\r\n"
        }
        false => "SIP/2.0 200 OK\r\n",
    }
    .to_owned();
    for line in request.split("\r\n") {
        let kept = ["Via:", "From:", "To:", "Call-ID:", "CSeq:", "Contact:"];
        if kept.iter().any(|name| line.starts_with(name)) {
            answer.push_str(line);
            if line.starts_with("To:") {
                answer.push_str(";tag=registrar");
            }
            if line.starts_with("Contact:") && !line.contains("expires=") {
                answer.push_str(";expires=3600");
            }
            answer.push_str("\r\n");
        }
    }
    answer.push_str("Expires: 3600\r\nContent-Length: 0\r\n\r\n");
    registrar.send_to(answer.as_bytes(), from)?;
    Ok(request)
}
