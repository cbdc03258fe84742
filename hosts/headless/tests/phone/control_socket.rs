//! The control socket at its limits.

use super::{PATIENCE, run, start};
use control::wire::{Call, Hello, ToClient, ToEngine};
use control::{Code, Command, EventBody};
use std::path::Path;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::net::UnixStream;
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};

pub(super) struct Client {
    lines: Lines<BufReader<OwnedReadHalf>>,
    write: OwnedWriteHalf,
}

impl Client {
    /// Connects and says hello; wants events after `resume`, if anything.
    pub(super) async fn new(path: &Path, resume: Option<u64>) -> Self {
        let (read, write) = UnixStream::connect(path).await.unwrap().into_split();
        let lines = BufReader::new(read).lines();
        let mut client = Self { lines, write };
        let hello = Hello {
            version: control::wire::VERSION,
            token: None,
            resume,
            filter: resume.map(|_| control::event::Filter::default()),
        };
        client.say(&ToEngine::Hello(hello)).await;
        client
    }

    pub(super) async fn say(&mut self, word: &ToEngine) {
        self.write.write_all(&word.write()).await.unwrap();
    }

    /// The next word; `None` once the engine has closed the connection.
    pub(super) async fn hear(&mut self) -> Option<ToClient> {
        let line = tokio::time::timeout(PATIENCE, self.lines.next_line());
        let line = line.await.expect("an answer in time").ok().flatten()?;
        Some(ToClient::read(line.as_bytes()).unwrap())
    }
}

/// The 257th client is told why it is not served; once another one has gone, there is room again.
#[test]
fn a_client_over_the_limit_is_told_so() {
    run(async {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("control.sock");
        let core = start(&[("control.socket", path.to_str().unwrap())]).await;
        let mut clients = Vec::new();
        for _ in 0..256 {
            let mut client = Client::new(&path, None).await;
            assert!(matches!(client.hear().await, Some(ToClient::Welcome(_))));
            clients.push(client);
        }
        let mut late = Client::new(&path, None).await;
        let Some(ToClient::Reply(reply)) = late.hear().await else {
            panic!("a reply that says why");
        };
        let error = reply.error.unwrap();
        assert_eq!(error.code, Code::ENGINE_BUSY);
        assert!(error.detail.contains("256 clients"), "{error}");
        assert!(late.hear().await.is_none(), "and then it is closed");
        clients.pop();
        let mut again = 0;
        loop {
            let mut next = Client::new(&path, None).await;
            match next.hear().await {
                Some(ToClient::Welcome(_)) => break,
                // The engine has not seen yet that one is gone.
                _ if again < 100 => again += 1,
                other => panic!("{other:?}"),
            }
        }
        core.stop("test").await;
    });
}

/// Whoever writes a line that is too long to its end is told so, and is served after it.
#[test]
fn a_line_that_is_too_long_is_told_and_the_next_one_is_heard() {
    run(async {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("control.sock");
        let core = start(&[("control.socket", path.to_str().unwrap())]).await;
        let mut client = Client::new(&path, None).await;
        assert!(matches!(client.hear().await, Some(ToClient::Welcome(_))));
        let mut long = vec![b' '; 3 * 1024 * 1024];
        long.push(b'\n');
        client.write.write_all(&long).await.unwrap();
        let Some(ToClient::Reply(reply)) = client.hear().await else {
            panic!("a reply that says why");
        };
        println!("{}", reply.error.expect("it is refused"));
        let call = Call {
            id: "7".into(),
            key: None,
            command: Command::ListCalls(control::command::NoFields {}),
        };
        client.say(&ToEngine::Call(call)).await;
        let Some(ToClient::Reply(reply)) = client.hear().await else {
            panic!("a reply");
        };
        assert_eq!((reply.id, reply.error), (Some("7".into()), None));
        core.stop("test").await;
    });
}

/// Makes `count` events and more.
async fn make_events(core: &engine::Core, count: u64) {
    let add = || {
        Command::AddAccount(Box::new(control::command::AddAccount {
            account: "busy".parse().unwrap(),
            user: "1".into(),
            domain: "127.0.0.1".into(),
            auth_user: None,
            display: None,
            password: None,
            registrar: None,
            standby: None,
            standby_after_s: None,
            outbound_proxy: None,
            transport: control::command::Transport::Udp,
            tls: None,
            register: false,
            expires_s: None,
            udp_from_unknown: false,
            make_default: false,
        }))
    };
    for _ in 0..count {
        core.command(add(), None).1.unwrap();
        tokio::task::yield_now().await;
        tokio::task::yield_now().await;
    }
}

/// Whoever comes back after too long, by `hello` or by `events`, gets the whole state and is told from where
/// to where nothing is known; a number that is still known is gone on from.
#[test]
fn a_number_too_old_to_resume_from_brings_the_whole_state() {
    run(async {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("control.sock");
        let core = start(&[("control.socket", path.to_str().unwrap())]).await;
        make_events(&core, 2_300).await;

        let mut old = Client::new(&path, Some(1)).await;
        let Some(ToClient::Welcome(welcome)) = old.hear().await else {
            panic!("welcome");
        };
        let last = welcome.seq;
        assert!(last > 2_100, "{last} events");
        let snapshot = welcome.snapshot.expect("the whole state");
        assert_eq!(snapshot.accounts.len(), 1);

        let mut known = Client::new(&path, Some(last - 3)).await;
        let Some(ToClient::Welcome(welcome)) = known.hear().await else {
            panic!("welcome");
        };
        assert!(welcome.snapshot.is_none(), "nothing was missed");
        for seq in last - 2..=last {
            let Some(ToClient::Event(event)) = known.hear().await else {
                panic!("event {seq}");
            };
            assert_eq!(event.seq, seq);
        }

        let mut asks = Client::new(&path, None).await;
        assert!(matches!(asks.hear().await, Some(ToClient::Welcome(_))));
        let subscribe = control::command::Subscribe {
            filter: control::event::Filter::default(),
            resume: Some(1),
        };
        let call = Call {
            id: "1".into(),
            key: None,
            command: Command::Events(subscribe),
        };
        asks.say(&ToEngine::Call(call)).await;
        assert!(matches!(asks.hear().await, Some(ToClient::Reply(_))));
        let Some(ToClient::Event(event)) = asks.hear().await else {
            panic!("what was missed");
        };
        let EventBody::StreamLagged(lagged) = event.body else {
            panic!("{event:?}");
        };
        assert_eq!((lagged.from, lagged.to), (2, last));
        assert_eq!(lagged.snapshot.accounts.len(), 1);
        core.stop("test").await;
    });
}
