/* A codec in C: X-L8, eight bits a sample, the upper half of each. Narrow, loud, and whole.
 *
 *     cc -std=c99 -O2 -fPIC -shared -I ../../include -o libcodec_l8.so codec.c
 *     offhook plugin check libcodec_l8.so
 *
 * SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <offhook_plugin.h>
#include <stdlib.h>
#include <string.h>

#define ID "codec-l8-c"
#define NAME "Eight bits, in C"
#define MANIFEST \
    "{\"manifest\":1,\"abi\":\"1.0\",\"kind\":\"codec\",\"tables\":[\"offhook.codec/1\"],\"id\":\"" ID "\"," \
    "\"name\":\"" NAME "\",\"version\":\"1.0.0\",\"licence\":\"MIT OR Apache-2.0\"}"
OFFHOOK_MANIFEST(MANIFEST);

/* What lives as long as a call does: the last sample heard, to fade out from where nothing came. */
typedef struct { int16_t last; } Codec;

static size_t count(void) { return 1; }

static OffhookStatus describe(size_t index, OffhookCodecInfo *out) {
    OffhookCodecInfo info;
    uint32_t room;
    if (index != 0) return OFFHOOK_NOT_FOUND;
    if (out == NULL) return OFFHOOK_BAD_ARGUMENT;
    memset(&info, 0, sizeof info);
    info.size = sizeof info;
    info.caps = OFFHOOK_CAP_CONCEAL;
    info.name.ptr = (const uint8_t *)"X-L8";
    info.name.len = 4;
    info.clock_rate_hz = 8000;
    info.sample_rate_hz = 8000;
    info.channels = 1;
    info.payload_type = -1;      /* dynamic: the host chooses one */
    info.packet_times = 3;       /* bit n stands for (n + 1) x 10 ms: 10 and 20 */
    info.packet_time_ms = 20;
    info.max_payload = 160;
    /* A host may be older and know less of the struct: it gets as much as it has room for. */
    room = out->size;
    if (room < info.size) info.size = room;
    memcpy(out, &info, info.size);
    return OFFHOOK_OK;
}

static OffhookStatus open_codec(const OffhookCodecRequest *request, void **out, OffhookTextOut *reason) {
    (void)reason;
    if (request->index != 0) return OFFHOOK_NOT_FOUND;
    *out = calloc(1, sizeof(Codec));
    return *out == NULL ? OFFHOOK_UNAVAILABLE : OFFHOOK_OK;
}

/* [media]: no allocation, no lock, no log, no system call. */
static OffhookStatus encode(void *inst, const int16_t *pcm, size_t samples, uint8_t *payload, size_t *len) {
    size_t n;
    (void)inst;
    if (*len < samples) return OFFHOOK_BUFFER_TOO_SMALL;
    for (n = 0; n < samples; n++) payload[n] = (uint8_t)((pcm[n] + 32768) >> 8);
    *len = samples;
    return OFFHOOK_OK;
}

static OffhookStatus decode(void *inst, const uint8_t *payload, size_t len, size_t lost_samples, int16_t *pcm,
                            size_t *samples) {
    Codec *codec = inst;
    size_t n;
    if (lost_samples != 0) return OFFHOOK_UNSUPPORTED; /* we never said OFFHOOK_CAP_FEC */
    if (payload == NULL) {
        for (n = 0; n < *samples; n++) {
            codec->last = (int16_t)(codec->last * 63 / 64);
            pcm[n] = codec->last;
        }
        return OFFHOOK_OK;
    }
    if (*samples < len) return OFFHOOK_BUFFER_TOO_SMALL;
    for (n = 0; n < len; n++) pcm[n] = (int16_t)((payload[n] << 8) + 128 - 32768);
    if (len > 0) codec->last = pcm[len - 1];
    *samples = len;
    return OFFHOOK_OK;
}

static OffhookStatus control(void *inst, uint32_t key, int64_t value) {
    (void)inst;
    (void)key;
    (void)value;
    return OFFHOOK_UNSUPPORTED;
}

static OffhookStatus reset(void *inst) {
    ((Codec *)inst)->last = 0;
    return OFFHOOK_OK;
}

static void close_codec(void *inst) { free(inst); }

static const OffhookCodecTable codec_table = {
    sizeof(OffhookCodecTable), 0, count, describe, NULL, open_codec, encode, decode, control, reset, close_codec,
};

static OffhookStatus init(const OffhookHost *host, OffhookTextOut *reason) {
    (void)host;
    (void)reason;
    return OFFHOOK_OK;
}

static void deinit(void) {}

static const void *table(OffhookText id) {
    static const char mine[] = "offhook.codec/1";
    return id.len == sizeof mine - 1 && memcmp(id.ptr, mine, id.len) == 0 ? &codec_table : NULL;
}

OFFHOOK_EXPORT const OffhookEntry offhook_plugin_entry = {
    sizeof(OffhookEntry), OFFHOOK_ABI_MAJOR, OFFHOOK_ABI_MINOR, 0,
    OFFHOOK_TEXT(ID), OFFHOOK_TEXT(NAME), OFFHOOK_TEXT("1.0.0"), OFFHOOK_TEXT(""),
    OFFHOOK_TEXT("MIT OR Apache-2.0"), OFFHOOK_TEXT(MANIFEST),
    init, deinit, table,
};
