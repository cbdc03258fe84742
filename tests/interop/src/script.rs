//! The language of `scenarios/*.scn`, and its translation into SIPp's XML.
//!
//! A scenario reads like a ladder seen from one side. `{{name}}` is filled in by the test.
//!
//! ```text
//! # A callee that moved.
//! recv INVITE
//! send 302 Moved Temporarily
//!   Contact: <sip:{{elsewhere}}>
//! recv ACK
//! ```
//!
//! | line | means |
//! | --- | --- |
//! | `recv INVITE` or `recv 200` | waits for this request or response; anything else fails the call |
//! | … `?` | need not come |
//! | … `within MS else LABEL` | goes on at the label if it does not come in time |
//! | … `goto LABEL` | goes on there once it came |
//! | &nbsp;&nbsp;`has REGEX`, `hasnt REGEX` | the message holds it, or does not; otherwise the call fails |
//! | &nbsp;&nbsp;`take NAME HEADER` | keeps the header's value for `[$NAME]` |
//! | &nbsp;&nbsp;`find NAME REGEX` | keeps what of the message the expression fits for `[$NAME]` |
//! | &nbsp;&nbsp;`when REGEX goto LABEL` | goes on there if the message holds it |
//! | `send 180 Ringing [tag=X] [contact=USER] [sdp] [for=INVITE]` | answers the last request, or the first INVITE |
//! | `send BYE [sdp] [auth] [contact=USER] [cseq=N] [peer=X]` | sends a request, inside the dialog once there is one |
//! | … `codec=97:iLBC/8000[:FMTP]` | with `sdp`: this codec alone, and no telephone-event, instead of G.711 |
//! | … `events=110/48000` | with `codec`: and telephone-events of this payload type and clock |
//! | … `media=4000` | with `sdp`: sound goes to this port on 127.0.0.1, where the test itself listens |
//! | … `frag=180` | a body that reports a status (`message/sipfrag`) |
//! | … `key=5:160` | a body that says a key and its length in ms (`application/dtmf-relay`) |
//! | &nbsp;&nbsp;`Name: value` | one more header |
//! | &nbsp;&nbsp;`\| text` | a line of the body |
//! | `pause MS`, `label NAME`, `goto NAME`, `fail TEXT` | as they say |

use anyhow::{Context, Result, bail, ensure};
use std::fmt::Write;

#[cfg(test)]
mod tests;

/// Fills in `{{name}}` marks.
pub fn fill(text: &str, values: &[(&str, String)]) -> Result<String> {
    let filled = values.iter().fold(text.to_string(), |text, (name, value)| {
        text.replace(&format!("{{{{{name}}}}}"), value)
    });
    if let Some(at) = filled.find("{{") {
        bail!(
            "nothing fills in {}",
            &filled[at..filled[at..]
                .find("}}")
                .map_or(filled.len(), |end| at + end + 2)]
        );
    }
    Ok(filled)
}

/// Translates a scenario whose marks are filled in.
pub fn translate(text: &str) -> Result<String> {
    let mut writer = Writer::default();
    let mut lines = text
        .lines()
        .enumerate()
        .filter(|(_, line)| !line.trim().is_empty() && !line.starts_with('#'))
        .peekable();
    while let Some((number, line)) = lines.next() {
        let mut inner = Vec::new();
        while let Some((_, next)) = lines.next_if(|(_, next)| next.starts_with("  ")) {
            inner.push(next.trim());
        }
        writer
            .statement(line, &inner)
            .with_context(|| format!("line {}: {line}", number + 1))?;
    }
    Ok(format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<scenario name=\"offhook\">\n{}{}</scenario>\n",
        writer.xml,
        writer.references(),
    ))
}

/// Whom a caller calls.
const TARGET: &str = "sip:[service]@[remote_ip]:[remote_port]";

/// Where we stand in the scenario.
#[derive(Debug, Default)]
struct Writer {
    xml: String,
    /// SIPp counts its messages; labels do not count.
    index: usize,
    /// We answer: the first statement waits for a request.
    answers: Option<bool>,
    /// A final answer to the INVITE or SUBSCRIBE made a dialog.
    dialog: bool,
    /// Last request that came.
    last: String,
    /// An INVITE came, so that its headers are kept for later answers.
    kept: bool,
    /// Our own counter, and its value in our INVITE.
    cseq: u32,
    invite_cseq: u32,
    /// Message index of our last INVITE: CANCEL and ACK of a refusal share its branch.
    invite_index: usize,
    /// Last response to our INVITE was a refusal.
    refused: bool,
    /// Whether the last final response was to INVITE rather than to another request.
    asked: String,
    /// We cancelled, and the next 2xx says that this was heard.
    cancelling: bool,
    /// Names of all variables.
    variables: Vec<String>,
    /// Where the attributes of a `send` just written begin, so that a `goto` can join it: between
    /// two elements SIPp may be told something that it does not wait for.
    joinable: Option<usize>,
}

impl Writer {
    fn statement(&mut self, line: &str, inner: &[&str]) -> Result<()> {
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        match word {
            "recv" => self.recv(rest, inner),
            "send" => self.send(rest, inner),
            "pause" => self.add(&format!("<pause milliseconds=\"{rest}\"/>\n")),
            "label" => Ok(writeln!(self.xml, "<label id=\"{rest}\"/>")?),
            "goto" => match self.joinable.take() {
                Some(at) => {
                    self.xml.insert_str(at, &format!(" next=\"{rest}\""));
                    Ok(())
                }
                None => self.add(&format!("<nop next=\"{rest}\"/>\n")),
            },
            "fail" => self.add(&format!(
                "<nop><action><error message=\"{rest}\"/></action></nop>\n"
            )),
            other => bail!("no statement '{other}'"),
        }
    }

    fn add(&mut self, xml: &str) -> Result<()> {
        self.joinable = xml
            .starts_with("<send")
            .then(|| self.xml.len() + "<send".len());
        self.xml.push_str(xml);
        self.index += 1;
        Ok(())
    }

    fn recv(&mut self, rest: &str, inner: &[&str]) -> Result<()> {
        let words: Vec<&str> = rest.split_whitespace().collect();
        let (&what, options) = words.split_first().context("recv what?")?;
        let is_request = what.parse::<u16>().is_err();
        self.answers.get_or_insert(is_request);
        let kind = if is_request { "request" } else { "response" };
        let mut attributes = format!("{kind}=\"{what}\"");
        // What leads to the other side: Contact and route. SIPp forgets both, and the tag, where a response
        // has no Contact; those to PRACK have none (RFC 3262 §5).
        let leads = !is_request && self.asked != "PRACK";
        if leads || matches!(what, "INVITE" | "UPDATE" | "SUBSCRIBE") {
            attributes.push_str(" rrs=\"true\"");
        }
        let mut at = 0;
        while at < options.len() {
            let word = |n: usize| options.get(at + n).copied().context("a word is missing");
            match options[at] {
                "?" => attributes.push_str(" optional=\"true\""),
                "within" => {
                    ensure!(word(2)? == "else", "within MS else LABEL");
                    write!(
                        attributes,
                        " timeout=\"{}\" ontimeout=\"{}\"",
                        word(1)?,
                        word(3)?
                    )?;
                    at += 3;
                }
                "goto" => {
                    write!(attributes, " next=\"{}\"", word(1)?)?;
                    at += 1;
                }
                other => bail!("no option '{other}'"),
            }
            at += 1;
        }
        if matches!(what, "401" | "407") {
            attributes.push_str(" auth=\"true\"");
        }
        let actions = self.actions(what, inner, &mut attributes)?;
        self.note_received(what, is_request);
        self.add(&format!("<recv {attributes}>\n{actions}</recv>\n"))
    }

    fn note_received(&mut self, what: &str, is_request: bool) {
        if is_request {
            self.last = what.into();
            return;
        }
        if self.cancelling && what.starts_with('2') {
            self.cancelling = false;
        } else if self.asked == "PRACK" {
            // The INVITE still waits for its answer.
            self.asked = "INVITE".into();
        } else if self.asked == "INVITE" {
            self.dialog |= what.starts_with('2');
            self.refused = matches!(what.as_bytes(), [b'3'..=b'6', ..]);
        } else if self.asked == "SUBSCRIBE" {
            self.dialog |= what.starts_with('2');
        }
    }

    fn actions(&mut self, what: &str, inner: &[&str], attributes: &mut String) -> Result<String> {
        let mut actions = String::new();
        let begins = matches!(what, "INVITE" | "SUBSCRIBE");
        if begins && self.answers == Some(true) && !self.kept {
            self.kept = true;
            for (header, name) in [
                ("Via:", "via"),
                ("From:", "from"),
                ("To:", "to"),
                ("CSeq:", "cseq"),
            ] {
                self.variables.push(name.into());
                writeln!(
                    actions,
                    "<ereg regexp=\".*\" search_in=\"hdr\" header=\"{header}\" assign_to=\"{name}\"/>"
                )?;
            }
        }
        for line in inner {
            let (word, rest) = line
                .split_once(' ')
                .context("has, hasnt, take, find or when?")?;
            if let Some((name, search)) = kept(word, rest) {
                self.variables.push(name.into());
                writeln!(actions, "<ereg regexp={search} assign_to=\"{name}\"/>")?;
                continue;
            }
            let name = format!("seen{}", self.variables.len());
            self.variables.push(name.clone());
            let (regex, check) = match word {
                "has" => (rest, " check_it=\"true\""),
                "hasnt" => (rest, " check_it_inverse=\"true\""),
                "when" => {
                    let (regex, label) = rest
                        .rsplit_once(" goto ")
                        .context("when REGEX goto LABEL")?;
                    write!(attributes, " next=\"{label}\" test=\"{name}\"")?;
                    (regex, "")
                }
                other => bail!("no condition '{other}'"),
            };
            let regex = escape(regex);
            writeln!(
                actions,
                "<ereg regexp=\"{regex}\" search_in=\"msg\"{check} assign_to=\"{name}\"/>"
            )?;
        }
        match actions.is_empty() {
            true => Ok(actions),
            false => Ok(format!("<action>\n{actions}</action>\n")),
        }
    }

    fn send(&mut self, rest: &str, inner: &[&str]) -> Result<()> {
        let options = Options::read(rest, inner)?;
        let message = match options.what.parse::<u16>() {
            Ok(_) => self.response(&options)?,
            Err(_) => self.request(&options)?,
        };
        let resent = match options.what {
            "ACK" | "CANCEL" => "",
            _ if !message.starts_with("SIP/2.0") => " retrans=\"500\"",
            _ if message.starts_with("SIP/2.0 1") => "",
            _ if self.last == "INVITE" || options.answers_invite => " retrans=\"500\"",
            _ => "",
        };
        self.add(&format!(
            "<send{resent}>\n<![CDATA[\n\n{message}\n]]>\n</send>\n"
        ))
    }

    fn response(&mut self, options: &Options<'_>) -> Result<String> {
        let mut text = format!("SIP/2.0 {} {}\n", options.what, options.reason);
        // What belongs to a dialog has our tag already.
        let within = match self.last.as_str() {
            "CANCEL" => false,
            "PRACK" | "UPDATE" | "BYE" | "INFO" => true,
            _ => self.dialog,
        };
        if options.answers_invite && self.last != "INVITE" {
            writeln!(
                text,
                "Via:[$via]\nFrom:[$from]\nTo:[$to];tag={}\nCall-ID: [call_id]\nCSeq:[$cseq]",
                options.tag
            )?;
        } else {
            let tag = if within {
                String::new()
            } else {
                format!(";tag={}", options.tag)
            };
            write!(
                text,
                "[last_Via:]\n[last_Record-Route:]\n[last_From:]\n[last_To:]{tag}\n[last_Call-ID:]\n[last_CSeq:]\n"
            )?;
        }
        if options.answers_invite || matches!(self.last.as_str(), "INVITE" | "SUBSCRIBE") {
            self.dialog |= options.what.starts_with('2');
        }
        let leads_here =
            matches!(options.what.as_bytes(), [b'1' | b'2', ..]) && options.what != "100";
        let has_target = options.answers_invite
            || matches!(
                self.last.as_str(),
                "INVITE" | "UPDATE" | "OPTIONS" | "SUBSCRIBE"
            );
        options.finish(&mut text, leads_here && has_target)?;
        Ok(text)
    }

    fn request(&mut self, options: &Options<'_>) -> Result<String> {
        let method = options.what;
        self.answers.get_or_insert(false);
        let shares = method == "CANCEL" || (method == "ACK" && self.refused);
        if !matches!(method, "ACK" | "CANCEL") {
            self.cseq = options.cseq.unwrap_or(self.cseq + 1);
            self.asked = method.into();
        }
        if method == "INVITE" {
            (self.invite_cseq, self.invite_index, self.refused) = (self.cseq, self.index, false);
        }
        self.cancelling |= method == "CANCEL";
        let cseq = match method {
            "ACK" | "CANCEL" => self.invite_cseq,
            _ => self.cseq,
        };
        let branch = match shares {
            true => format!("[branch-{}]", self.index - self.invite_index),
            false => "[branch]".into(),
        };
        let inside = (self.dialog || self.answers == Some(true) || method == "PRACK") && !shares;
        let uri = match options.peer {
            Some(peer) => format!("sip:{peer}@[remote_ip]:[remote_port]"),
            None if inside => "[next_url]".into(),
            None => TARGET.into(),
        };
        let via = "Via: SIP/2.0/[transport] [local_ip]:[local_port]";
        let mut text = format!("{method} {uri} SIP/2.0\n{via};branch={branch};rport\n");
        if inside {
            text.push_str("[routes]\n");
        }
        self.ends(&mut text, options, inside || (shares && method == "ACK"))?;
        writeln!(
            text,
            "Call-ID: [call_id]\nCSeq: {cseq} {method}\nMax-Forwards: 70"
        )?;
        let leads_here = !matches!(method, "ACK" | "CANCEL" | "BYE" | "PRACK");
        options.finish(&mut text, leads_here)?;
        Ok(text)
    }

    /// From and To of a request of ours.
    fn ends(&self, text: &mut String, options: &Options<'_>, tagged: bool) -> Result<()> {
        if self.answers == Some(true) {
            writeln!(text, "From:[$to];tag={}\nTo:[$from]", options.tag)?;
            return Ok(());
        }
        let user = options.contact.unwrap_or("caller");
        let own = format!("sip:{user}@[remote_ip]:[remote_port]");
        let to = match options.what {
            "REGISTER" => &own,
            _ => TARGET,
        };
        let tag = match options.peer {
            Some(peer) => format!(";tag={peer}"),
            None if tagged => "[peer_tag_param]".into(),
            None => String::new(),
        };
        writeln!(
            text,
            "From: <{own}>;tag=[pid]from[call_number]\nTo: <{to}>{tag}"
        )?;
        Ok(())
    }

    /// SIPp refuses a variable that is set and never used: name them all.
    fn references(&self) -> String {
        match self.variables.is_empty() {
            true => String::new(),
            false => format!("<Reference variables=\"{}\"/>\n", self.variables.join(",")),
        }
    }
}

/// Of `take` and `find`: the variable, and what to look for and where.
fn kept<'l>(word: &str, rest: &'l str) -> Option<(&'l str, String)> {
    let (name, sought) = rest.split_once(' ')?;
    let search = match word {
        "take" => format!("\".*\" search_in=\"hdr\" header=\"{sought}:\""),
        "find" => format!("\"{}\" search_in=\"msg\"", escape(sought)),
        _ => return None,
    };
    Some((name, search))
}

/// A `send` line taken apart.
#[derive(Debug)]
struct Options<'a> {
    what: &'a str,
    reason: String,
    tag: &'a str,
    contact: Option<&'a str>,
    cseq: Option<u32>,
    /// One of several that answered: its user part and its tag.
    peer: Option<&'a str>,
    sdp: Option<&'a str>,
    /// What the description holds instead of G.711: payload type, rtpmap, fmtp.
    codec: Option<&'a str>,
    /// And the telephone-events beside it: payload type and clock.
    events: Option<&'a str>,
    /// The port that the description names.
    media: &'a str,
    /// Key and length that the body says.
    key: Option<&'a str>,
    /// Status that the body reports.
    frag: Option<&'a str>,
    auth: bool,
    answers_invite: bool,
    headers: Vec<&'a str>,
    /// Lines of the body.
    body: Vec<&'a str>,
}

impl<'a> Options<'a> {
    fn read(rest: &'a str, inner: &[&'a str]) -> Result<Self> {
        let mut words = rest.split_whitespace();
        let (body, headers): (Vec<&str>, Vec<&str>) =
            inner.iter().partition(|line| line.starts_with('|'));
        let mut options = Self {
            what: words.next().context("send what?")?,
            reason: String::new(),
            tag: "[pid]tag[call_number]",
            contact: None,
            cseq: None,
            peer: None,
            sdp: None,
            codec: None,
            events: None,
            media: "[media_port]",
            key: None,
            frag: None,
            auth: false,
            answers_invite: false,
            headers,
            body,
        };
        let mut reason = Vec::new();
        for word in words {
            match word.split_once('=') {
                Some(("tag", value)) => options.tag = value,
                Some(("contact", value)) => options.contact = Some(value),
                Some(("cseq", value)) => options.cseq = Some(value.parse()?),
                Some(("peer", value)) => options.peer = Some(value),
                Some(("sdp", value)) => options.sdp = Some(value),
                Some(("codec", _)) => options.codec = word.strip_prefix("codec="),
                Some(("events", value)) => options.events = Some(value),
                Some(("media", value)) => options.media = value,
                Some(("key", value)) => options.key = Some(value),
                Some(("frag", value)) => options.frag = Some(value),
                Some(("for", "INVITE")) => options.answers_invite = true,
                Some((name, _)) => bail!("no option '{name}'"),
                None if word == "sdp" => options.sdp = Some("sendrecv"),
                None if word == "auth" => options.auth = true,
                None => reason.push(word),
            }
        }
        options.reason = reason.join(" ");
        Ok(options)
    }

    /// Writes what all messages end in.
    fn finish(&self, text: &mut String, with_contact: bool) -> Result<()> {
        let own = self
            .headers
            .iter()
            .any(|header| header.starts_with("Contact:"));
        if with_contact && !own {
            let user = self.contact.unwrap_or("caller");
            writeln!(
                text,
                "Contact: <sip:{user}@[local_ip]:[local_port];transport=[transport]>"
            )?;
        }
        if self.auth {
            writeln!(text, "[authentication]")?;
        }
        for header in &self.headers {
            writeln!(text, "{header}")?;
        }
        if let Some((key, ms)) = self.key.and_then(|said| said.split_once(':')) {
            return Ok(write!(
                text,
                "Content-Type: application/dtmf-relay\nContent-Length: [len]\n\n\
                 Signal={key}\nDuration={ms}\n"
            )?);
        }
        if !self.body.is_empty() {
            writeln!(text, "Content-Length: [len]\n")?;
            for line in &self.body {
                let line = line.strip_prefix('|').unwrap_or(line);
                writeln!(text, "{}", line.trim_start())?;
            }
            return Ok(());
        }
        if let Some(code) = self.frag {
            return Ok(write!(
                text,
                "Content-Type: message/sipfrag;version=2.0\nContent-Length: [len]\n\n\
                 SIP/2.0 {code} Said\n"
            )?);
        }
        let Some(direction) = self.sdp else {
            return Ok(writeln!(text, "Content-Length: 0\n")?);
        };
        let (formats, lines) = self.formats()?;
        write!(
            text,
            "Content-Type: application/sdp\nContent-Length: [len]\n\n\
             v=0\no=peer 1 {} IN IP[local_ip_type] [local_ip]\ns=-\nc=IN IP[media_ip_type] [media_ip]\nt=0 0\n\
             m=audio {} RTP/AVP {formats}\n{lines}a={direction}\n",
            self.cseq.unwrap_or(1),
            self.media,
        )?;
        Ok(())
    }

    /// Payload types of the description, and the lines that explain them.
    fn formats(&self) -> Result<(String, String)> {
        let Some(codec) = self.codec else {
            let lines = "a=rtpmap:0 PCMU/8000\na=rtpmap:8 PCMA/8000\n\
                         a=rtpmap:101 telephone-event/8000\na=fmtp:101 0-15\n";
            return Ok(("0 8 101".into(), lines.into()));
        };
        let (number, codec) = codec.split_once(':').context("codec=97:iLBC/8000")?;
        let (codec, fmtp) = codec.split_once(':').unwrap_or((codec, ""));
        let fmtp = match fmtp {
            "" => String::new(),
            fmtp => format!("a=fmtp:{number} {fmtp}\n"),
        };
        let (mut numbers, mut lines) = (
            number.to_owned(),
            format!("a=rtpmap:{number} {codec}\n{fmtp}"),
        );
        if let Some(events) = self.events {
            let (number, clock) = events.split_once('/').context("events=110/48000")?;
            write!(numbers, " {number}")?;
            write!(
                lines,
                "a=rtpmap:{number} telephone-event/{clock}\na=fmtp:{number} 0-15\n"
            )?;
        }
        Ok((numbers, lines))
    }
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}
