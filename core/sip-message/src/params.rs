//! Parameters: `;name`, `;name=value`, `;name="quoted value"`.

use crate::Malformed;
use crate::scan::{self, Scanner};
use crate::span::Span;

/// One parameter while it is read.
pub(crate) struct Param {
    pub(crate) name: Span,
    /// As written, with its quotes.
    pub(crate) value: Option<Span>,
}

/// Reads `;name[=value]` if a semicolon is next; `None` at the end of the parameters.
pub(crate) fn next(scanner: &mut Scanner<'_>) -> Result<Option<Param>, Malformed> {
    if !scanner.take_spaced(b';') {
        return Ok(None);
    }
    pair(scanner).map(Some)
}

/// Reads `name[=value]`.
pub(crate) fn pair(scanner: &mut Scanner<'_>) -> Result<Param, Malformed> {
    let name = scanner.token("parameter name")?;
    if !scanner.take_spaced(b'=') {
        return Ok(Param { name, value: None });
    }
    let value = match scanner.peek() {
        Some(b'"') => scanner.quoted()?,
        _ => scanner.run(scan::is_param),
    };
    if value.is_empty() {
        return scanner.fail("parameter value");
    }
    let value = Some(value);
    Ok(Param { name, value })
}

/// Goes over parameters up to the end of the value, telling each to `see`.
///
/// Bytes beyond ASCII are let pass only where they are UTF-8, so that values can be given as text.
pub(crate) fn check(
    scanner: &mut Scanner<'_>,
    bytes: &[u8],
    mut see: impl FnMut(&str, Span),
) -> Result<Span, Malformed> {
    scanner.spaces();
    let start = scanner.at();
    while let Some(param) = next(scanner)? {
        see(param.name.text(bytes), param.value.unwrap_or_default());
    }
    scanner.spaces();
    if !scanner.is_done() {
        return scanner.fail("parameter");
    }
    let span = Span::new(start, bytes.len());
    match core::str::from_utf8(span.of(bytes)) {
        Ok(_) => Ok(span),
        Err(error) => Err(Malformed::new("UTF-8", start + error.valid_up_to())),
    }
}

/// The pairs in checked text.
pub(crate) fn pairs(bytes: &[u8]) -> impl Iterator<Item = (&str, Option<&str>)> {
    let mut scanner = Scanner::new(bytes);
    core::iter::from_fn(move || {
        let param = next(&mut scanner).ok().flatten()?;
        let value = param.value.map(|span| span.text(bytes));
        Some((param.name.text(bytes), value))
    })
}

/// The value of `name` in checked text, as written; empty for a name without a value.
pub(crate) fn find<'a>(bytes: &'a [u8], name: &str) -> Option<&'a str> {
    pairs(bytes)
        .find(|(found, _)| found.eq_ignore_ascii_case(name))
        .map(|(_, value)| value.unwrap_or_default())
}
