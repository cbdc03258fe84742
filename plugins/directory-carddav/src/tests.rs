use super::*;

#[test]
fn options_that_cannot_be_are_refused() {
    let refused = CardDav::open(r#"{"url":"http://a/","shoe":1}"#).unwrap_err();
    assert!(refused.reason.contains("shoe"), "{refused}");
    assert_eq!(refused.status, Status::BAD_ARGUMENT);
}

/// K-203: a server that is down is told.
#[test]
fn a_server_that_is_not_there_is_told_m_108() {
    let gone = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = gone.local_addr().unwrap();
    drop(gone);
    let mut book = CardDav::open(&format!(r#"{{"url":"http://{address}/"}}"#)).unwrap();
    for question in [r#"{"all":true}"#, r#"{"text":"a"}"#] {
        let refused = book.search(question).unwrap_err();
        assert!(refused.reason.contains("cannot be reached"), "{refused}");
    }
}
