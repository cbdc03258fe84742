//! Every check: code, group, what it holds, what to do when it fails.

use crate::checks::{
    audio, codec, codec_state, directory, drafts, dtmf, filter, general, library, recorder, thread,
    ui,
};
use crate::subject::{Held, Subject};
use serde::Serialize;

/// One check.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Check {
    /// Its name, which does not change: `C-05`.
    pub code: &'static str,
    /// What it is about.
    pub group: &'static str,
    /// What holds when it passes.
    pub title: &'static str,
    /// What to do when it does not.
    pub fix: &'static str,
    /// Kinds it is asked of; empty: all.
    #[serde(skip)]
    kinds: &'static [&'static str],
    /// Its child is ended after this. Unit: s.
    #[serde(skip)]
    pub(crate) limit_s: u64,
    #[serde(skip)]
    pub(crate) run: fn(&Subject) -> Held,
}

impl Check {
    /// Whether it is asked of plugins of `kind`; where the kind is not known, only what is asked of all.
    pub fn fits(&self, kind: Option<&str>) -> bool {
        self.kinds.is_empty() || kind.is_some_and(|kind| self.kinds.contains(&kind))
    }
}

/// Kinds with functions of the media thread.
const MEDIA: &[&str] = &["codec", "audio", "dtmf", "filter", "tone"];
const DRAFTS: &[&str] = &["nat", "security", "tone"];

macro_rules! checks {
    ($($code:literal $group:literal $kinds:expr, $limit:literal s, $run:path, $title:literal, $fix:literal;)*) => {
        /// All checks, in the order in which they run.
        pub const LIST: &[Check] = &[$(Check {
            code: $code, group: $group, title: $title, fix: $fix, kinds: $kinds, limit_s: $limit, run: $run,
        }),*];
    };
}

checks! {
    "M-01" "manifest" &[], 10 s, library::readable, "the file says what it is without running", "build a shared library for this machine with a manifest section and the exported entry: see sdk/guide";
    "S-01" "symbols" &[], 10 s, library::loads, "the library loads with every symbol there", "link what is missing into the plugin; see it with ldd and nm -D";
    "M-02" "manifest" &[], 10 s, library::named, "id, name, version and licence are there", "give the manifest an id of small letters, digits, dots and dashes, a name, a version such as 1.0.0, and an SPDX licence";
    "M-03" "manifest" &[], 10 s, library::kind_known, "its kind is one of the boundary's, its table is listed", "write kind and tables as sdk/plugin-abi names them";
    "M-04" "config" &[], 10 s, library::config, "each option says in help what it is for", "complete the option in the manifest's config";
    "M-05" "manifest" &[], 10 s, library::permissions, "permissions are words of the sandbox", "use net, net:NAME, folder:recordings, folder:/PATH or device:/PATH";
    "S-02" "symbols" &[], 10 s, library::same_manifest, "the section and the entry hold the same manifest", "use one constant for both";
    "S-03" "symbols" &[], 10 s, library::same_words, "the entry says what the manifest says", "give id, name, version and licence the same in both";
    "A-01" "layout" &[], 10 s, library::layout, "the entry is of this boundary, its reserved fields are 0", "build against the header of this boundary and leave reserved at 0";
    "A-02" "layout" &[], 10 s, library::unknown_table, "a table that it has not got is null", "answer null to every id that you do not know";
    "A-03" "layout" &[], 10 s, library::same_table, "a table keeps its address", "return a constant, not a copy";
    "A-04" "layout" &[], 10 s, library::whole_table, "the table of its kind is whole", "fill in every function that the header does not let be null";
    "A-05" "layout" &["codec", "dtmf"], 10 s, library::older_host, "a host with a shorter struct gets no more than it has room for", "copy at most out->size bytes in describe";
    "L-01" "lifecycle" &[], 20 s, general::starts_again, "it starts and stops 100 times", "free in deinit what init made, and begin anew in init";
    "L-02" "lifecycle" &[], 10 s, general::starts_twice, "a second host in the process can start it", "count starts: init may come again before deinit";
    "L-03" "lifecycle" &[], 10 s, general::without_reason, "init and open do without a place for a reason", "test reason for null before writing to it";
    "L-04" "lifecycle" &[], 10 s, general::leaves_process, "signals, folder and umask are as before", "a plugin changes nothing of the process: no signal handler, no chdir, no umask";
    "L-05" "lifecycle" &[], 20 s, general::leaves_nothing, "no thread and no descriptor is left after close", "join threads and close files in close";
    "L-06" "leaks" &[], 60 s, general::leaks, "10,000 times open and close take no memory", "free in close what open made";
    "L-07" "lifecycle" &[], 10 s, general::options_refused, "odd options are taken or refused, and nothing breaks", "check what you read from options; say in reason what is wrong";
    "T-01" "threads" MEDIA, 20 s, thread::allocations, "the audio thread allocates nothing", "make buffers in open and keep them";
    "T-02" "threads" MEDIA, 20 s, thread::locks, "the audio thread takes no lock", "hand data over with an atomic or a ring";
    "T-03" "threads" MEDIA, 20 s, thread::system_calls, "the audio thread makes no system call", "move files, logs, sleeps and sockets to a thread of your own";
    "T-04" "threads" MEDIA, 20 s, thread::moves, "it is opened, used and closed on three threads", "keep nothing in thread-local variables";
    "T-05" "performance" MEDIA, 60 s, thread::deadline, "99 of 100 calls stay within the bound", "do less in one call: the header names the bound";
    "C-01" "codec" &["codec"], 10 s, codec::formats, "its formats make sense", "correct describe";
    "C-02" "codec" &["codec"], 10 s, codec::parameters, "its fmtp can be written into SDP", "write fmtp as name=value;name=value";
    "C-03" "codec" &["codec"], 30 s, codec::round_trip, "sound comes back as it went in", "compare encode and decode: order of bytes, scale, count of samples";
    "C-04" "codec" &["codec"], 30 s, codec::lengths, "each packet time gives as many samples as went in", "declare only packet times that you do, in packet_times";
    "C-05" "codec" &["codec"], 30 s, codec::largest, "no payload is larger than it said", "raise max_payload";
    "C-06" "codec" &["codec"], 10 s, codec::small_payload, "a payload buffer too small is refused, not overrun", "compare *len with what you will write";
    "C-07" "codec" &["codec"], 10 s, codec::small_pcm, "a sample buffer too small is refused, not overrun", "compare *samples with what you will write";
    "C-08" "codec" &["codec"], 10 s, codec::truncated, "cut payloads do no harm", "check len before reading";
    "C-09" "codec" &["codec"], 10 s, codec::oversized, "payloads of 64 KiB do no harm", "check len against your longest packet";
    "C-10" "codec" &["codec"], 60 s, codec::fuzz, "20,000 random payloads do no harm", "run offhook plugin check again with the seed it names";
    "C-11" "codec" &["codec"], 10 s, codec_state::conceal, "it conceals what it says it conceals", "fill all of pcm, or leave OFFHOOK_CAP_CONCEAL out";
    "C-12" "codec" &["codec"], 10 s, codec_state::recover, "it recovers only what it says it recovers", "write lost_samples samples, or answer UNSUPPORTED";
    "C-13" "codec" &["codec"], 10 s, codec_state::reset, "after reset a stream is decoded as by a new instance, and encoding goes on", "put back everything that decode keeps, and nothing that encode keeps";
    "C-14" "codec" &["codec"], 10 s, codec_state::two, "two calls at once do not hear each other", "keep state in the instance, not in static variables";
    "C-15" "codec" &["codec"], 10 s, codec_state::silence, "silence stays silence", "look for an offset in encode or decode";
    "C-16" "codec" &["codec"], 10 s, codec_state::controls, "settings that it does not know are refused and change nothing", "answer UNSUPPORTED to unknown keys";
    "C-17" "codec" &["codec"], 10 s, codec_state::no_such_format, "a format that it has not got is refused", "compare index with count";
    "D-01" "dtmf" &["dtmf"], 10 s, dtmf::described, "it has a name and can do something", "correct describe";
    "D-02" "dtmf" &["dtmf"], 10 s, dtmf::all_keys, "every key has a plan", "plan 0-9 * # A-D";
    "D-03" "dtmf" &["dtmf"], 10 s, dtmf::sound_plans, "plans hold what it said, in the order of time", "declare what you send; events 0 to 15, tones of ITU-T Q.23";
    "D-04" "dtmf" &["dtmf"], 10 s, dtmf::odd_keys, "what is no key is refused", "answer UNSUPPORTED or BAD_ARGUMENT";
    "D-05" "dtmf" &["dtmf"], 20 s, dtmf::odd_info, "random INFO bodies do no harm", "check lengths before reading";
    "D-06" "dtmf" &["dtmf"], 10 s, dtmf::heard_again, "it reads the INFO that it writes", "let hear_info read what plan writes";
    "D-07" "dtmf" &["dtmf"], 30 s, dtmf::tones, "it hears all 16 keys", "see ITU-T Q.24 for levels and times";
    "D-08" "dtmf" &["dtmf"], 30 s, dtmf::talk_off, "it hears no keys in noise", "ask for both tones, far above the rest";
    "R-01" "recorder" &["recorder"], 10 s, recorder::described, "it says what it writes", "correct describe: extension, media_type, sample_rates_hz, channels";
    "R-02" "recorder" &["recorder"], 10 s, recorder::records, "what was written is there, as long as it was", "name every file with its size in close's result";
    "R-03" "recorder" &["recorder"], 10 s, recorder::early_close, "it can be closed before anything was written", "write the file's end without samples too";
    "R-04" "recorder" &["recorder"], 10 s, recorder::missing_folder, "a missing folder is refused with a reason", "fail in open, and say why in reason";
    "R-05" "recorder" &["recorder"], 20 s, recorder::full_disk, "a full disk is told, not hidden", "look at what each write and the close of the file return";
    "R-06" "recorder" &["recorder"], 10 s, recorder::no_overwrite, "it overwrites nothing", "take another name when the file is there";
    "R-07" "recorder" &["recorder"], 10 s, recorder::marks, "marks are taken, also unknown ones", "keep unknown marks as notes";
    "R-08" "recorder" &["recorder"], 10 s, recorder::syncs, "after sync the audio is in the file", "write out what you hold back";
    "R-09" "recorder" &["recorder"], 10 s, recorder::odd_blocks, "blocks of any size, also none, are kept", "count frames, not blocks";
    "F-01" "filter" &["filter"], 10 s, filter::opens, "it opens at every rate and place", "take 8000, 16000 and 48000 Hz";
    "F-02" "filter" &["filter"], 10 s, filter::silence, "silence stays silence", "do not add noise or an offset";
    "F-03" "filter" &["filter"], 10 s, filter::full_scale, "full scale does not wrap around", "compute in 32 bits and limit";
    "F-04" "filter" &["filter"], 10 s, filter::bounds, "it writes all of the block and nothing else", "write exactly samples samples";
    "F-05" "filter" &["filter"], 10 s, filter::sizes, "other block sizes are done or refused", "do not trust that samples is what you were opened for";
    "F-06" "filter" &["filter"], 10 s, filter::latency, "its latency is below 100 ms", "count latency in samples";
    "F-07" "filter" &["filter"], 10 s, filter::reset, "after reset it is as new", "put back everything that process keeps";
    "F-08" "filter" &["filter"], 10 s, filter::controls, "settings that it does not know are refused", "answer UNSUPPORTED to unknown keys";
    "U-01" "audio" &["audio"], 10 s, audio::list, "its list of devices can be read", "write a JSON array of id, name, capture, playback, default";
    "U-02" "audio" &["audio"], 10 s, audio::odd_requests, "odd requests are refused with a reason", "check the request; say in reason what is wrong";
    "U-03" "audio" &["audio"], 20 s, audio::no_device, "a device that is not there is refused, or none is chosen", "fail in open with NOT_FOUND";
    "U-04" "audio" &["audio"], 20 s, audio::counters, "its counters only grow, and count what was handed over", "count in capture and playback";
    "U-05" "audio" &["audio"], 20 s, audio::bounds, "it writes no sample beyond the buffer", "compare *samples with what you will write";
    "N-01" "directory" &["directory"], 20 s, directory::answers, "answers are lists of people with names and numbers", "write a JSON array of objects with name and numbers";
    "N-02" "directory" &["directory"], 20 s, directory::limited, "no answer is longer than its limit", "stop at the question's limit";
    "N-03" "directory" &["directory"], 20 s, directory::odd_options, "odd options are refused or passed over", "check what you read; say in reason what is wrong";
    "N-04" "directory" &["directory"], 20 s, directory::odd_questions, "odd questions do no harm", "check what you read";
    "N-05" "directory" &["directory"], 20 s, directory::unknown_questions, "what it does not know of a question is passed over", "answer [] where nothing is asked that you know";
    "W-01" "ui" &["ui"], 20 s, ui::greeted, "it opens, is greeted, takes events and replies, and closes", "return OK for what you do not want to show";
    "W-02" "ui" &["ui"], 20 s, ui::odd_options, "odd options are refused or passed over", "check what you read; say in reason what is wrong";
    "W-03" "ui" &["ui"], 20 s, ui::odd_lines, "odd lines do no harm", "check what you read";
    "W-04" "ui" &["ui"], 20 s, ui::newer_words, "what it does not know of the words is passed over", "return OK for every op and type that you do not know";
    "W-05" "ui" &["ui"], 20 s, ui::speaks, "what it says is one JSON object with op each", "say {\"op\":\"call\",\"id\":\"1\",\"command\":…}";
    "X-01" "draft" DRAFTS, 20 s, drafts::opens, "it opens, is used and closes", "see sdk/guide for the kind";
    "X-02" "draft" DRAFTS, 20 s, drafts::odd_requests, "odd requests do no harm", "check what you read";
    "X-03" "draft" DRAFTS, 20 s, drafts::odd_inputs, "random inputs do no harm", "check lengths before reading";
}
