//! Codes 4000 to 4999: calls, lamps, messages, and what a person keeps.

use super::{Entry, index};
use crate::{Code, ExitCode};

index! { CALLS;
    /// The far end is busy.
    4001 BUSY Busy
        "busy"
        "the far end is in another call"
        "try again later";
    /// Nobody answered.
    4002 NO_ANSWER Timeout
        "no answer"
        "it rang until the time was over, or nobody is there to ring"
        "try again later";
    /// The far end declined.
    4003 DECLINED Rejected
        "declined"
        "the far end does not want to take the call"
        "try again later";
    /// The number does not exist.
    4004 UNKNOWN_NUMBER Rejected
        "this number does not exist"
        "the server knows nobody by it"
        "check the number";
    /// No codec in common.
    4005 NO_CODEC_IN_COMMON Rejected
        "the two phones have no codec in common"
        "none of the codecs offered is switched on at the other side"
        "switch on PCMU or PCMA, which every phone has: media.codecs";
    /// The server failed.
    4006 SERVER_FAILED Failed
        "the server could not do it"
        "it is overloaded, restarting or misconfigured"
        "try again; if it stays, the server's log says more";
    /// Refused for another reason.
    4007 REJECTED Rejected
        "the far end refused the call"
        "its answer says why: see the SIP status"
        "see: offhook ladder CALL";
    /// No such call.
    4008 UNKNOWN_CALL Usage
        "there is no such call"
        "it has ended, or was never there"
        "see: offhook calls";
    /// Not possible in this state.
    4009 WRONG_STATE Usage
        "the call is not in a state for that"
        "for instance, only a ringing call can be answered, and only an answered one can carry digits"
        "see: offhook calls";
    /// Too many calls.
    4010 TOO_MANY_CALLS Failed
        "no more calls at once"
        "the limit of this profile is reached"
        "end a call, or raise limits.calls";
    /// Given up before the answer.
    4011 CANCELLED Interrupted
        "the call was given up before it was answered"
        "the caller hung up first"
        "nothing to do";
    /// The call broke.
    4012 CALL_LOST Failed
        "the call was lost"
        "the far end or the network went away in mid-call"
        "dial again";
    /// Digits cannot be sent.
    4013 NO_DIGITS Failed
        "digits cannot be sent in this call"
        "the other side did not offer telephone-event, the only way for digits here so far"
        "switch on RFC 4733 (RFC 2833) digits at the server";
    /// The far end does not take a hold or a resumption.
    4014 HOLD_REFUSED Rejected
        "the other side refuses to be held or resumed"
        "its phone or server takes no change of the session; the call goes on as it was"
        "mute the microphone instead, or hang up and call again";
    /// The server's conference was not to be had, or not for all.
    4015 NO_CONFERENCE Rejected
        "the server's conference cannot be used"
        "the address that conference names does not answer, refuses, or is no conference; or nobody could be sent there"
        "see why: offhook ladder CALL; calls are merged on this phone meanwhile; set conference of the account, or empty it";
    /// The server's conference keeps somebody.
    4016 NOT_REMOVED Rejected
        "the server's conference did not remove the participant"
        "the server takes no removal (REFER with method=BYE), none from you, or nobody of that address is there"
        "look who is there: offhook conference; or end the conference for all: offhook conference end";
    /// Rules of the account want what this phone cannot do.
    4020 RULES_WANT_MORE Failed
        "the account's rules want what this phone cannot do"
        "a dial action, of rewriting or of the command, asks for video, call-through, a browser or another way of calling"
        "see which rule it is: offhook rules test NUMBER; change it under rewriting, or set up what it needs";
    /// Forwarding would bring the call back.
    4021 FORWARDED_IN_A_CIRCLE Failed
        "the call is not forwarded, for it would come back"
        "it would go to the account itself, to whoever calls, to where it has been, or was forwarded too often"
        "look at the forwarding of this account and of those that send calls here";
    /// Nothing rings there.
    4022 NOTHING_RINGS Usage
        "no call rings at the extension"
        "its lamp does not show a call that comes in: somebody took it, or the caller gave up"
        "see who rings with: offhook blf";
    /// Nobody says how to take it.
    4023 PICKUP_UNTOLD Failed
        "the call that rings there cannot be picked up from here"
        "the server does not say which call it is: its notifications have no tags (RFC 4235 §4.1), or say who is \
         there and not their calls"
        "dial the server's own code for picking up; let the PBX name calls in dialog events";
    /// The server does not send calls elsewhere.
    4024 FORWARDING_REFUSED Rejected
        "the server does not take where calls are to go"
        "it is dialled by a code (forwarding_codes), and that call was refused, was not answered, or was ended too soon"
        "see what it said: offhook ladder CALL; correct forwarding_codes of the account, or take the code out";
    /// No such lamp.
    4030 UNKNOWN_LAMP Usage
        "there is no such lamp"
        "no extension that is watched has this number, address or name, or more than one account has one"
        "see: offhook blf; name the account with --account";
    /// The lamp is busy.
    4031 LAMP_BUSY Busy
        "the extension is in a call"
        "its lamp shows that it rings, speaks or holds somebody; a lamp calls only who is free"
        "wait until it is idle, or call all the same with: offhook call";
    /// Nothing was said yet.
    4032 LAMP_WAITING Timeout
        "nothing is known of the extension yet"
        "the account is not registered yet, the server was just asked, or somebody has to consent first"
        "wait a moment; see: offhook accounts";
    /// The server refuses.
    4033 LAMP_REFUSED Rejected
        "the server does not let this extension be watched"
        "presence or dialog events (BLF) are switched off at the PBX, or not allowed to this account"
        "switch on presence (BLF, event package dialog) at the PBX, and let this account watch the extension";
    /// No notification comes.
    4034 LAMP_SILENT Timeout
        "the server takes the subscription, but its notifications do not arrive"
        "NOTIFY requests are lost on the network: a firewall or a router in between drops what comes in, or \
         the server sends them to another address"
        "let SIP from the server through to this phone, or use TCP; see who sends what with: offhook events";
    /// The server does not answer.
    4035 LAMP_LOST Timeout
        "the state of the extension is no longer known"
        "the server does not answer, was started anew, or ended the subscription"
        "nothing: the server is asked again by itself; check the account if it lasts";
    /// Something is missing or unreadable.
    4036 LAMP_GAP Failed
        "a notification was lost or could not be read"
        "packets were lost on the way, or the server wrote something that is no such document"
        "nothing after a loss: the whole state is asked for again; report what the server sends if it lasts";
    /// Too many.
    4037 TOO_MANY_LAMPS Failed
        "there is no room for another lamp"
        "2,000 subscriptions are watched already"
        "remove lamps with: offhook blf remove";
    /// The extension is not there.
    4038 LAMP_ABSENT Failed
        "the extension is not registered"
        "the server says that it does not know the extension, or that no phone is logged in there"
        "check its number; switch its phone on";
    /// No number of a voicemail server.
    4039 NO_VOICEMAIL_NUMBER Usage
        "no voicemail number configured"
        "the account does not say which number its voicemail has"
        "set voicemail_number of the account";
    /// A transfer is refused.
    4040 TRANSFER_REFUSED Rejected
        "the call cannot be transferred"
        "the other side or its server does not do transfers (403, 405, 501), or does not want this one (603)"
        "ask the target to call, or switch on transfers (REFER) at the server";
    /// A transfer's target does not exist.
    4041 TRANSFER_NO_TARGET Rejected
        "the target of the transfer does not exist"
        "the server knows nobody by this number"
        "check the number; the caller is with you again, or waits on hold as before";
    /// A transfer's target is barred.
    4042 TRANSFER_BARRED Rejected
        "the caller may not be connected with this target"
        "the server bars the target for whoever is transferred: a class of service, or a list of numbers"
        "take the call to another target, or have the server's administrator allow it";
    /// A transfer's target did not take the call.
    4043 TRANSFER_NOT_TAKEN Rejected
        "the target did not take the call"
        "it is busy, does not answer, declined, or hung up: see the SIP status"
        "speak with the caller, and try again later";
    /// Nobody said how a transfer ended.
    4044 TRANSFER_UNKNOWN Timeout
        "nobody said how the transfer ended"
        "the other side did not answer, or took it and sent no report (NOTIFY); some servers send none"
        "ask the caller; see who said what with: offhook ladder CALL";
    /// A call in a transfer is gone.
    4045 TRANSFER_CALLER_GONE Failed
        "the call ended before the transfer did"
        "the other side hung up, or the network to it went away, before it said how the transfer ended"
        "call back if it matters";
    /// The far end sends us where nobody is sent.
    4046 TRANSFER_FORBIDDEN Rejected
        "the other side wanted to send this call where no call is sent"
        "its transfer names a web page, a mailbox or another request than a call, or cannot be read; it was refused"
        "nothing: the call goes on as it was";
    /// A text is too long.
    4050 MESSAGE_TOO_LONG Usage
        "the message is too long"
        "over UDP a message with all its headers takes up to 1,300 bytes (RFC 3428), over TCP its text 16 KiB"
        "write less, write several messages, or set transport = \"tcp\" of the account";
    /// A text is refused.
    4051 MESSAGE_REFUSED Rejected
        "the message was refused"
        "the other side or its server takes no text messages, or none from this account"
        "call instead; ask whoever runs the server whether it passes MESSAGE on";
    /// A text got no answer.
    4052 MESSAGE_LOST Timeout
        "it is not known whether the message got there"
        "nobody answered in time, nothing leads there, or the server failed"
        "send it again; check the account and the network if it lasts";
    /// A text for nobody.
    4053 MESSAGE_NO_PEER Rejected
        "nobody is there to get the message"
        "the number is unknown (404), or no phone is logged in there (480)"
        "check the number; send it again later";
    /// The account sends no texts.
    4054 MESSAGES_OFF Usage
        "messaging disabled for this account"
        "allow_message is false in the settings of the account"
        "set allow_message = true of the account";
    /// The account is not registered.
    4055 NOT_REGISTERED Failed
        "the account is not registered"
        "its server was not reached, refused it, or it was logged out"
        "see why: offhook accounts; log in with: offhook register";
    /// The account publishes no presence.
    4060 PRESENCE_OFF Usage
        "presence is not published for this account"
        "publish_presence is false in the settings of the account"
        "set publish_presence = true of the account";
    /// The server keeps no presence.
    4061 PRESENCE_REFUSED Rejected
        "the server takes no presence"
        "it does not know PUBLISH or the package presence, or does not allow it to this account"
        "switch on presence at the server, or set publish_presence = false";
    /// The server does not answer.
    4062 PRESENCE_LOST Timeout
        "the server does not have the presence"
        "it does not answer, or failed"
        "nothing: it is told again by itself; check the account if it lasts";
    /// No such right.
    4063 UNKNOWN_RIGHT Usage
        "there is no such right of yours"
        "what you said of these people was forgotten before, or you never said anything; what the settings say is not \
         forgotten but overridden"
        "see: offhook watchers; override the settings with: offhook watchers allow, or refuse";
    /// No such record, contact, profile or favourite.
    4101 UNKNOWN_RECORD Usage
        "there is no such record, contact, profile or favourite"
        "it was deleted, belongs to another user, or never was"
        "see: offhook history; offhook contact list; offhook favourite list";
    /// A list has as many as it may.
    4102 LIST_FULL Failed
        "the list is full"
        "it has as many entries as it may have"
        "take away what is not needed";
    /// What a directory has cannot be changed here.
    4103 DIRECTORY_HAS_IT Usage
        "that contact belongs to a directory"
        "it was copied from there, and would come back as it was"
        "change it at the directory";
    /// Nothing says where a mail would go.
    4104 NO_MAIL_ADDRESS Usage
        "there is no mail address of that favourite"
        "no mail is kept of it, and mail_user_as_local and mail_domain of the account make none of its number"
        "keep one: offhook contact change ID --mail ADDRESS; or set mail_domain of the account";
}
