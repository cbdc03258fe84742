//! What is put where something else belongs.

/// How many there are.
pub(crate) const ANOMALIES: usize = 84;

/// One thing to put into a slot.
pub(crate) struct Anomaly {
    pub(crate) name: String,
    kind: Kind,
}

enum Kind {
    Value(Vec<u8>),
    /// The usual value twice.
    Twice,
    /// The usual value with this behind it.
    Tail(&'static [u8]),
    /// The whole line left out.
    Absent,
}

/// What comes into a slot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Put {
    /// These bytes instead of the usual ones.
    Value(Vec<u8>),
    /// Nothing, and the line around it goes too.
    Absent,
}

impl Anomaly {
    fn new(name: impl Into<String>, value: impl Into<Vec<u8>>) -> Self {
        Self {
            name: name.into(),
            kind: Kind::Value(value.into()),
        }
    }

    fn of(name: &str, kind: Kind) -> Self {
        Self {
            name: name.to_owned(),
            kind,
        }
    }

    /// What it puts where `usual` stood.
    pub(crate) fn put(&self, usual: &str) -> Put {
        match &self.kind {
            Kind::Value(value) => Put::Value(value.clone()),
            Kind::Twice => Put::Value(usual.repeat(2).into()),
            Kind::Tail(tail) => Put::Value([usual.as_bytes(), tail].concat()),
            Kind::Absent => Put::Absent,
        }
    }
}

/// All of them.
pub(crate) fn anomalies() -> Vec<Anomaly> {
    let mut all = vec![
        Anomaly::new("empty", ""),
        Anomaly::of("absent", Kind::Absent),
        Anomaly::of("twice", Kind::Twice),
        Anomaly::of("backslash", Kind::Tail(b"\\")),
    ];
    all.extend(repeats());
    all.extend(integers());
    all.extend(line_ends());
    all.extend(nesting());
    all.extend(addresses());
    all.extend(bytes());
    all
}

/// Much of one byte: under and over every buffer somebody might have.
fn repeats() -> Vec<Anomaly> {
    let units: [(&str, &[u8]); 8] = [
        ("a", b"a"),
        ("space", b" "),
        ("nul", b"\0"),
        ("percent", b"%"),
        ("less", b"<"),
        ("quote", b"\""),
        ("semicolon", b";"),
        ("comma", b","),
    ];
    let mut all = Vec::new();
    for (name, unit) in units {
        for power in [8, 15, 16, 17] {
            all.push(Anomaly::new(
                format!("{name}-2^{power}"),
                unit.repeat(1 << power),
            ));
        }
    }
    for times in [1, 16, 256] {
        all.push(Anomaly::new(
            format!("format-{times}"),
            "%n%s".repeat(times),
        ));
    }
    all
}

/// Around every width a number is kept in, and in spellings that are none.
fn integers() -> Vec<Anomaly> {
    [
        ("minus-1", "-1"),
        ("0", "0"),
        ("2^16", "65536"),
        ("2^31-1", "2147483647"),
        ("2^31", "2147483648"),
        ("2^32", "4294967296"),
        ("2^63", "9223372036854775808"),
        ("2^64", "18446744073709551616"),
        ("10^40", "10000000000000000000000000000000000000000"),
        ("leading-zeros", "00000000000000000000000000000000000000007"),
        ("plus-5", "+5"),
        ("hexadecimal", "0x10"),
        ("exponent", "1e9"),
    ]
    .map(|(name, value)| Anomaly::new(name, value))
    .into()
}

/// Line ends where none belong.
fn line_ends() -> Vec<Anomaly> {
    [
        ("bare-cr", "a\rb"),
        ("bare-lf", "a\nb"),
        ("empty-line", "a\r\n\r\nb"),
        ("injection", "a\r\nX-Injected: b"),
        ("fold", "a\r\n b"),
    ]
    .map(|(name, value)| Anomaly::new(name, value))
    .into()
}

/// What opens and never closes.
fn nesting() -> Vec<Anomaly> {
    let mut all = Vec::new();
    for (name, unit) in [
        ("quotes", "a\""),
        ("angles", "a<"),
        ("brackets", "["),
        ("parens", "("),
    ] {
        for depth in [1, 100, 10_000] {
            all.push(Anomaly::new(
                format!("open-{name}-{depth}"),
                unit.repeat(depth),
            ));
        }
    }
    all
}

/// Addresses that are none, and one that is.
fn addresses() -> Vec<Anomaly> {
    let groups = |count: usize| format!("[{}]", vec!["1"; count].join(":"));
    let mut all = vec![Anomaly::new("ipv4-out-of-range", "999.0.2.1")];
    for count in [1, 8, 9, 1000] {
        all.push(Anomaly::new(format!("ipv6-{count}-groups"), groups(count)));
    }
    all
}

/// Bytes that are no text, or text that is no plain text.
fn bytes() -> Vec<Anomaly> {
    let values: [(&str, &[u8]); 10] = [
        ("overlong-utf8", b"\xc0\xaf"),
        ("surrogate", b"\xed\xa0\x80"),
        ("bom", b"\xef\xbb\xbf"),
        ("not-utf8", b"\xff\xfe"),
        ("ansi", b"\x1b[31mred\x1b[0m"),
        ("delete", b"a\x7fb"),
        ("tab", b"a\tb"),
        ("escaped-nul", b"%00"),
        ("no-escape", b"%zz"),
        ("closing-tag", b"</"),
    ];
    values.map(|(name, value)| Anomaly::new(name, value)).into()
}
