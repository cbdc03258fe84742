/* A DTMF method in C: keys as INFO requests with the body of one character that some door stations want.
 *
 *     cc -std=c99 -O2 -fPIC -shared -I ../../include -o libdtmf_door.so dtmf.c
 *
 * SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <offhook_plugin.h>
#include <string.h>

#define ID "dtmf-door-c"
#define NAME "Door keys, in C"
#define TYPE "application/dtmf"
#define MANIFEST \
    "{\"manifest\":1,\"abi\":\"1.0\",\"kind\":\"dtmf\",\"tables\":[\"offhook.dtmf/1\"],\"id\":\"" ID "\"," \
    "\"name\":\"" NAME "\",\"version\":\"1.0.0\",\"licence\":\"MIT OR Apache-2.0\"}"
OFFHOOK_MANIFEST(MANIFEST);

static int is_key(uint32_t key) {
    static const char keys[] = "0123456789*#ABCD";
    return key < 128 && memchr(keys, (int)key, sizeof keys - 1) != NULL;
}

static OffhookStatus describe(OffhookDtmfInfo *out) {
    OffhookDtmfInfo info;
    if (out == NULL) return OFFHOOK_BAD_ARGUMENT;
    memset(&info, 0, sizeof info);
    info.size = out->size < sizeof info ? out->size : (uint32_t)sizeof info;
    info.caps = OFFHOOK_SENDS_INFO | OFFHOOK_HEARS_INFO;
    info.name.ptr = (const uint8_t *)"door";
    info.name.len = 4;
    memcpy(out, &info, info.size);
    return OFFHOOK_OK;
}

static OffhookStatus plan(const OffhookDtmfRequest *request, size_t step_size, OffhookDtmfStep *steps, size_t *count,
                          OffhookTextOut *reason) {
    OffhookDtmfStep step;
    (void)reason;
    /* The peer excluded INFO: the host asks the next method. */
    if ((request->flags & OFFHOOK_PEER_TAKES_INFO) == 0 || !is_key(request->key)) return OFFHOOK_UNSUPPORTED;
    if (*count < 1 || step_size < sizeof step) return OFFHOOK_BUFFER_TOO_SMALL;
    memset(&step, 0, sizeof step);
    step.kind = OFFHOOK_STEP_INFO;
    memcpy(step.content_type, TYPE, sizeof TYPE - 1);
    step.content_type_len = sizeof TYPE - 1;
    step.body[0] = (uint8_t)request->key;
    step.body_len = 1;
    memcpy(steps, &step, sizeof step);
    *count = 1;
    return OFFHOOK_OK;
}

static OffhookStatus hear_info(OffhookText content_type, OffhookText body, OffhookDtmfHeard *out) {
    if (content_type.len != sizeof TYPE - 1 || memcmp(content_type.ptr, TYPE, content_type.len) != 0)
        return OFFHOOK_UNSUPPORTED;
    if (body.len != 1 || !is_key(body.ptr[0])) return OFFHOOK_UNSUPPORTED;
    out->key = body.ptr[0];
    out->released = 1;
    out->duration_ms = 100;
    out->reserved = 0;
    return OFFHOOK_OK;
}

/* It hears no tones: no `open`, `listen`, `reset` and `close`. */
static const OffhookDtmfTable dtmf_table = {
    sizeof(OffhookDtmfTable), 0, describe, plan, hear_info, NULL, NULL, NULL, NULL,
};

static OffhookStatus init(const OffhookHost *host, OffhookTextOut *reason) {
    (void)host;
    (void)reason;
    return OFFHOOK_OK;
}

static void deinit(void) {}

static const void *table(OffhookText id) {
    static const char mine[] = "offhook.dtmf/1";
    return id.len == sizeof mine - 1 && memcmp(id.ptr, mine, id.len) == 0 ? &dtmf_table : NULL;
}

OFFHOOK_EXPORT const OffhookEntry offhook_plugin_entry = {
    sizeof(OffhookEntry), OFFHOOK_ABI_MAJOR, OFFHOOK_ABI_MINOR, 0,
    OFFHOOK_TEXT(ID), OFFHOOK_TEXT(NAME), OFFHOOK_TEXT("1.0.0"), OFFHOOK_TEXT(""),
    OFFHOOK_TEXT("MIT OR Apache-2.0"), OFFHOOK_TEXT(MANIFEST),
    init, deinit, table,
};
