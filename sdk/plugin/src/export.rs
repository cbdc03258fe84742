//! The export macros: one for each kind, all the same inside.
//!
//! Each gives `ENTRY`, and under the crate's feature `library` the C symbol and the manifest section.
//! Behind the type may stand, in this order:
//!
//! | field | says | without it |
//! | --- | --- | --- |
//! | `id = "codec-mine"` and `name = "Mine"` | who it is | the package's name is both |
//! | `permissions = ["net:example.org"]` | what it wants from the sandbox | nothing |
//! | `config = r#"{"gain_db":{"type":"number","default":0,"min":-40,"max":40,"help":"…"}}"#` | its options | none |
//! | `trust = "isolated"` | it must not run in the engine's process | the host decides |

/// Exports a codec: `export_codec!(Mine)`, or `export_codec!(Mine, id = "codec-mine", name = "Mine")`.
#[macro_export]
macro_rules! export_codec {
    ($type:ty $(, $($rest:tt)*)?) => {
        $crate::export_entry!("codec", "offhook.codec/1", codec, $type $(, $($rest)*)?);
    };
}

/// Exports an audio device, as [`export_codec!`] does a codec.
#[macro_export]
macro_rules! export_audio {
    ($type:ty $(, $($rest:tt)*)?) => {
        $crate::export_entry!("audio", "offhook.audio/1", audio, $type $(, $($rest)*)?);
    };
}

/// What the export macros share.
#[doc(hidden)]
#[macro_export]
macro_rules! export_entry {
    ($kind:literal, $table:literal, $make:ident, $type:ty $(,)?) => {
        $crate::export_entry!(
            $kind, $table, $make, $type,
            id = env!("CARGO_PKG_NAME"), name = env!("CARGO_PKG_NAME")
        );
    };
    (
        $kind:literal, $table:literal, $make:ident, $type:ty, id = $id:expr, name = $name:expr
        $(, permissions = [$($first:literal $(, $more:literal)* $(,)?)?])?
        $(, config = $config:expr)?
        $(, trust = $trust:literal)?
        $(,)?
    ) => {
        /// This plugin, for hosts that link it in.
        pub const ENTRY: $crate::Entry = $crate::Entry::$make::<$type>($crate::Identity {
            id: $id,
            name: $name,
            version: env!("CARGO_PKG_VERSION"),
            vendor: env!("CARGO_PKG_AUTHORS"),
            licence: env!("CARGO_PKG_LICENSE"),
            manifest: OFFHOOK_MANIFEST,
        });

        /// What a host may know of this plugin without running any of it.
        const OFFHOOK_MANIFEST: &str = concat!(
            "{\"manifest\":1,\"abi\":\"1.0\",\"kind\":\"",
            $kind,
            "\",\"tables\":[\"",
            $table,
            "\"],\"id\":\"",
            $id,
            "\",\"name\":\"",
            $name,
            "\",\"version\":\"",
            env!("CARGO_PKG_VERSION"),
            "\",\"vendor\":\"",
            env!("CARGO_PKG_AUTHORS"),
            "\",\"licence\":\"",
            env!("CARGO_PKG_LICENSE"),
            "\",\"permissions\":["
            $($(, "\"", $first, "\"" $(, ",\"", $more, "\"")*)?)?
            , "]"
            $(, ",\"config\":", $config)?
            $(, ",\"trust\":\"", $trust, "\"")?
            , "}"
        );

        #[cfg(feature = "library")]
        #[unsafe(export_name = "offhook_plugin_entry")]
        static OFFHOOK_EXPORT: $crate::Entry = ENTRY;

        #[cfg(feature = "library")]
        #[used]
        #[cfg_attr(
            not(any(target_vendor = "apple", windows)),
            unsafe(link_section = ".offhook.manifest")
        )]
        #[cfg_attr(target_vendor = "apple", unsafe(link_section = "__DATA,__offhook"))]
        #[cfg_attr(windows, unsafe(link_section = ".offhook"))]
        static OFFHOOK_SECTION: [u8; OFFHOOK_MANIFEST.len()] =
            $crate::export::bytes(OFFHOOK_MANIFEST);
    };
}

/// Turns text into the array a section wants.
#[doc(hidden)]
pub const fn bytes<const N: usize>(text: &str) -> [u8; N] {
    let from = text.as_bytes();
    let mut to = [0; N];
    let mut at = 0;
    while at < N {
        to[at] = from[at];
        at += 1;
    }
    to
}
