/* An audio device in C: a microphone that hums, and a loudspeaker that nobody hears.
 *
 *     cc -std=c99 -O2 -fPIC -shared -I ../../include -o libaudio_hum.so audio.c
 *
 * SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <offhook_plugin.h>
#include <stdlib.h>
#include <string.h>

#define ID "audio-hum-c"
#define NAME "A hum, in C"
#define MANIFEST \
    "{\"manifest\":1,\"abi\":\"1.0\",\"kind\":\"audio\",\"tables\":[\"offhook.audio/1\"],\"id\":\"" ID "\"," \
    "\"name\":\"" NAME "\",\"version\":\"1.0.0\",\"licence\":\"MIT OR Apache-2.0\"}"
OFFHOOK_MANIFEST(MANIFEST);

/* Samples of one hum at 8 kHz: 100 Hz there, more at higher rates. */
#define HUM 80

typedef struct { OffhookAudioCounters counters; } Device;

/* Text out: as much as there is room for, and how much there would be. */
static OffhookStatus give(OffhookTextOut *out, const char *text) {
    const size_t length = strlen(text);
    if (out == NULL) return OFFHOOK_OK;
    memcpy(out->ptr, text, length < out->capacity ? length : out->capacity);
    out->len = length;
    return length > out->capacity ? OFFHOOK_BUFFER_TOO_SMALL : OFFHOOK_OK;
}

/* What stands behind "name": in a JSON object, or null. A plugin may use a JSON library instead. */
static const uint8_t *value(OffhookText json, const char *name, size_t *left) {
    const size_t length = strlen(name);
    size_t at;
    for (at = 0; at + length < json.len; at++) {
        if (memcmp(json.ptr + at, name, length) != 0) continue;
        for (at += length; at < json.len && json.ptr[at] == ' '; at++) {}
        *left = json.len - at;
        return json.ptr + at;
    }
    return NULL;
}

static OffhookStatus enumerate(OffhookTextOut *out, OffhookTextOut *reason) {
    (void)reason;
    return give(out, "[{\"id\":\"hum\",\"name\":\"A hum\",\"capture\":true,\"playback\":true,\"default\":true}]");
}

static OffhookStatus open_device(OffhookText request, void **out, OffhookTextOut *reason) {
    size_t left = 0, n;
    uint32_t rate_hz = 0;
    const uint8_t *digits = value(request, "\"rate_hz\":", &left);
    for (n = 0; digits != NULL && n < left && n < 6 && digits[n] >= '0' && digits[n] <= '9'; n++)
        rate_hz = rate_hz * 10 + (digits[n] - '0');
    if (rate_hz != 8000 && rate_hz != 16000 && rate_hz != 48000) {
        give(reason, "rate_hz: 8000, 16000 or 48000");
        return OFFHOOK_BAD_ARGUMENT;
    }
    *out = calloc(1, sizeof(Device));
    return *out == NULL ? OFFHOOK_UNAVAILABLE : OFFHOOK_OK;
}

/* [media]: no allocation, no lock, no log, no system call. */
static OffhookStatus capture(void *inst, int16_t *pcm, size_t *samples, uint64_t now_ns) {
    Device *device = inst;
    size_t n;
    (void)now_ns;
    for (n = 0; n < *samples; n++) pcm[n] = (int16_t)((int)((device->counters.captured + n) % HUM) * 100 - 4000);
    device->counters.captured += *samples;
    return OFFHOOK_OK;
}

static OffhookStatus playback(void *inst, const int16_t *pcm, size_t samples, uint64_t now_ns) {
    (void)pcm;
    (void)now_ns;
    ((Device *)inst)->counters.played += samples;
    return OFFHOOK_OK;
}

static OffhookStatus latency(void *inst, OffhookAudioLatency *out) {
    OffhookAudioLatency none;
    (void)inst;
    memset(&none, 0, sizeof none);
    /* A host may be older and know less of the struct: it gets as much as it has room for. */
    none.size = out->size < sizeof none ? out->size : (uint32_t)sizeof none;
    memcpy(out, &none, none.size);
    return OFFHOOK_OK;
}

static OffhookStatus counters(void *inst, OffhookAudioCounters *out) {
    OffhookAudioCounters now = ((Device *)inst)->counters;
    now.size = out->size < sizeof now ? out->size : (uint32_t)sizeof now;
    memcpy(out, &now, now.size);
    return OFFHOOK_OK;
}

static void close_device(void *inst) { free(inst); }

static const OffhookAudioTable audio_table = {
    sizeof(OffhookAudioTable), 0, enumerate, open_device, capture, playback, latency, counters, close_device,
};

static OffhookStatus init(const OffhookHost *host, OffhookTextOut *reason) {
    (void)host;
    (void)reason;
    return OFFHOOK_OK;
}

static void deinit(void) {}

static const void *table(OffhookText id) {
    static const char mine[] = "offhook.audio/1";
    return id.len == sizeof mine - 1 && memcmp(id.ptr, mine, id.len) == 0 ? &audio_table : NULL;
}

OFFHOOK_EXPORT const OffhookEntry offhook_plugin_entry = {
    sizeof(OffhookEntry), OFFHOOK_ABI_MAJOR, OFFHOOK_ABI_MINOR, 0,
    OFFHOOK_TEXT(ID), OFFHOOK_TEXT(NAME), OFFHOOK_TEXT("1.0.0"), OFFHOOK_TEXT(""),
    OFFHOOK_TEXT("MIT OR Apache-2.0"), OFFHOOK_TEXT(MANIFEST),
    init, deinit, table,
};
