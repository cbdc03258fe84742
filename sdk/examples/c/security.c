/* A way to agree on keys in C, without the keys: it says its attribute, and fails with a reason.
 *
 * Put your exchange where it says so. Media is never sent with keys that nobody agreed on.
 *
 *     cc -std=c99 -O2 -fPIC -shared -I ../../include -o libsecurity_mine.so security.c
 *
 * SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <offhook_plugin.h>
#include <stdlib.h>
#include <string.h>

#define ID "security-mine-c"
#define NAME "Keys to come, in C"
#define MANIFEST \
    "{\"manifest\":1,\"abi\":\"1.0\",\"kind\":\"security\",\"tables\":[\"offhook.security/1\"],\"id\":\"" ID "\"," \
    "\"name\":\"" NAME "\",\"version\":\"1.0.0\",\"licence\":\"MIT OR Apache-2.0\"}"
OFFHOOK_MANIFEST(MANIFEST);

/* Our attribute in the description of the media. */
#define ATTRIBUTE "x-mine:1"

/* What is to be done next, OFFHOOK_SECURITY_OUT_...: a machine does no IO, it says what is to be done. */
typedef struct { int32_t next; } Security;

static OffhookStatus open_security(OffhookText request, const uint8_t *seed, void **out, OffhookTextOut *reason) {
    Security *security = malloc(sizeof *security);
    (void)request;
    (void)seed;
    (void)reason;
    if (security == NULL) return OFFHOOK_UNAVAILABLE;
    security->next = OFFHOOK_SECURITY_OUT_LOCAL;
    *out = security;
    return OFFHOOK_OK;
}

static OffhookStatus handle(void *inst, const OffhookSecurityInput *input) {
    /* Here the exchange begins; at its end stand two OFFHOOK_SECURITY_OUT_KEYS and a ..._VERDICT. */
    if (input->kind == OFFHOOK_SECURITY_IN_REMOTE) ((Security *)inst)->next = OFFHOOK_SECURITY_OUT_FAILED;
    return OFFHOOK_OK;
}

static OffhookStatus poll(void *inst, OffhookSecurityOutput *out) {
    Security *security = inst;
    const char *text = "";
    size_t need;
    if (security->next == OFFHOOK_SECURITY_OUT_LOCAL) text = ATTRIBUTE;
    if (security->next == OFFHOOK_SECURITY_OUT_FAILED) text = "no exchange is written yet";
    need = strlen(text);
    if (out->data_len < need) {
        out->data_len = need;
        return OFFHOOK_BUFFER_TOO_SMALL; /* it is asked again with more room */
    }
    if (need > 0) memcpy(out->data, text, need);
    out->data_len = need;
    out->kind = security->next;
    security->next = OFFHOOK_SECURITY_OUT_NOTHING;
    return OFFHOOK_OK;
}

static void close_security(void *inst) { free(inst); }

static const OffhookSecurityTable security_table = {
    sizeof(OffhookSecurityTable), 0, open_security, handle, poll, close_security,
};

static OffhookStatus init(const OffhookHost *host, OffhookTextOut *reason) {
    (void)host;
    (void)reason;
    return OFFHOOK_OK;
}

static void deinit(void) {}

static const void *table(OffhookText id) {
    static const char mine[] = "offhook.security/1";
    return id.len == sizeof mine - 1 && memcmp(id.ptr, mine, id.len) == 0 ? &security_table : NULL;
}

OFFHOOK_EXPORT const OffhookEntry offhook_plugin_entry = {
    sizeof(OffhookEntry), OFFHOOK_ABI_MAJOR, OFFHOOK_ABI_MINOR, 0,
    OFFHOOK_TEXT(ID), OFFHOOK_TEXT(NAME), OFFHOOK_TEXT("1.0.0"), OFFHOOK_TEXT(""),
    OFFHOOK_TEXT("MIT OR Apache-2.0"), OFFHOOK_TEXT(MANIFEST),
    init, deinit, table,
};
