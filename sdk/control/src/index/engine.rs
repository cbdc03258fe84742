//! Codes of plugins (5) and of the engine (6).

use super::{Entry, index};
use crate::{Code, ExitCode};

index! { ENGINE;
    /// A plugin is missing.
    5001 PLUGIN_MISSING Plugin
        "a plugin that the settings name is not there"
        "no file on the search path has this id, and it is not built in"
        "install it, add its folder to plugins.path, or take it out of the settings";
    /// A plugin was refused.
    5002 PLUGIN_REFUSED Plugin
        "a plugin was refused"
        "it was made for another version of the plugin interface, is damaged, or is not allowed"
        "rebuild it for this version, or allow it in plugins.allow";
    /// A plugin crashed.
    5003 PLUGIN_CRASHED Plugin
        "a plugin failed while it worked"
        "a fault in the plugin; it was fenced off, and calls go on without it"
        "offhook plugin reload ID starts it anew; and tell the plugin's maker";
    /// A recording failed.
    5004 RECORDING_FAILED Failed
        "the recording could not be made, or ended too early"
        "the folder cannot be written, the disk is full, or the recorder failed; what was kept stays readable"
        "see to what the cause says: room on the disk, recording.folder in the settings; then start it again";
    /// A plugin was late.
    5005 PLUGIN_LATE Plugin
        "a plugin was too slow and is passed over in this call"
        "three calls in a row took longer than they may: 1 ms for 20 ms of audio"
        "see offhook plugin top; a busy machine can be the cause too";
    /// No such plugin.
    5006 UNKNOWN_PLUGIN Plugin
        "there is no such plugin"
        "no plugin in use has this id, and no file that was looked at"
        "see offhook plugin list for those that there are";
    /// A newer build was rolled back.
    5007 PLUGIN_ROLLED_BACK Plugin
        "a newer build of a plugin failed in a call; the one before is back"
        "it panicked, was too slow, said nonsense or refused what the one before did; no sound was lost"
        "correct the build, then: offhook plugin reload ID --live";
    /// A face failed.
    5008 FACE_FAILED Plugin
        "a face cannot be opened, or does not answer"
        "what it was told in control.faces or plugins.options cannot be, its address is taken, or it hangs; calls go on"
        "see the reason; correct control.faces or [plugins.options.ID] and start the engine again";
    /// Not possible with this plugin.
    5009 PLUGIN_NOT_POSSIBLE Usage
        "that is not possible with this plugin"
        "one that is linked in is a part of the program, and a device is not exchanged while calls run"
        "see: offhook plugin why ID";
    /// Nothing is remembered of plugins.
    5010 PLUGINS_NOT_KEPT Failed
        "nothing can be remembered of plugins"
        "the engine's state folder cannot be written, or belongs to another engine that runs"
        "give the engine a state folder of its own: OFFHOOK_STATE_DIR";
    /// No engine answers.
    6001 NO_ENGINE NoEngine
        "no engine to talk to"
        "no engine runs for this profile, or its control socket is elsewhere"
        "start one: offhook demo, or systemctl start offhookd; or name its socket with --socket";
    /// A control line was not understood.
    6002 BAD_CONTROL_LINE Failed
        "the engine did not understand what it was sent"
        "the line is not one JSON object, is too long, or a field has a wrong value"
        "see sdk/control for the words; update the older of the two programs";
    /// An unknown command.
    6003 UNKNOWN_COMMAND Usage
        "this engine does not know that command"
        "it is older than the program that asks, or was built without that part"
        "update the engine, or use a host that has the part";
    /// The engine stops.
    6004 STOPPING Failed
        "the engine is stopping"
        "it was told to stop and takes no more commands"
        "start it again";
    /// A part failed too often.
    6005 DEGRADED Failed
        "a part of the engine failed too often and stays down"
        "it was restarted as often as its budget allows; other parts go on"
        "restart the engine, and report the fault with its log";
    /// No common version of the control protocol.
    6006 NO_COMMON_VERSION Failed
        "engine and program have no version of the control protocol in common"
        "one of the two is much older"
        "update the older of the two programs";
    /// A queue is full.
    6007 ENGINE_BUSY Failed
        "the engine is too busy for that now"
        "a queue inside is full; the command was not carried out"
        "try again";
    /// Not permitted.
    6008 NOT_PERMITTED NotPermitted
        "that is not permitted"
        "the socket belongs to another user, or the token lacks the scope"
        "use the account that runs the engine";
    /// History and contacts cannot be written.
    6101 STORE_FAILED Failed
        "history and contacts cannot be kept on disk"
        "the disk is full or read-only, or another program keeps the file; records of calls wait in memory"
        "make room, or end the other program: what waits is written within a second then";
    /// History and contacts were damaged.
    6102 STORE_DAMAGED Failed
        "history and contacts were damaged"
        "the file, or a record in it, is not as it was written; what could be read was kept"
        "check the disk; the damaged file stands beside the new one";
    /// History and contacts of a newer offhook.
    6103 STORE_NEWER Failed
        "history and contacts are of a newer offhook"
        "a newer version wrote the file; this one reads it and writes nothing into it"
        "use the newer version, or name another folder with history.folder";
    /// A directory cannot be asked.
    6104 DIRECTORY_FAILED Failed
        "a directory cannot be asked"
        "its server is away, too slow, or does not take the password; calls and other contacts go on without it"
        "see the reason; it is tried again by itself within a minute";
    /// The server that keeps a person's profiles.
    6105 XCAP_FAILED Failed
        "the server does not keep what it should"
        "it is away, does not take the password, refuses the document, or sends one that cannot be read; everything stays as it is here"
        "see the reason; what was changed here is kept and goes there as soon as it can";
    /// No token, or one that is good for nothing.
    6201 TOKEN_REFUSED Unauthorised
        "a program without a valid token is not let in"
        "it sent no token, or one that nobody made, that has expired or that was removed"
        "make one with: offhook token new NAME; send it as Authorization: Bearer TOKEN, or in the first frame";
    /// A web request from somewhere else.
    6202 WEB_REFUSED NotPermitted
        "a web request from somewhere else is not taken"
        "it names another host than this computer, or comes from a page that is not allowed: so could any page in a browser"
        "if it is meant to be let in, name it in allowed_hosts or allowed_origins of ui-api";
    /// A web request that cannot be.
    6203 BAD_WEB_REQUEST Usage
        "the web request was not understood"
        "its path, method, type or length is none of those that there are"
        "see the README of plugins/ui-api for what may be asked, and how";
    /// The file of tokens.
    6204 TOKENS_UNUSABLE Failed
        "the list of tokens cannot be used"
        "its file is damaged, or others may read or write it, or what was asked of it cannot be"
        "see the reason; only this user may read the file: chmod 600";
}
