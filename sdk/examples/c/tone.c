/* A set of tones in C: ringing and busy, both at 425 Hz (ITU-T E.180).
 *
 *     cc -std=c99 -O2 -fPIC -shared -I ../../include -o libtone_425.so tone.c
 *
 * SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <offhook_plugin.h>
#include <stdlib.h>
#include <string.h>

#define ID "tone-425-c"
#define NAME "Ringing and busy, in C"
#define MANIFEST \
    "{\"manifest\":1,\"abi\":\"1.0\",\"kind\":\"tone\",\"tables\":[\"offhook.tone/1\"],\"id\":\"" ID "\"," \
    "\"name\":\"" NAME "\",\"version\":\"1.0.0\",\"licence\":\"MIT OR Apache-2.0\"}"
OFFHOOK_MANIFEST(MANIFEST);

/* How long it sounds, how long all of it takes, where it is. Unit: samples. */
typedef struct {
    uint64_t on, whole, at;
    uint32_t rate_hz;
} Tone;

/* Text out: as much as there is room for, and how much there would be. */
static OffhookStatus give(OffhookTextOut *out, const char *text) {
    const size_t length = strlen(text);
    if (out == NULL) return OFFHOOK_OK;
    memcpy(out->ptr, text, length < out->capacity ? length : out->capacity);
    out->len = length;
    return length > out->capacity ? OFFHOOK_BUFFER_TOO_SMALL : OFFHOOK_OK;
}

static OffhookStatus names(OffhookTextOut *out) { return give(out, "[\"ringing\",\"busy\"]"); }

static int is(OffhookText name, const char *wanted) {
    return name.len == strlen(wanted) && memcmp(name.ptr, wanted, name.len) == 0;
}

static OffhookStatus open_tone(OffhookText name, uint32_t sample_rate_hz, OffhookText options, void **out,
                               OffhookTextOut *reason) {
    Tone *tone;
    (void)options;
    if (!is(name, "ringing") && !is(name, "busy")) {
        give(reason, "there are ringing and busy");
        return OFFHOOK_NOT_FOUND;
    }
    if (sample_rate_hz < 8000) return OFFHOOK_BAD_ARGUMENT;
    tone = calloc(1, sizeof *tone);
    if (tone == NULL) return OFFHOOK_UNAVAILABLE;
    tone->rate_hz = sample_rate_hz;
    tone->on = is(name, "ringing") ? sample_rate_hz : sample_rate_hz / 2;
    tone->whole = is(name, "ringing") ? 5 * (uint64_t)sample_rate_hz : sample_rate_hz;
    *out = tone;
    return OFFHOOK_OK;
}

/* [media]: no allocation, no lock, no log, no system call. A triangle: softer than a square, and no mathematics. */
static OffhookStatus read_tone(void *inst, int16_t *pcm, size_t *samples) {
    Tone *tone = inst;
    size_t n;
    for (n = 0; n < *samples; n++) {
        const uint64_t phase = tone->at * 425 % tone->rate_hz * 4000 / tone->rate_hz;
        const int rise = (int)(phase < 2000 ? phase : 4000 - phase);
        pcm[n] = (int16_t)(tone->at < tone->on ? 3 * (rise - 1000) : 0);
        tone->at = (tone->at + 1) % tone->whole;
    }
    return OFFHOOK_OK;
}

static void close_tone(void *inst) { free(inst); }

static const OffhookToneTable tone_table = {
    sizeof(OffhookToneTable), 0, names, open_tone, read_tone, close_tone,
};

static OffhookStatus init(const OffhookHost *host, OffhookTextOut *reason) {
    (void)host;
    (void)reason;
    return OFFHOOK_OK;
}

static void deinit(void) {}

static const void *table(OffhookText id) {
    static const char mine[] = "offhook.tone/1";
    return id.len == sizeof mine - 1 && memcmp(id.ptr, mine, id.len) == 0 ? &tone_table : NULL;
}

OFFHOOK_EXPORT const OffhookEntry offhook_plugin_entry = {
    sizeof(OffhookEntry), OFFHOOK_ABI_MAJOR, OFFHOOK_ABI_MINOR, 0,
    OFFHOOK_TEXT(ID), OFFHOOK_TEXT(NAME), OFFHOOK_TEXT("1.0.0"), OFFHOOK_TEXT(""),
    OFFHOOK_TEXT("MIT OR Apache-2.0"), OFFHOOK_TEXT(MANIFEST),
    init, deinit, table,
};
