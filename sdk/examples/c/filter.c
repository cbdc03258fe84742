/* A filter in C: makes the sound louder or softer, by the option `percent`.
 *
 *     cc -std=c99 -O2 -fPIC -shared -I ../../include -o libfilter_level.so filter.c
 *
 * SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <offhook_plugin.h>
#include <stdlib.h>
#include <string.h>

#define ID "filter-level-c"
#define NAME "Level, in C"
#define MANIFEST \
    "{\"manifest\":1,\"abi\":\"1.0\",\"kind\":\"filter\",\"tables\":[\"offhook.filter/1\"],\"id\":\"" ID "\"," \
    "\"name\":\"" NAME "\",\"version\":\"1.0.0\",\"licence\":\"MIT OR Apache-2.0\"," \
    "\"config\":{\"percent\":{\"type\":\"integer\",\"default\":100,\"min\":0,\"max\":400," \
    "\"help\":\"how loud, of what comes in\"}}}"
OFFHOOK_MANIFEST(MANIFEST);

typedef struct { int32_t percent; } Filter;

/* The host has checked the options against the manifest, so a number stands behind the name, if it is there. */
static int32_t percent(OffhookText options) {
    static const char name[] = "\"percent\":";
    const size_t length = sizeof name - 1;
    int32_t value = 0;
    size_t at;
    for (at = 0; at + length < options.len; at++) {
        if (memcmp(options.ptr + at, name, length) != 0) continue;
        for (at += length; at < options.len && options.ptr[at] == ' '; at++) {}
        for (; at < options.len && options.ptr[at] >= '0' && options.ptr[at] <= '9' && value <= 400; at++)
            value = value * 10 + (options.ptr[at] - '0');
        return value;
    }
    return 100;
}

static OffhookStatus open_filter(const OffhookFilterRequest *request, void **out, OffhookTextOut *reason) {
    static const char why[] = "percent: at most 400";
    Filter *filter;
    const int32_t wanted = percent(request->options);
    if (wanted > 400) {
        if (reason != NULL && reason->capacity >= sizeof why - 1) memcpy(reason->ptr, why, sizeof why - 1);
        if (reason != NULL) reason->len = sizeof why - 1;
        return OFFHOOK_BAD_ARGUMENT;
    }
    filter = malloc(sizeof *filter);
    if (filter == NULL) return OFFHOOK_UNAVAILABLE;
    filter->percent = wanted;
    *out = filter;
    return OFFHOOK_OK;
}

static OffhookStatus process(void *inst, const int16_t *near, const int16_t *far, size_t samples,
                             uint32_t delay_samples, int16_t *out) {
    const Filter *filter = inst;
    size_t n;
    (void)far; /* what the loudspeaker plays; an echo canceller would need it */
    (void)delay_samples;
    for (n = 0; n < samples; n++) {
        const int32_t sample = near[n] * filter->percent / 100;
        out[n] = (int16_t)(sample > 32767 ? 32767 : sample < -32768 ? -32768 : sample);
    }
    return OFFHOOK_OK;
}

static uint32_t latency(void *inst) {
    (void)inst;
    return 0;
}

static OffhookStatus control(void *inst, uint32_t key, int64_t value) {
    (void)inst;
    (void)key;
    (void)value;
    return OFFHOOK_UNSUPPORTED;
}

static OffhookStatus reset(void *inst) {
    (void)inst;
    return OFFHOOK_OK;
}

static void close_filter(void *inst) { free(inst); }

static const OffhookFilterTable filter_table = {
    sizeof(OffhookFilterTable), 0, open_filter, process, latency, control, reset, close_filter,
};

static OffhookStatus init(const OffhookHost *host, OffhookTextOut *reason) {
    (void)host;
    (void)reason;
    return OFFHOOK_OK;
}

static void deinit(void) {}

static const void *table(OffhookText id) {
    static const char mine[] = "offhook.filter/1";
    return id.len == sizeof mine - 1 && memcmp(id.ptr, mine, id.len) == 0 ? &filter_table : NULL;
}

OFFHOOK_EXPORT const OffhookEntry offhook_plugin_entry = {
    sizeof(OffhookEntry), OFFHOOK_ABI_MAJOR, OFFHOOK_ABI_MINOR, 0,
    OFFHOOK_TEXT(ID), OFFHOOK_TEXT(NAME), OFFHOOK_TEXT("1.0.0"), OFFHOOK_TEXT(""),
    OFFHOOK_TEXT("MIT OR Apache-2.0"), OFFHOOK_TEXT(MANIFEST),
    init, deinit, table,
};
