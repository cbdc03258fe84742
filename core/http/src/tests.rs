//! Against servers of this file, which say what a test writes.

use crate::{Answer, Ask, Client, Error, Login, Policy, Url, address};
use base::Redacted;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

/// A server that gives these answers, one a connection, and tells what it was asked.
struct Server {
    address: SocketAddr,
    heard: Receiver<String>,
}

impl Server {
    fn start(answers: Vec<String>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (tell, heard) = channel();
        std::thread::spawn(move || {
            for answer in answers {
                let (mut stream, _) = listener.accept().unwrap();
                let mut request = Vec::new();
                let mut bytes = [0; 4096];
                while !is_whole(&request) {
                    match stream.read(&mut bytes) {
                        Ok(0) | Err(_) => break,
                        Ok(n) => request.extend_from_slice(&bytes[..n]),
                    }
                }
                let _ = tell.send(String::from_utf8_lossy(&request).into_owned());
                let _ = stream.write_all(answer.as_bytes());
                if answer.is_empty() {
                    std::thread::sleep(Duration::from_secs(2));
                }
            }
        });
        Self { address, heard }
    }

    fn url(&self, path: &str) -> Url {
        address(&format!("http://{}{path}", self.address)).unwrap()
    }

    fn heard(&self) -> String {
        self.heard.recv_timeout(Duration::from_secs(5)).unwrap()
    }
}

fn is_whole(request: &[u8]) -> bool {
    let text = String::from_utf8_lossy(request);
    let Some((head, body)) = text.split_once("\r\n\r\n") else {
        return false;
    };
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        let is_length = name.eq_ignore_ascii_case("content-length");
        is_length.then(|| value.trim().parse::<usize>().ok())?
    });
    body.len() >= length.unwrap_or(0)
}

fn says(status: &str, headers: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: close\r\n{headers}\r\n{body}"
    )
}

fn get(client: &mut Client, url: &Url) -> Result<Answer, Error> {
    client.ask(&Ask {
        method: "GET",
        url,
        headers: &[],
        body: "",
    })
}

fn login() -> Option<Login> {
    let password = Redacted::new("pa:ss".to_owned());
    Some(Login {
        user: "ann".to_owned(),
        password,
    })
}

fn client(home: &Url, login: Option<Login>) -> Client {
    Client::new(Policy::default(), home, login)
}

#[test]
fn what_is_asked_arrives_and_what_is_answered_comes_back() {
    let server = Server::start(vec![says("207 Multi-Status", "X-A: b\r\n", "<x/>")]);
    let url = server.url("/a%20b?c=d#gone");
    let answer = client(&url, None).ask(&Ask {
        method: "PROPFIND",
        url: &url,
        headers: &[("Depth", "1"), ("Content-Type", "text/xml")],
        body: "<propfind/>",
    });
    let answer = answer.unwrap();
    assert_eq!((answer.status, answer.body.as_slice()), (207, &b"<x/>"[..]));
    assert_eq!(answer.header("x-a"), Some("b"));
    let heard = server.heard();
    assert!(
        heard.starts_with("PROPFIND /a%20b?c=d HTTP/1.1\r\n"),
        "{heard}"
    );
    assert!(heard.to_lowercase().contains("\r\ndepth: 1\r\n"), "{heard}");
    assert!(heard.ends_with("\r\n\r\n<propfind/>"), "{heard}");
}

#[test]
fn addresses_are_of_http_and_hold_no_password() {
    for bad in [
        "",
        "ftp://a/",
        "a/b",
        "http://",
        "http://u:p@a/",
        "//a",
        "http://[::1",
    ] {
        assert!(matches!(address(bad), Err(Error::BadAddress(_))), "{bad}");
    }
    let url = address("https://example.org/").unwrap();
    let error = get(&mut client(&url, None), &url).unwrap_err();
    assert_eq!(error, Error::NoTls("https://example.org".to_owned()));
}

/// RFC 7616: the second request proves itself, the third at once and with another count.
#[test]
fn digest_is_answered_and_then_used_again() {
    let asks =
        "WWW-Authenticate: Digest realm=\"r\", nonce=\"n\", qop=\"auth\", algorithm=SHA-256\r\n";
    let server = Server::start(vec![
        says("401 No", asks, ""),
        says("200 OK", "", "in"),
        says("200 OK", "", "again"),
    ]);
    let url = server.url("/x?y=1");
    let mut client = client(&url, login());
    assert_eq!(get(&mut client, &url).unwrap().body, b"in");
    assert_eq!(get(&mut client, &url).unwrap().body, b"again");
    assert!(!server.heard().to_lowercase().contains("authorization"));
    for count in ["nc=00000001", "nc=00000002"] {
        let heard = server.heard();
        assert!(heard.contains("Digest username=\"ann\""), "{heard}");
        assert!(
            heard.contains("uri=\"/x?y=1\"") && heard.contains(count),
            "{heard}"
        );
    }
}

#[test]
fn basic_goes_to_this_machine_and_elsewhere_only_where_it_may() {
    let asks = "WWW-Authenticate: Basic realm=\"r\"\r\n";
    let server = Server::start(vec![says("401 No", asks, ""), says("200 OK", "", "in")]);
    let url = server.url("/");
    assert_eq!(get(&mut client(&url, login()), &url).unwrap().body, b"in");
    server.heard();
    let heard = server.heard();
    assert!(heard.contains("Basic YW5uOnBhOnNz"), "{heard}");

    let far = address("http://192.0.2.1/").unwrap();
    let ask = Ask {
        method: "GET",
        url: &far,
        headers: &[],
        body: "",
    };
    let answer = Answer {
        status: 401,
        headers: vec![(
            "www-authenticate".to_owned(),
            "Basic realm=\"r\"".to_owned(),
        )],
        body: Vec::new(),
        url: far.clone(),
    };
    let mut far_client = client(&far, login());
    let refused = far_client.password.asked(&ask, &answer, false, false);
    assert_eq!(
        refused,
        Err(Error::ClearPassword("http://192.0.2.1".to_owned()))
    );
    assert!(
        far_client
            .password
            .asked(&ask, &answer, true, false)
            .is_ok()
    );
}

#[test]
fn a_wrong_password_and_a_missing_one_are_told() {
    let asks = "WWW-Authenticate: Digest realm=\"r\", nonce=\"n\", qop=\"auth\"\r\n";
    let no = || says("401 No", asks, "");
    let server = Server::start(vec![no(), no(), no()]);
    let url = server.url("/");
    let wrong = get(&mut client(&url, login()), &url).unwrap_err();
    assert!(matches!(&wrong, Error::WrongPassword { user, .. } if user == "ann"));
    assert!(!wrong.to_string().contains("pa:ss"));
    let none = get(&mut client(&url, None), &url).unwrap_err();
    assert!(matches!(none, Error::NoPassword(_)));
}

#[test]
fn redirects_are_followed_without_the_password_and_counted() {
    let other = Server::start(vec![
        says("401 No", "WWW-Authenticate: Basic realm=\"r\"\r\n", ""),
        says("200 OK", "", "there"),
    ]);
    let to = |url: &Url| format!("Location: {url}\r\n");
    let here = Server::start(vec![
        says("302 Found", &to(&other.url("/x")), ""),
        says("302 Found", &to(&other.url("/y")), ""),
    ]);
    let url = here.url("/");
    let mut asking = client(&url, login());
    let foreign = get(&mut asking, &url).unwrap_err();
    assert!(matches!(foreign, Error::NoPassword(_)), "{foreign}");
    let answer = get(&mut asking, &url).unwrap();
    assert_eq!(
        (answer.body.as_slice(), answer.url),
        (&b"there"[..], other.url("/y"))
    );
    for _ in 0..2 {
        assert!(!other.heard().to_lowercase().contains("authorization"));
    }

    let round = Server::start(vec![says("307 On", "Location: /again\r\n", ""); 6]);
    let url = round.url("/");
    let error = get(&mut client(&url, None), &url).unwrap_err();
    assert!(
        matches!(error, Error::TooManyRedirects { most: 5, .. }),
        "{error}"
    );
}

#[test]
fn redirects_that_are_less_safe_or_change_something_are_refused() {
    let answer = |from: &str, status: u16, to: &str| Answer {
        status,
        headers: vec![("location".to_owned(), to.to_owned())],
        body: Vec::new(),
        url: address(from).unwrap(),
    };
    let why = |answer: &Answer, method| crate::exchange::redirect(answer, method);
    for (from, status, to, method) in [
        ("https://a/", 301, "http://a/", "GET"),
        ("http://a/", 301, "ftp://a/", "GET"),
        ("http://a/", 301, "file:///etc/passwd", "GET"),
        ("http://a/", 308, "/x", "PUT"),
        ("http://a/", 302, "http://u:p@b/", "GET"),
    ] {
        let refused = why(&answer(from, status, to), method);
        assert!(matches!(refused, Err(Error::BadRedirect { .. })), "{to}");
    }
    let seen = why(&answer("http://a/b/c", 303, "../d"), "POST").unwrap();
    assert_eq!(seen.map(String::from).as_deref(), Some("http://a/d"));
    assert_eq!(why(&answer("http://a/", 200, "/x"), "GET"), Ok(None));
}

#[test]
fn long_late_and_strange_answers_are_told() {
    let long = format!("X-A: {}\r\n", "a".repeat(70_000));
    let server = Server::start(vec![
        says("200 OK", "", &"x".repeat(2000)),
        says("200 OK", &long, ""),
        "SSH-2.0-what\r\n\r\n".to_owned(),
        String::new(),
    ]);
    let url = server.url("/");
    let policy = Policy {
        body: 1000,
        whole: Duration::from_millis(500),
        ..Policy::default()
    };
    let mut client = Client::new(policy, &url, None);
    let mut errors = (0..4).map(|_| get(&mut client, &url).unwrap_err());
    let body = errors.next().unwrap();
    assert!(matches!(body, Error::TooLarge { most: 1000, .. }), "{body}");
    let head = errors.next().unwrap();
    assert!(matches!(head, Error::TooLarge { .. }), "{head}");
    let strange = errors.next().unwrap();
    assert!(matches!(strange, Error::Garbage { .. }), "{strange}");
    let late = errors.next().unwrap();
    assert!(matches!(late, Error::TimedOut { ms: 500, .. }), "{late}");
    drop(errors);

    let gone = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let url = address(&format!("http://{gone}/")).unwrap();
    let error = get(&mut client, &url).unwrap_err();
    assert!(matches!(error, Error::Unreachable { .. }), "{error}");
    assert!(!error.fix().is_empty());
}
