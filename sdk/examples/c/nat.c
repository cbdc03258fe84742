/* A NAT strategy in C: media goes straight to where the peer's description says, and nothing is tried.
 *
 *     cc -std=c99 -O2 -fPIC -shared -I ../../include -o libnat_direct.so nat.c
 *
 * SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <offhook_plugin.h>
#include <stdlib.h>
#include <string.h>

#define ID "nat-direct-c"
#define NAME "Straight, in C"
#define MANIFEST \
    "{\"manifest\":1,\"abi\":\"1.0\",\"kind\":\"nat\",\"tables\":[\"offhook.nat/1\"],\"id\":\"" ID "\"," \
    "\"name\":\"" NAME "\",\"version\":\"1.0.0\",\"licence\":\"MIT OR Apache-2.0\"}"
OFFHOOK_MANIFEST(MANIFEST);

/* What is to be done next, OFFHOOK_NAT_OUT_...: a machine does no IO, it says what is to be done. */
typedef struct { int32_t next; } Nat;

static OffhookStatus open_nat(OffhookText request, uint64_t seed, void **out, OffhookTextOut *reason) {
    Nat *nat = malloc(sizeof *nat);
    (void)request;
    (void)seed;
    (void)reason;
    if (nat == NULL) return OFFHOOK_UNAVAILABLE;
    nat->next = OFFHOOK_NAT_OUT_GATHERED; /* there are no candidates to look for */
    *out = nat;
    return OFFHOOK_OK;
}

static OffhookStatus handle(void *inst, const OffhookNatInput *input) {
    Nat *nat = inst;
    if (input->kind == OFFHOOK_NAT_IN_RESTART) nat->next = OFFHOOK_NAT_OUT_GATHERED;
    if (input->kind == OFFHOOK_NAT_IN_CLOSED) nat->next = OFFHOOK_NAT_OUT_FAILED;
    return OFFHOOK_OK;
}

static OffhookStatus poll(void *inst, OffhookNatOutput *out) {
    static const char why[] = "the flow was closed";
    Nat *nat = inst;
    const size_t need = nat->next == OFFHOOK_NAT_OUT_FAILED ? sizeof why - 1 : 0;
    if (out->data_len < need) {
        out->data_len = need;
        return OFFHOOK_BUFFER_TOO_SMALL; /* it is asked again with more room */
    }
    if (need > 0) memcpy(out->data, why, need);
    out->data_len = need;
    out->kind = nat->next;
    nat->next = OFFHOOK_NAT_OUT_NOTHING;
    return OFFHOOK_OK;
}

static void close_nat(void *inst) { free(inst); }

static const OffhookNatTable nat_table = {
    sizeof(OffhookNatTable), 0, open_nat, handle, poll, close_nat,
};

static OffhookStatus init(const OffhookHost *host, OffhookTextOut *reason) {
    (void)host;
    (void)reason;
    return OFFHOOK_OK;
}

static void deinit(void) {}

static const void *table(OffhookText id) {
    static const char mine[] = "offhook.nat/1";
    return id.len == sizeof mine - 1 && memcmp(id.ptr, mine, id.len) == 0 ? &nat_table : NULL;
}

OFFHOOK_EXPORT const OffhookEntry offhook_plugin_entry = {
    sizeof(OffhookEntry), OFFHOOK_ABI_MAJOR, OFFHOOK_ABI_MINOR, 0,
    OFFHOOK_TEXT(ID), OFFHOOK_TEXT(NAME), OFFHOOK_TEXT("1.0.0"), OFFHOOK_TEXT(""),
    OFFHOOK_TEXT("MIT OR Apache-2.0"), OFFHOOK_TEXT(MANIFEST),
    init, deinit, table,
};
