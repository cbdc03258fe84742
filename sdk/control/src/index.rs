//! The error index: every code with its cause and its fix. `offhook explain` prints it.
//!
//! Thousands: 1 usage and settings, 2 accounts and servers, 3 sound, 4 calls and lamps, 5 plugins, 6 engine.

mod calls;
mod engine;
#[cfg(test)]
mod tests;

use crate::{Code, ExitCode};
use core::fmt::Write as _;

/// One error as the index tells it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry {
    /// Its number.
    pub code: Code,
    /// What happened, in words of the person it happened to.
    pub title: &'static str,
    /// What is usually behind it.
    pub cause: &'static str,
    /// What to do.
    pub fix: &'static str,
    /// How the command line ends on it.
    pub exit: ExitCode,
}

/// Consts of these codes, and a table of them.
macro_rules! index {
    ($table:ident; $($(#[$doc:meta])* $number:literal $name:ident $exit:ident $title:literal $cause:literal $fix:literal;)*) => {
        impl Code {
            $($(#[$doc])* pub const $name: Self = Self($number);)*
        }

        pub(super) const $table: &[Entry] = &[$(Entry {
            code: Code::$name,
            title: $title,
            cause: $cause,
            fix: $fix,
            exit: ExitCode::$exit,
        }),*];
    };
}

use index;

/// All errors, by number.
pub const INDEX: &[Entry] = &joined();

const TABLES: [&[Entry]; 3] = [PHONE, calls::CALLS, engine::ENGINE];

/// The tables, one behind the other.
const fn joined() -> [Entry; PHONE.len() + calls::CALLS.len() + engine::ENGINE.len()] {
    let mut all = [PHONE[0]; PHONE.len() + calls::CALLS.len() + engine::ENGINE.len()];
    let (mut at, mut table, mut of_table) = (0, 0, 0);
    while at < all.len() {
        if of_table == TABLES[table].len() {
            (table, of_table) = (table + 1, 0);
        }
        all[at] = TABLES[table][of_table];
        (at, of_table) = (at + 1, of_table + 1);
    }
    all
}

index! { PHONE;
    /// The command line was not understood.
    1001 USAGE Usage
        "the command was not understood"
        "a word or an option is missing, unknown or of the wrong kind"
        "see: offhook help";
    /// A settings file is broken.
    1002 BROKEN_SETTINGS Usage
        "the settings cannot be used"
        "a settings file has a mistake, or a value is not one of those allowed; nothing was changed or started"
        "correct what each complaint names by file, line and key";
    /// A file that was named cannot be read.
    1003 FILE_UNREADABLE Usage
        "a file that was named cannot be read"
        "it does not exist, or this user may not read it"
        "check the path and the permissions";
    /// A listening port is taken.
    1004 PORT_IN_USE Failed
        "the address to listen on is taken"
        "another program, perhaps another phone or a second engine, listens there"
        "stop that program (ss -lunpt shows it), or choose another port with --listen";
    /// No password where one is needed.
    1005 NO_PASSWORD Usage
        "the account has no password that can be read"
        "the file or the variable that should hold it is missing, empty or not readable"
        "check password_file or password_env of the account";
    /// No such account.
    1006 UNKNOWN_ACCOUNT Usage
        "there is no such account"
        "no account has this id, or no account is set up at all"
        "see: offhook accounts; set one up with: offhook account add USER@DOMAIN";
    /// What was dialled is no address.
    1007 BAD_ADDRESS Usage
        "this cannot be dialled"
        "it is neither a number nor an address such as sip:600@pbx.example"
        "dial a number, or an address that begins with sip: or tel:";
    /// The listening address is not ours.
    1008 BAD_LISTEN_ADDRESS Failed
        "the address to listen on cannot be used"
        "this computer has no such address, or this user may not use the port (below 1024 needs a privilege)"
        "choose 0.0.0.0, [::] or an address that `ip address` shows";
    /// Another engine serves the control socket.
    1009 ENGINE_RUNS Failed
        "an engine runs already"
        "it answers at the control socket that this one was to make"
        "stop it with: offhook shutdown; or give this one another profile or another --socket";
    /// The control socket cannot be made.
    1010 BAD_SOCKET Failed
        "the control socket cannot be made"
        "its folder is not there, this user may not write into it, the path is longer than 107 bytes, or a file of another kind is in the way"
        "choose another path with --socket, or make its folder";
    /// Standard output takes nothing.
    1011 OUTPUT_LOST Failed
        "what it says cannot be written"
        "the disk is full, or what standard output leads to takes no more"
        "make room, or let standard output lead elsewhere; what was asked for may have been done";
    /// The desktop has nothing for a link.
    1012 LINK_UNOPENED Failed
        "the link cannot be opened"
        "xdg-open is not installed, or the desktop has no program for links of this kind"
        "install xdg-utils and a program for such links, or take the link that is printed without --open";
    /// User or password refused.
    2001 WRONG_PASSWORD Unauthorised
        "the server does not accept this user and password"
        "the password or the user is wrong, or the account is locked on the server"
        "check the user and the password of the account; some servers want another name to log in: set auth_user";
    /// A name has no address.
    2002 UNKNOWN_HOST Failed
        "the server's name has no address"
        "the name is misspelt, or this network's name server does not know it"
        "check the domain and registrar of the account; try: getent hosts NAME";
    /// A server does not answer.
    2003 SERVER_SILENT Timeout
        "the server does not answer"
        "it is switched off or not reachable from here, or a firewall drops what we send"
        "check the address and port; try the other transport (udp or tcp)";
    /// A server refuses the connection.
    2004 SERVER_REFUSES_CONNECTION Failed
        "nothing listens at the server's address"
        "the server is down, or it listens on another port or transport"
        "check address, port and transport of the account";
    /// The server refuses to register the account.
    2005 REGISTRATION_REFUSED Rejected
        "the server refuses to register this account"
        "the user does not exist there, or the server does not serve this domain"
        "check user and domain of the account, and the account on the server";
    /// The server was lost.
    2006 CONNECTION_LOST Timeout
        "the phone has lost its connection with the server"
        "the server or the network between is down; calls cannot reach this phone until it is back"
        "nothing to do here: it is tried again, and this message goes away when it works";
    /// No network.
    2007 NO_NETWORK Failed
        "this computer has no way to the server"
        "no network is up, or none of the server's address family (IPv4 or IPv6)"
        "check the network of this computer";
    /// TLS is asked for and not there.
    2008 TLS_UNAVAILABLE Failed
        "this can be reached without TLS only"
        "an account with TLS, and an address that begins with sips: or says transport=tls, are never reached in the clear"
        "call it by an account without TLS, or ask who runs the server how it is reached with TLS";
    /// A server sends us elsewhere, and nowhere that we can go.
    2009 REDIRECTED Rejected
        "the server sends this account elsewhere, and that leads nowhere"
        "it names no other registrar that can be used, or they send each other in a circle"
        "ask who runs the server which registrar this account belongs to, and set it: registrar";
    /// A challenge that is not answered.
    2010 NO_PROOF Unauthorised
        "the server asks for a proof that is not given"
        "it asks in a way that offhook does not speak, asks for less than before, or is not the account's own: the password was not shown to it"
        "check domain, registrar and outbound_proxy of the account; Digest with MD5, SHA-256 or SHA-512-256 is spoken";
    /// A server's certificate is vouched for by nobody who is believed.
    2011 CERTIFICATE_UNKNOWN Failed
        "nobody who is trusted vouches for the server's certificate"
        "the server vouches for itself or by an authority that this computer does not know, or somebody stands between"
        "give the account the authority's certificate, tls_ca, after asking who runs the server; look at it with: openssl s_client -connect SERVER:5061";
    /// A server's certificate is somebody else's.
    2012 CERTIFICATE_OF_OTHERS Failed
        "the server's certificate is somebody else's"
        "the account names the server otherwise than its certificate does, or another one answers there"
        "set domain, registrar or outbound_proxy of the account to a name in the certificate; a common name does not count";
    /// A server's certificate is too old, or too new.
    2013 CERTIFICATE_OUT_OF_TIME Failed
        "the server's certificate is not valid now"
        "it ran out and was not renewed, or the clock of this computer is wrong"
        "look at the clock of this computer; else tell who runs the server";
    /// A server's certificate proves nothing.
    2014 CERTIFICATE_UNFIT Failed
        "the server's certificate proves nothing"
        "its key is too short, it was not made for servers, or it is damaged"
        "tell who runs the server: RSA of 2048 bits or ECDSA, for server authentication";
    /// A server's key is none of those that were pinned.
    2015 CERTIFICATE_NOT_PINNED Failed
        "the server's key is not the one that was pinned"
        "the server has a new key, or another one answers with a certificate that an authority gave it"
        "ask who runs the server whether the key is theirs; then set tls_pins of the account to it";
    /// A server wants our certificate, or does not take it.
    2016 OWN_CERTIFICATE_REFUSED Unauthorised
        "the server does not take the certificate of this account"
        "it asks for one and the account has none, or it does not know the authority behind it"
        "set tls_certificate and tls_key of the account to what the server's people gave out";
    /// TLS fails for another reason.
    2017 TLS_FAILED Failed
        "there is no TLS connection with the server"
        "nothing there speaks TLS, or it has no version and cipher in common with us: TLS 1.2 with forward secrecy is the least"
        "check the port (5061 is usual) and the transport of the account";
    /// The TLS files of an account are no use.
    2018 TLS_FILES Usage
        "the certificates of this account cannot be used"
        "a file is missing or is no PEM, certificate and key do not belong together, or a pin is not written as one"
        "check tls_ca, tls_pins, tls_certificate and tls_key of the account";
    /// Sound of the far end cannot come: its address is not reachable.
    3107 MEDIA_UNREACHABLE Media
        "you are sending sound but nothing comes back"
        "they told us an address for sound that is not reachable from here, or something between blocks it"
        "on a real PBX turn on \"NAT / symmetric RTP\" for this phone";
    /// A sound file cannot be used.
    3201 SOUND_FILE Usage
        "the sound file cannot be used"
        "it does not exist, cannot be read, or is not a WAV file with 16-bit samples"
        "check the path; a file can be converted with: sox IN -r 48000 -c 1 -b 16 OUT.wav";
    /// A sound device cannot be opened.
    3202 SOUND_DEVICE Media
        "the sound device cannot be opened"
        "it is not connected, in use by another program, or there is no sound card"
        "choose another device, or use files instead: audio-file";
    /// No port is left for sound.
    3203 NO_MEDIA_PORT Failed
        "no port is left for sound"
        "all ports of the range media.ports are in use"
        "make the range media.ports larger, or end calls";
}

/// The entry of `code`.
pub fn find(code: Code) -> Option<&'static Entry> {
    let at = INDEX.binary_search_by_key(&code, |entry| entry.code).ok()?;
    INDEX.get(at)
}

/// What `offhook explain` prints for `code`.
pub fn explain(code: Code) -> Option<String> {
    let entry = find(code)?;
    let mut text = format!("{code}  {}\n", entry.title);
    for (label, words) in [("why", entry.cause), ("fix", entry.fix)] {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "  {label}   {words}");
    }
    let _ = writeln!(text, "  exit  {}", entry.exit.number());
    Some(text)
}
