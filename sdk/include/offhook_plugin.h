/* The plugin boundary of offhook. Written from sdk/plugin-abi, whose words these are: change those.
 *
 * A plugin is a shared library with one exported constant, `offhook_plugin_entry`, and its manifest as JSON in
 * the section `.offhook.manifest`, the same bytes that the entry points to:
 *
 *     OFFHOOK_MANIFEST("{\"manifest\":1,\"abi\":\"1.0\",\"kind\":\"codec\",...}");
 *     OFFHOOK_EXPORT const OffhookEntry offhook_plugin_entry = { ... };
 *
 * Rules: tables are asked for by id; each starts with its size; texts are pointer and length, UTF-8; results are
 * OffhookStatus, below 0 a failure; every function names the thread it is called on: [control], [media] (no
 * allocation, lock, log, wait or system call), [device], [worker], [any].
 *
 * SPDX-License-Identifier: MIT OR Apache-2.0 */


#ifndef OFFHOOK_PLUGIN_H
#define OFFHOOK_PLUGIN_H

#include <stdint.h>
#include <stddef.h>

#define OFFHOOK_TEXT(literal) { (const uint8_t *)(literal), sizeof(literal) - 1 }

#if defined(_WIN32)
#define OFFHOOK_EXPORT __declspec(dllexport)
#define OFFHOOK_SECTION
#elif defined(__APPLE__)
#define OFFHOOK_EXPORT __attribute__((visibility("default")))
#define OFFHOOK_SECTION __attribute__((section("__DATA,__offhook"), used))
#else
#define OFFHOOK_EXPORT __attribute__((visibility("default")))
#define OFFHOOK_SECTION __attribute__((section(".offhook.manifest"), used))
#endif

/* Puts the manifest where a host reads it without running any code. */
#define OFFHOOK_MANIFEST(json) OFFHOOK_SECTION static const char offhook_manifest[sizeof(json) - 1] = json


// `CodecInfo.caps`: `decode` without a payload invents what was lost.
#define OFFHOOK_CAP_CONCEAL 1

// `CodecInfo.caps`: `decode` with `lost_samples` rebuilds a lost packet from the next one.
#define OFFHOOK_CAP_FEC (1 << 1)

// `CodecInfo.caps`: `encode` may return 0 bytes, which means: send nothing.
#define OFFHOOK_CAP_DTX (1 << 2)

// `CodecInfo.caps`: the bit rate varies from packet to packet.
#define OFFHOOK_CAP_VARIABLE_RATE (1 << 3)

// `FmtpRule.kind`: both sides must say the same, or the formats do not match.
#define OFFHOOK_RULE_EQUAL 0

// `FmtpRule.kind`: numbers; the smaller of both counts.
#define OFFHOOK_RULE_MIN 1

// `FmtpRule.kind`: numbers; the larger of both counts.
#define OFFHOOK_RULE_MAX 2

// `FmtpRule.kind`: comma-separated values; what both have counts.
#define OFFHOOK_RULE_LIST 3

// `FmtpRule.kind`: each side says its own; handed to `open` as the peer said it.
#define OFFHOOK_RULE_OPAQUE 4

// `FmtpRule.kind`: whatever the peer says is accepted and dropped.
#define OFFHOOK_RULE_IGNORE 5

// `FmtpRule.kind`: `yes` or `1` only where both sides say so, else the other side's `no` or `0`.
#define OFFHOOK_RULE_BOTH 6

// `CodecTable.control`: wanted bit rate. Unit: bits per second.
#define OFFHOOK_KEY_BIT_RATE 1

// `CodecTable.control`: loss to prepare for. Unit: percent. Range: 0 to 100.
#define OFFHOOK_KEY_EXPECTED_LOSS 2

// `CodecTable.control`: effort. Range: 0 (least) to 10.
#define OFFHOOK_KEY_COMPLEXITY 3

// `CodecTable.control`: 1 lets `encode` send nothing in silence, 0 forbids it.
#define OFFHOOK_KEY_DTX 4

// `CodecTable.control`: 1 makes `encode` add what rebuilds the packet before, 0 not.
#define OFFHOOK_KEY_FEC 5

// `NatInput.kind`: time has passed, nothing else.
#define OFFHOOK_NAT_IN_TIME 0

// `NatInput.kind`: `data` arrived on `flow` from `address`.
#define OFFHOOK_NAT_IN_PACKET 1

// `NatInput.kind`: the flow asked for is open; `address` is its local end.
#define OFFHOOK_NAT_IN_OPENED 2

// `NatInput.kind`: the flow failed or was closed; `data` says why in words.
#define OFFHOOK_NAT_IN_CLOSED 3

// `NatInput.kind`: the peer's description; `data` is a JSON object.
#define OFFHOOK_NAT_IN_REMOTE 4

// `NatInput.kind`: the interfaces there are now; `data` is a JSON array.
#define OFFHOOK_NAT_IN_INTERFACES 5

// `NatInput.kind`: begin anew with fresh credentials. Source: RFC 8445 §9.
#define OFFHOOK_NAT_IN_RESTART 6

// `NatOutput.kind`: nothing more now.
#define OFFHOOK_NAT_OUT_NOTHING 0

// `NatOutput.kind`: open `flow` from `local` to `remote` over `transport`.
#define OFFHOOK_NAT_OUT_OPEN 1

// `NatOutput.kind`: send `data` on `flow` to `remote`.
#define OFFHOOK_NAT_OUT_TRANSMIT 2

// `NatOutput.kind`: `data` is a line for the description, such as a candidate attribute.
#define OFFHOOK_NAT_OUT_CANDIDATE 3

// `NatOutput.kind`: media goes on `flow` to `remote`, each packet after the bytes of `data`.
#define OFFHOOK_NAT_OUT_CHOSEN 4

// `NatOutput.kind`: there is no path; `data` says why in words.
#define OFFHOOK_NAT_OUT_FAILED 5

// `NatOutput.kind`: wake it at `at_ns` at the latest.
#define OFFHOOK_NAT_OUT_DEADLINE 6

// `NatOutput.kind`: every candidate was told.
#define OFFHOOK_NAT_OUT_GATHERED 7

// `NatOutput.transport`.
#define OFFHOOK_NAT_TRANSPORT_UDP 1

// `NatOutput.transport`.
#define OFFHOOK_NAT_TRANSPORT_TCP 2

// `NatOutput.transport`.
#define OFFHOOK_NAT_TRANSPORT_TLS 3

// `SecurityInput.kind`: time has passed, nothing else.
#define OFFHOOK_SECURITY_IN_TIME 0

// `SecurityInput.kind`: a handshake packet from `address`.
#define OFFHOOK_SECURITY_IN_PACKET 1

// `SecurityInput.kind`: the peer's attributes of this media, one a line.
#define OFFHOOK_SECURITY_IN_REMOTE 2

// `SecurityInput.kind`: a person compared the short string; `data` is `yes` or `no`.
#define OFFHOOK_SECURITY_IN_CONFIRMED 3

// `SecurityOutput.kind`: nothing more now.
#define OFFHOOK_SECURITY_OUT_NOTHING 0

// `SecurityOutput.kind`: send `data` to where media goes.
#define OFFHOOK_SECURITY_OUT_TRANSMIT 1

// `SecurityOutput.kind`: `data` is an attribute line for our description.
#define OFFHOOK_SECURITY_OUT_LOCAL 2

// `SecurityOutput.kind`: `data` is the key and salt with which `direction` is protected by `suite`.
#define OFFHOOK_SECURITY_OUT_KEYS 3

// `SecurityOutput.kind`: a JSON object: `method`, `suite`, `verified`, `sas`.
#define OFFHOOK_SECURITY_OUT_VERDICT 4

// `SecurityOutput.kind`: there will be no keys; `data` says why in words.
#define OFFHOOK_SECURITY_OUT_FAILED 5

// `SecurityOutput.kind`: wake it at `at_ns` at the latest.
#define OFFHOOK_SECURITY_OUT_DEADLINE 6

// `DtmfInfo.caps`: plans may hold `STEP_EVENT`.
#define OFFHOOK_SENDS_EVENTS 1

// `DtmfInfo.caps`: plans may hold `STEP_INFO`.
#define OFFHOOK_SENDS_INFO (1 << 1)

// `DtmfInfo.caps`: plans may hold `STEP_TONE`.
#define OFFHOOK_SENDS_TONES (1 << 2)

// `DtmfInfo.caps`: `open` and `listen` hear keys in audio.
#define OFFHOOK_HEARS_TONES (1 << 3)

// `DtmfInfo.caps`: `hear_info` reads keys from INFO bodies.
#define OFFHOOK_HEARS_INFO (1 << 4)

// `DtmfRequest.flags`: the peer did not exclude INFO by its Allow header.
#define OFFHOOK_PEER_TAKES_INFO 1

// `DtmfStep.kind`: a telephone-event of `duration_ms`. Source: RFC 4733 §2.5.
#define OFFHOOK_STEP_EVENT 1

// `DtmfStep.kind`: one INFO request with content type and body.
#define OFFHOOK_STEP_INFO 2

// `DtmfStep.kind`: two tones in the audio, in place of the microphone.
#define OFFHOOK_STEP_TONE 3

// Room of `DtmfStep.content_type`. Unit: bytes.
#define OFFHOOK_CONTENT_TYPE_ROOM 48

// Room of `DtmfStep.body`. Unit: bytes.
#define OFFHOOK_BODY_ROOM 80

// `FilterRequest.place`: between the microphone and the encoder.
#define OFFHOOK_PLACE_MICROPHONE 1

// `FilterRequest.place`: between the decoder and the loudspeaker.
#define OFFHOOK_PLACE_SPEAKER 2

// `RecorderTable.mark`: what comes next was not recorded on purpose; `note` says for whom.
#define OFFHOOK_MARK_PAUSE 1

// `RecorderTable.mark`: recording goes on.
#define OFFHOOK_MARK_RESUME 2

// `RecorderTable.mark`: audio is missing here against the host's will; `note` says how much and why.
#define OFFHOOK_MARK_GAP 3

// `RecorderTable.mark`: a remark of a person or program.
#define OFFHOOK_MARK_NOTE 4

// Changes when something that both sides must agree on before any `size` is read changes.
#define OFFHOOK_ABI_MAJOR 1

// Counts additions within the major. For people; a loader compares sizes and ids instead.
#define OFFHOOK_ABI_MINOR 0

// Text lent to the reader. UTF-8, no terminating zero; `ptr` may be null only when `len` is 0.
typedef struct {
    // First byte.
    const uint8_t *ptr;
    // Unit: bytes.
    size_t len;
} OffhookText;

// How a call across the boundary ended.
//
// Unit: none. Range: 0 is success, above 0 success with a remark, below 0 a failure. A number and not
// an enum, because a value that the other side does not know must not be undefined behaviour.
typedef int32_t OffhookStatus;
// Done.
#define OFFHOOK_OK 0
// Done, and there will be no more: the source has ended. What was asked for is silence now.
#define OFFHOOK_ENDED 1
// The callee cannot do this at all. Asking again will not help.
#define OFFHOOK_UNSUPPORTED -1
// An argument is out of its range, or text cannot be read.
#define OFFHOOK_BAD_ARGUMENT -2
// The caller's buffer is too small for the result.
#define OFFHOOK_BUFFER_TOO_SMALL -3
// The payload is not one of this format.
#define OFFHOOK_BAD_PAYLOAD -4
// What was named does not exist: a file, a device, an index.
#define OFFHOOK_NOT_FOUND -5
// What was named exists and cannot be used now.
#define OFFHOOK_UNAVAILABLE -6
// The device was lost while in use; it may come back.
#define OFFHOOK_LOST -7
// Failed for a reason that fits none of these.
#define OFFHOOK_FAILED -8
// The callee returned something impossible, such as a count beyond the buffer. Made by the host.
#define OFFHOOK_GARBAGE -99
// The callee panicked now or earlier; every later call on the same instance says so again.
#define OFFHOOK_PANIC -100

// What the host hands to `Entry.init`, one for each plugin.
typedef struct {
    // Size of this struct as the host was built. Unit: bytes.
    uint32_t size;
    // The host's `ABI_MAJOR`.
    uint32_t abi_major;
    // The host's `ABI_MINOR`.
    uint32_t abi_minor;
    // 0.
    uint32_t reserved;
    // First argument of every service function; tells the host which plugin asks.
    void *context;
    // The host program's name.
    OffhookText name;
    // The host program's version.
    OffhookText version;
    // The service's table with this id, or null: a plugin does without. Thread: [control].
    const void *(*service)(void *context, OffhookText id);
} OffhookHost;

// A caller's buffer for text.
//
// The callee writes at most `capacity` bytes, cut at a character, and sets `len` to what the whole
// text needs, so that `len > capacity` says both that the text was cut and how much to ask for.
typedef struct {
    // Where to write. May be null only when `capacity` is 0.
    uint8_t *ptr;
    // Unit: bytes.
    size_t capacity;
    // Set by the callee. Unit: bytes.
    size_t len;
} OffhookTextOut;

// What a library exports under `ENTRY_SYMBOL`. Read-only and valid as long as the process lives.
typedef struct {
    // Size of this struct as the plugin was built. Unit: bytes.
    uint32_t size;
    // `ABI_MAJOR` of the plugin's build. Loaded only when equal to the host's.
    uint32_t abi_major;
    // `ABI_MINOR` of the plugin's build. For people.
    uint32_t abi_minor;
    // 0.
    uint32_t reserved;
    // Unique name, such as `codec-g711` or `org.example.codec-lpc`. The same as in the manifest.
    OffhookText id;
    // What a person reads.
    OffhookText name;
    // The plugin's own version.
    OffhookText version;
    // Who made it. May be empty.
    OffhookText vendor;
    // SPDX expression. May be empty.
    OffhookText licence;
    // The JSON manifest, the same bytes as in `MANIFEST_SECTION`.
    OffhookText manifest;
    // Called once before anything else; a failure refuses the plugin and `reason` says why. `host`
    // stays valid as long as the process lives. Called again only after `deinit`, or by a second
    // host in the same process, each call paired with one `deinit`. Thread: [control].
    OffhookStatus (*init)(const OffhookHost *host, OffhookTextOut *reason);
    // Called when no instance is left. The library stays loaded. Thread: [control].
    void (*deinit)(void);
    // The table with this id, or null. The table is read-only and valid as long as the process
    // lives. Thread: [control].
    const void *(*table)(OffhookText id);
} OffhookEntry;

// The host's log.
typedef struct {
    // Size of this struct as the host was built. Unit: bytes.
    uint32_t size;
    // 0.
    uint32_t reserved;
    // Writes one line. `level`: 1 error, 2 warn, 3 info, 4 debug, 5 trace; others count as trace.
    // Bound: the host keeps the first 1,024 bytes. Thread: [any], never [media] or [device].
    void (*log)(void *context, int32_t level, OffhookText line);
} OffhookLogTable;

// The host's clock; in simulation it is the simulated one.
typedef struct {
    // Size of this struct as the host was built. Unit: bytes.
    uint32_t size;
    // 0.
    uint32_t reserved;
    // Since the engine's start, never going back. Unit: ns. Thread: [any], also [media].
    uint64_t (*now_ns)(void *context);
    // Wall clock, from 1970-01-01 UTC. Unit: ms. Thread: [any], also [media].
    uint64_t (*unix_ms)(void *context);
} OffhookClockTable;

// The plugin's own settings.
typedef struct {
    // Size of this struct as the host was built. Unit: bytes.
    uint32_t size;
    // 0.
    uint32_t reserved;
    // Writes the plugin's settings as a JSON object, every value checked against the manifest's
    // `config`. `BUFFER_TOO_SMALL` when it was cut. Thread: [control], [worker].
    OffhookStatus (*read)(void *context, OffhookTextOut *out);
} OffhookConfigTable;

// Wakes a plugin on the control thread.
typedef struct {
    // Size of this struct as the host was built. Unit: bytes.
    uint32_t size;
    // 0.
    uint32_t reserved;
    // Calls `fired(user, id)` on control, once, not before `delay_ns`; with an id that already waits,
    // that one is replaced. `UNAVAILABLE` beyond 64 waiting ones. Unit: ns. Thread: [control].
    OffhookStatus (*start)(void *context,
                           uint64_t id,
                           uint64_t delay_ns,
                           void (*fired)(void *user, uint64_t id),
                           void *user);
    // Takes back one that waits; afterwards it is not called. Thread: [control].
    OffhookStatus (*cancel)(void *context, uint64_t id);
} OffhookTimerTable;

// Numbers that the host shows beside its own.
typedef struct {
    // Size of this struct as the host was built. Unit: bytes.
    uint32_t size;
    // 0.
    uint32_t reserved;
    // Adds to a counter. `name`: `[a-z0-9_]`, at most 64 bytes; the host puts the plugin's id before it.
    // `UNAVAILABLE` beyond 64 names. Thread: [any], never [media] or [device].
    OffhookStatus (*add)(void *context, OffhookText name, uint64_t by);
    // Sets a gauge. Thread: as `add`.
    OffhookStatus (*set)(void *context, OffhookText name, int64_t value);
} OffhookMetricTable;

// How one fmtp parameter is negotiated; offer/answer works from this data alone.
typedef struct {
    // Parameter name, compared without case.
    OffhookText name;
    // What holds when a side leaves it out. May be empty.
    OffhookText default_;
    // `RULE_…`. An unknown kind counts as `RULE_OPAQUE`.
    int32_t kind;
    // 0.
    uint32_t reserved;
} OffhookFmtpRule;

// What a codec says about one of its formats.
typedef struct {
    // On entry the caller's size of this struct, on return what was written. Unit: bytes.
    uint32_t size;
    // `CAP_…` bits. Unknown ones are ignored.
    uint32_t caps;
    // Encoding name as rtpmap spells it, such as `PCMU`. Source: RFC 8866 §6.6.
    OffhookText name;
    // RTP clock rate. Unit: per second.
    uint32_t clock_rate_hz;
    // Rate of the PCM side. Range: 8000, 16000 or 48000. Differs from the clock for G.722.
    uint32_t sample_rate_hz;
    // Of the PCM side. Range: 1 or 2.
    uint32_t channels;
    // Static payload type, or -1. Source: RFC 3551 §6.
    int32_t payload_type;
    // Packet times it can do: bit n stands for (n + 1) × 10 ms.
    uint32_t packet_times;
    // Packet time it prefers. Unit: ms.
    uint32_t packet_time_ms;
    // Largest payload of its longest packet. Unit: bytes.
    uint32_t max_payload;
    // Size of one element of `rules` as the plugin was built. Unit: bytes.
    uint32_t rule_size;
    // What we say in fmtp when nobody chose otherwise. May be empty.
    OffhookText fmtp;
    // How fmtp parameters of both sides meet. Valid as long as the process lives.
    const OffhookFmtpRule *rules;
    // Unit: elements of `rules`.
    size_t rule_count;
    // Channels as rtpmap says them, where it says others than `channels` (Opus: 2). 0: the same.
    // Source: RFC 8866 §6.6.
    uint32_t rtp_channels;
    // 0.
    uint32_t reserved;
} OffhookCodecInfo;

// What a codec is opened as. Texts are lent for the call.
typedef struct {
    // Size of this struct as the host was built. Unit: bytes.
    uint32_t size;
    // Which format, as counted by `describe`.
    uint32_t index;
    // fmtp as both sides agreed.
    OffhookText fmtp;
    // JSON object as the manifest's `config` describes it; empty for the defaults.
    OffhookText options;
} OffhookCodecRequest;

// A codec. PCM is signed 16 bit, interleaved, at `CodecInfo.sample_rate_hz`.
typedef struct {
    // Size of this struct as the plugin was built. Unit: bytes.
    uint32_t size;
    // 0.
    uint32_t reserved;
    // How many formats there are. Thread: [control].
    size_t (*count)(void);
    // Says what format `index` is. What it points to is valid as long as the process lives.
    // Thread: [control].
    OffhookStatus (*describe)(size_t index, OffhookCodecInfo *out);
    // Writes what we say in fmtp for format `index` under `options`, a JSON object as the manifest's
    // `config` describes it, or no text for the defaults. Asked when settings are read, never while
    // offers are made. `reason` says which option is wrong. `BUFFER_TOO_SMALL` when `out` was cut.
    // May be null: then `CodecInfo.fmtp` holds whatever the options say. Thread: [control].
    OffhookStatus (*fmtp)(size_t index,
                          OffhookText options,
                          OffhookTextOut *out,
                          OffhookTextOut *reason);
    // Makes an encoder and decoder pair; `reason` says why not. Thread: [control].
    OffhookStatus (*open)(const OffhookCodecRequest *request, void **out, OffhookTextOut *reason);
    // Encodes one packet. `samples` counts all channels. `len` holds the capacity on entry, the size
    // on return; unit: bytes. A size of 0 means: send nothing. Thread: [media].
    // Bound: 1 ms for 20 ms of audio; slower three times in a row and the codec is bypassed.
    OffhookStatus (*encode)(void *inst,
                            const int16_t *pcm,
                            size_t samples,
                            uint8_t *payload,
                            size_t *len);
    // Decodes one packet, or makes up for one. `samples` holds the room in `pcm` on entry, what was
    // written on return; both count all channels.
    //
    // - `payload` and `lost_samples` 0: the packet's audio.
    // - `payload` null: nothing came; `samples` on entry is how much to invent.
    // - `payload` and `lost_samples`: the packet after a lost one; writes the lost audio only, and
    //   the same packet is decoded by a further call.
    //
    // Thread: [media]. Bound: as `encode`.
    OffhookStatus (*decode)(void *inst,
                            const uint8_t *payload,
                            size_t len,
                            size_t lost_samples,
                            int16_t *pcm,
                            size_t *samples);
    // Changes one setting, `KEY_…`, between two packets. Thread: [media].
    OffhookStatus (*control)(void *inst, uint32_t key, int64_t value);
    // The far end begins another stream: `decode` forgets the past. What is sent goes on, so `encode` forgets
    // nothing. Thread: [media].
    OffhookStatus (*reset)(void *inst);
    // Frees what `open` made. Thread: [control].
    void (*close)(void *inst);
} OffhookCodecTable;

// How far the audio is from the air. Unit: ns. 0 where a direction is not open.
typedef struct {
    // On entry the caller's size of this struct, on return what was written. Unit: bytes.
    uint32_t size;
    // 0.
    uint32_t reserved;
    // From the microphone to what `capture` returns.
    uint64_t capture_ns;
    // From what `playback` takes to the loudspeaker.
    uint64_t playback_ns;
} OffhookAudioLatency;

// What happened since `open`. Each counts up only.
typedef struct {
    // On entry the caller's size of this struct, on return what was written. Unit: bytes.
    uint32_t size;
    // 0.
    uint32_t reserved;
    // Handed out by `capture`. Unit: samples.
    uint64_t captured;
    // Taken by `playback`. Unit: samples.
    uint64_t played;
    // Silence put in because the source had nothing ready. Unit: samples.
    uint64_t underrun;
    // Thrown away because nobody took it in time. Unit: samples.
    uint64_t overrun;
    // Times the system said that it lost audio.
    uint64_t xruns;
    // 1 when the source has come to its end.
    uint64_t ended;
} OffhookAudioCounters;

// An audio device. PCM is signed 16 bit, one channel, at the rate the request names.
typedef struct {
    // Size of this struct as the plugin was built. Unit: bytes.
    uint32_t size;
    // 0.
    uint32_t reserved;
    // Writes a JSON array of devices: `{"id", "name", "capture", "playback", "default"}`.
    // `BUFFER_TOO_SMALL` when it was cut; `reason` says why there is no list. Thread: [control].
    OffhookStatus (*enumerate)(OffhookTextOut *out, OffhookTextOut *reason);
    // Opens a device as a JSON request says: `rate_hz` (8000, 16000, 48000), `direction` (`capture`,
    // `playback`, `both`), `device`, and what the plugin's README adds. `reason` says why not.
    // Thread: [control].
    OffhookStatus (*open)(OffhookText request, void **out, OffhookTextOut *reason);
    // Fetches audio from the microphone. `samples` holds the wanted count on entry, on return what
    // the source had; the rest of `pcm` is silence. `ENDED` when no more will come. `now_ns` counts
    // from the engine's start and never goes back. Wait-free. Thread: [media].
    OffhookStatus (*capture)(void *inst, int16_t *pcm, size_t *samples, uint64_t now_ns);
    // Takes audio for the loudspeaker, all of it; what has no room is dropped and counted as
    // overrun. Wait-free. Thread: [media].
    OffhookStatus (*playback)(void *inst, const int16_t *pcm, size_t samples, uint64_t now_ns);
    // How far the audio is from the air. Wait-free. Thread: [media].
    OffhookStatus (*latency)(void *inst, OffhookAudioLatency *out);
    // What happened so far. Wait-free. Thread: [media].
    OffhookStatus (*counters)(void *inst, OffhookAudioCounters *out);
    // Closes the device and frees what `open` made; what was played is on its way or written.
    // Thread: [control].
    void (*close)(void *inst);
} OffhookAudioTable;

// What a method is.
typedef struct {
    // On entry the caller's size of this struct, on return what was written. Unit: bytes.
    uint32_t size;
    // `SENDS_…` and `HEARS_…` bits. Unknown ones are ignored.
    uint32_t caps;
    // As settings spell it: `rfc2833`, `info`, `audio` or its own word.
    OffhookText name;
} OffhookDtmfInfo;

// One key and the call it is pressed in.
typedef struct {
    // Size of this struct as the host was built. Unit: bytes.
    uint32_t size;
    // `0`–`9`, `*`, `#`, `A`–`D` as ASCII, or `!` for hook flash.
    uint32_t key;
    // How long the key is held. Unit: ms.
    uint32_t duration_ms;
    // `PEER_…` bits.
    uint32_t flags;
    // RTP clock of the codec in use. Unit: per second.
    uint32_t codec_clock_hz;
    // Clock of the negotiated telephone-event; 0 where none was. Unit: per second.
    uint32_t event_clock_hz;
    // JSON object as the manifest's `config` describes it; empty for the defaults.
    OffhookText options;
} OffhookDtmfRequest;

// One thing to send. Fields that the kind does not use are 0.
typedef struct {
    // `STEP_…`. A host drops a plan with a kind that it does not know.
    int32_t kind;
    // When it begins, from the start of the plan. Unit: ms.
    uint32_t at_ms;
    // How long it lasts. Unit: ms.
    uint32_t duration_ms;
    // Event: its code. Range: 0 to 255. Source: RFC 4733 §3.2.
    uint32_t event;
    // Event: below 0 dBm0. Range: 0 to 63. Unit: dB.
    uint32_t volume;
    // Event: what its duration is counted in. Unit: per second.
    uint32_t duration_clock_hz;
    // Tone: the lower one. Unit: 1/100 Hz.
    uint32_t low_centihertz;
    // Tone: the higher one. Unit: 1/100 Hz.
    uint32_t high_centihertz;
    // Tone: level of the lower one. Unit: 1/100 dB, 0 is full scale; negative.
    int32_t low_centibels;
    // Tone: level of the higher one. Unit: as `low_centibels`.
    int32_t high_centibels;
    // INFO: bytes of `content_type` in use.
    uint32_t content_type_len;
    // INFO: bytes of `body` in use.
    uint32_t body_len;
    // INFO: ASCII.
    uint8_t content_type[OFFHOOK_CONTENT_TYPE_ROOM];
    // INFO: ASCII.
    uint8_t body[OFFHOOK_BODY_ROOM];
} OffhookDtmfStep;

// A key that was heard.
typedef struct {
    // As `DtmfRequest.key`.
    uint32_t key;
    // 1 when the key came up again, 0 when it went down.
    uint32_t released;
    // How long it was held; 0 when it went down. Unit: ms.
    uint32_t duration_ms;
    // 0.
    uint32_t reserved;
} OffhookDtmfHeard;

// What a listener in audio is opened for. Texts are lent for the call.
typedef struct {
    // Size of this struct as the host was built. Unit: bytes.
    uint32_t size;
    // Range: 8000, 16000 or 48000.
    uint32_t sample_rate_hz;
    // As `DtmfRequest.options`.
    OffhookText options;
} OffhookDtmfListen;

// A DTMF method.
typedef struct {
    // Size of this struct as the plugin was built. Unit: bytes.
    uint32_t size;
    // 0.
    uint32_t reserved;
    // Says what it is. The name is valid as long as the process lives. Thread: [control].
    OffhookStatus (*describe)(OffhookDtmfInfo *out);
    // Writes the steps for one key. `step_size` is the caller's size of one step, `steps` holds room for
    // `*count` of them; `*count` is set to how many were written. `UNSUPPORTED` when the method cannot be used in
    // this call: the next one is asked. Thread: [control].
    OffhookStatus (*plan)(const OffhookDtmfRequest *request,
                          size_t step_size,
                          OffhookDtmfStep *steps,
                          size_t *count,
                          OffhookTextOut *reason);
    // Reads a key from an INFO request; `UNSUPPORTED` when it is none of this method's. May be null
    // without `HEARS_INFO`. Thread: [control].
    OffhookStatus (*hear_info)(OffhookText content_type, OffhookText body, OffhookDtmfHeard *out);
    // Makes a listener. `open`, `listen`, `reset` and `close` may be null without `HEARS_TONES`.
    // Thread: [control].
    OffhookStatus (*open)(const OffhookDtmfListen *request, void **out, OffhookTextOut *reason);
    // Looks at 10 ms of what the peer says. `heard` holds room for `*count` keys, `*count` is set to how
    // many were written. Thread: [media]. Bound: 0.5 ms.
    OffhookStatus (*listen)(void *inst,
                            const int16_t *pcm,
                            size_t samples,
                            OffhookDtmfHeard *heard,
                            size_t *count);
    // Forgets the past. Thread: [media].
    OffhookStatus (*reset)(void *inst);
    // Frees what `open` made. Thread: [control].
    void (*close)(void *inst);
} OffhookDtmfTable;

// What a recording is opened for. Texts are lent for the call.
typedef struct {
    // Size of this struct as the host was built. Unit: bytes.
    uint32_t size;
    // Rate of the PCM. Range: 8000, 16000 or 48000.
    uint32_t sample_rate_hz;
    // Range: 1 or 2. With 2 the left one is what this side says.
    uint32_t channels;
    // 0.
    uint32_t reserved;
    // Wall clock at the first sample, from 1970-01-01 UTC. Unit: ms.
    uint64_t started_unix_ms;
    // Path without extension; the plugin adds its own and never overwrites.
    OffhookText path;
    // JSON object: what is known of the call (`call`, `account`, `local`, `remote`, `direction`).
    OffhookText metadata;
    // JSON object as the manifest's `config` describes it; empty for the defaults.
    OffhookText options;
} OffhookRecorderRequest;

// A recorder. PCM is signed 16 bit, interleaved.
typedef struct {
    // Size of this struct as the plugin was built. Unit: bytes.
    uint32_t size;
    // 0.
    uint32_t reserved;
    // Writes a JSON object: `extension`, `media_type`, `sample_rates_hz` (an array), `channels` (the most).
    // `BUFFER_TOO_SMALL` when it was cut. Thread: [control].
    OffhookStatus (*describe)(OffhookTextOut *out);
    // Begins a recording; `reason` says why not. Thread: [worker].
    OffhookStatus (*open)(const OffhookRecorderRequest *request, void **out, OffhookTextOut *reason);
    // Keeps `frames` samples of each channel. `at_ms` counts audio from the start of the recording,
    // pauses left out. A failure ends the recording: what was kept stays readable. Thread: [worker].
    OffhookStatus (*write)(void *inst, const int16_t *pcm, size_t frames, uint64_t at_ms);
    // Something happened, `MARK_…`, at `at_ms`. Unknown kinds are kept as notes. Thread: [worker].
    OffhookStatus (*mark)(void *inst, int32_t kind, uint64_t at_ms, OffhookText note);
    // Makes what was kept so far outlive a crash of the process. Asked about once a second.
    // Thread: [worker].
    OffhookStatus (*sync)(void *inst);
    // Ends the recording and frees it. Writes a JSON object: `files` (an array of `path`, `bytes`),
    // `audio_ms`. A status below 0 says that the end is not as it should be; `result` holds `error`.
    // Thread: [worker].
    OffhookStatus (*close)(void *inst, OffhookTextOut *result);
} OffhookRecorderTable;

// What a filter is opened for. Texts are lent for the call.
typedef struct {
    // Size of this struct as the host was built. Unit: bytes.
    uint32_t size;
    // `PLACE_…`.
    uint32_t place;
    // Range: 8000, 16000 or 48000.
    uint32_t sample_rate_hz;
    // Samples in each call to `process`: 10 ms.
    uint32_t block_samples;
    // JSON object as the manifest's `config` describes it; empty for the defaults.
    OffhookText options;
} OffhookFilterRequest;

// A filter. PCM is signed 16 bit, one channel.
typedef struct {
    // Size of this struct as the plugin was built. Unit: bytes.
    uint32_t size;
    // 0.
    uint32_t reserved;
    // Makes a filter; `reason` says why not. Thread: [control].
    OffhookStatus (*open)(const OffhookFilterRequest *request, void **out, OffhookTextOut *reason);
    // Turns 10 ms of `near` into `out`. `far` is what went to the loudspeaker, `delay_samples` ago at the
    // microphone; null where nothing is known of it. The buffers do not overlap. When it fails, `near`
    // goes on as it is. Thread: [media]. Bound: 0.5 ms for a block, three misses in a row bypass it.
    OffhookStatus (*process)(void *inst,
                             const int16_t *near,
                             const int16_t *far,
                             size_t samples,
                             uint32_t delay_samples,
                             int16_t *out);
    // How much later the sound comes out. Unit: samples. Thread: [media].
    uint32_t (*latency)(void *inst);
    // Changes one setting of its own, named in its manifest. Thread: [media].
    OffhookStatus (*control)(void *inst, uint32_t key, int64_t value);
    // Forgets the past. Thread: [media].
    OffhookStatus (*reset)(void *inst);
    // Frees what `open` made. Thread: [control].
    void (*close)(void *inst);
} OffhookFilterTable;

// Where a packet comes from or goes to.
typedef struct {
    // 4 or 6; 0 where there is none.
    uint16_t family;
    // Range: 0 to 65535.
    uint16_t port;
    // IPv6 scope id, otherwise 0.
    uint32_t scope;
    // Network order; IPv4 in the first four.
    uint8_t octets[16];
} OffhookAddress;

// What happened. Data is lent for the call.
typedef struct {
    // Size of this struct as the host was built. Unit: bytes.
    uint32_t size;
    // `NAT_IN_…`. Unknown kinds count as time.
    int32_t kind;
    // Since the engine's start. Unit: ns.
    uint64_t now_ns;
    // Which flow; numbers are the plugin's own.
    uint32_t flow;
    // RTP is 1, RTCP 2. Source: RFC 8445 §4.
    uint32_t component;
    // Where from, or what was bound.
    OffhookAddress address;
    // First byte of what comes with it.
    const uint8_t *data;
    // Unit: bytes.
    size_t data_len;
} OffhookNatInput;

// What is to be done.
typedef struct {
    // On entry the caller's size of this struct, on return what was written. Unit: bytes.
    uint32_t size;
    // `NAT_OUT_…`.
    int32_t kind;
    // For a deadline. Unit: ns since the engine's start.
    uint64_t at_ns;
    // Which flow; numbers are the plugin's own.
    uint32_t flow;
    // RTP is 1, RTCP 2.
    uint32_t component;
    // `NAT_TRANSPORT_…`.
    uint32_t transport;
    // 0.
    uint32_t reserved;
    // Where from.
    OffhookAddress local;
    // Where to.
    OffhookAddress remote;
    // The caller's buffer.
    uint8_t *data;
    // On entry its room, on return what was written. Unit: bytes.
    size_t data_len;
} OffhookNatOutput;

// A NAT strategy.
typedef struct {
    // Size of this struct as the plugin was built. Unit: bytes.
    uint32_t size;
    // 0.
    uint32_t reserved;
    // Makes a machine from a JSON object: `controlling`, `components`, `interfaces`, `servers`
    // (resolved), `options`. `seed` is its only source of chance. Thread: [control].
    OffhookStatus (*open)(OffhookText request, uint64_t seed, void **out, OffhookTextOut *reason);
    // Takes what happened. Thread: [control].
    OffhookStatus (*handle)(void *inst, const OffhookNatInput *input);
    // Gives the next thing to do. `BUFFER_TOO_SMALL` with the size needed in `data_len` keeps it for
    // another try. Thread: [control].
    OffhookStatus (*poll)(void *inst, OffhookNatOutput *output);
    // Frees what `open` made. Thread: [control].
    void (*close)(void *inst);
} OffhookNatTable;

// What happened. Data is lent for the call.
typedef struct {
    // Size of this struct as the host was built. Unit: bytes.
    uint32_t size;
    // `SECURITY_IN_…`. Unknown kinds count as time.
    int32_t kind;
    // Since the engine's start. Unit: ns.
    uint64_t now_ns;
    // Where from.
    OffhookAddress address;
    // First byte of what comes with it.
    const uint8_t *data;
    // Unit: bytes.
    size_t data_len;
} OffhookSecurityInput;

// What is to be done.
typedef struct {
    // On entry the caller's size of this struct, on return what was written. Unit: bytes.
    uint32_t size;
    // `SECURITY_OUT_…`.
    int32_t kind;
    // For a deadline. Unit: ns since the engine's start.
    uint64_t at_ns;
    // For keys: protection profile. Source: RFC 5764 §4.1.2 and its registry.
    uint32_t suite;
    // For keys: 1 what we send, 2 what we receive.
    uint32_t direction;
    // The caller's buffer.
    uint8_t *data;
    // On entry its room, on return what was written. Unit: bytes.
    size_t data_len;
} OffhookSecurityOutput;

// A way to agree on keys.
typedef struct {
    // Size of this struct as the plugin was built. Unit: bytes.
    uint32_t size;
    // 0.
    uint32_t reserved;
    // Makes a machine from a JSON object: `offering`, `required`, `suites`, `options`. `seed` is 32 bytes
    // of chance, its only source. Thread: [control].
    OffhookStatus (*open)(OffhookText request,
                          const uint8_t *seed,
                          void **out,
                          OffhookTextOut *reason);
    // Takes what happened. Thread: [control].
    OffhookStatus (*handle)(void *inst, const OffhookSecurityInput *input);
    // Gives the next thing to do. `BUFFER_TOO_SMALL` with the size needed in `data_len` keeps it for
    // another try. Thread: [control].
    OffhookStatus (*poll)(void *inst, OffhookSecurityOutput *output);
    // Frees what `open` made, keys wiped. Thread: [control].
    void (*close)(void *inst);
} OffhookSecurityTable;

// The engine as a face sees it. Lives until `close` returns.
typedef struct {
    // Size of this struct as the host was built. Unit: bytes.
    uint32_t size;
    // 0.
    uint32_t reserved;
    // First argument of `command`.
    void *context;
    // Says one object to the engine, such as `{"op":"call","id":"1","command":"hang_up"}`; the reply comes to `event`
    // with the same id, the outcome as events that carry the reply's `command`. It never waits, and may be called from
    // `open` on, also within `event`: `UNAVAILABLE` while 64 wait, `BAD_ARGUMENT` above 1 MiB, `LOST` once the engine
    // has let go of the face. Thread: [any], never [media] or [device].
    OffhookStatus (*command)(void *context, OffhookText json);
} OffhookUiEngine;

// A face.
typedef struct {
    // Size of this struct as the plugin was built. Unit: bytes.
    uint32_t size;
    // 0.
    uint32_t reserved;
    // Starts the face; `options` is a JSON object, or empty. It draws on threads of its own. Thread: [worker].
    OffhookStatus (*open)(const OffhookUiEngine *engine,
                          OffhookText options,
                          void **out,
                          OffhookTextOut *reason);
    // Takes what the engine says, in order. Should put it into a queue of its own and return. `LOST`: the face takes no
    // more, is closed and opened again after a second; any other failure is of this one object, and more come.
    // Thread: [worker]. Bound: 200 ms, or the process of an isolated one is ended; 2 s, or a person is told.
    OffhookStatus (*event)(void *inst, OffhookText json);
    // Ends the face; none of its threads calls the engine afterwards. Thread: [worker]. Bound: 1 s.
    void (*close)(void *inst);
} OffhookUiTable;

// A directory.
typedef struct {
    // Size of this struct as the plugin was built. Unit: bytes.
    uint32_t size;
    // 0.
    uint32_t reserved;
    // Opens the directory; `options` is a JSON object. Thread: [worker].
    OffhookStatus (*open)(OffhookText options, void **out, OffhookTextOut *reason);
    // Looks up people: whose name, organisation or number has `{"text"}` within it, who has `{"number"}`, or all
    // with `{"all": true}`; at most `{"limit"}`. Writes a JSON array of `{"name", "numbers", "labels",
    // "organisation", "id"}`: numbers best first, labels (`work`, `mobile`) in the order of the numbers, `id` unique
    // and lasting; what is not known is left out, but never name and numbers. What a host or a plugin does not
    // know of a question or an answer it passes over; a question of which it knows nothing is answered `[]`, all by
    // a directory that cannot be listed with `UNSUPPORTED`. May block for as long as the options allow: a host waits
    // on a worker, and takes up to 2 s from a plugin in a process of its own. `BUFFER_TOO_SMALL` when it was cut.
    // Thread: [worker].
    OffhookStatus (*search)(void *inst,
                            OffhookText query,
                            OffhookTextOut *out,
                            OffhookTextOut *reason);
    // Closes it. Thread: [worker].
    void (*close)(void *inst);
} OffhookDirectoryTable;

// A set of tones. PCM is signed 16 bit, one channel.
typedef struct {
    // Size of this struct as the plugin was built. Unit: bytes.
    uint32_t size;
    // 0.
    uint32_t reserved;
    // Writes a JSON array of the names it knows. `BUFFER_TOO_SMALL` when it was cut.
    // Thread: [control].
    OffhookStatus (*names)(OffhookTextOut *out);
    // Prepares the tone `name` at `sample_rate_hz`; `options` is a JSON object. Thread: [control].
    OffhookStatus (*open)(OffhookText name,
                          uint32_t sample_rate_hz,
                          OffhookText options,
                          void **out,
                          OffhookTextOut *reason);
    // Fills `pcm`; `samples` holds the wanted count on entry, on return what there was. `ENDED` when no
    // more will come. Thread: [media].
    OffhookStatus (*read)(void *inst, int16_t *pcm, size_t *samples);
    // Frees what `open` made. Thread: [control].
    void (*close)(void *inst);
} OffhookToneTable;

#endif  /* OFFHOOK_PLUGIN_H */
