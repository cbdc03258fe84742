//! How a complaint shows an address: people write tokens and passwords into them, and complaints end up in logs.

/// Scheme and server of `written` alone, in quotes; `…` stands for the rest. Of one with a login nothing is shown: its
/// password may hold what looks like the end of the server.
pub(super) fn shown(written: &str) -> String {
    let written = written.trim();
    if written.contains('@') {
        return "an address with a user in it".to_owned();
    }
    let server = written.find("://").map_or(0, |at| at + "://".len());
    let rest = written.get(server..).unwrap_or_default();
    let end = rest.find(|c: char| matches!(c, '/' | '?' | '#' | '\\') || c.is_whitespace());
    match end.and_then(|end| written.get(..server + end)) {
        Some(cut) => format!("\"{}…\"", cut.escape_debug()),
        None => format!("{written:?}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_shown_without_what_may_be_secret() {
        for (written, told) in [
            ("https://crm.test", "\"https://crm.test\""),
            (
                "https://crm.test:8443/a?token=x",
                "\"https://crm.test:8443…\"",
            ),
            ("https://crm.test?token=x", "\"https://crm.test…\""),
            ("https://crm.test#x", "\"https://crm.test…\""),
            ("crm.test/?token=x", "\"crm.test…\""),
            (" ftp://crm.test x", "\"ftp://crm.test…\""),
            (
                "https://me:se/cret@crm.test",
                "an address with a user in it",
            ),
            ("?token=x", "\"…\""),
            ("", "\"\""),
        ] {
            assert_eq!(shown(written), told, "{written}");
        }
    }
}
