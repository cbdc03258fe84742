/* A face in C: counts events, and says at its end how many there were.
 *
 *     cc -std=c99 -O2 -fPIC -shared -I ../../include -o libui_count.so ui.c
 *
 * SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <offhook_plugin.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ID "ui-count-c"
#define NAME "Counts events, in C"
#define MANIFEST \
    "{\"manifest\":1,\"abi\":\"1.0\",\"kind\":\"ui\",\"tables\":[\"offhook.ui/1\"],\"id\":\"" ID "\"," \
    "\"name\":\"" NAME "\",\"version\":\"1.0.0\",\"licence\":\"MIT OR Apache-2.0\"}"
OFFHOOK_MANIFEST(MANIFEST);

typedef struct {
    const OffhookUiEngine *engine; /* commands go here, as JSON, until close returns */
    unsigned long events;
} Face;

static OffhookStatus open_face(const OffhookUiEngine *engine, OffhookText options, void **out,
                               OffhookTextOut *reason) {
    Face *face = malloc(sizeof *face);
    (void)options;
    (void)reason;
    if (face == NULL) return OFFHOOK_UNAVAILABLE;
    face->engine = engine;
    face->events = 0;
    *out = face;
    return OFFHOOK_OK;
}

/* The engine waits for us: what takes long goes into a queue and is done on a thread of our own. */
static OffhookStatus event(void *inst, OffhookText json) {
    (void)json;
    ((Face *)inst)->events++;
    return OFFHOOK_OK;
}

static void close_face(void *inst) {
    Face *face = inst;
    fprintf(stderr, "%lu events\n", face->events);
    free(face);
}

static const OffhookUiTable ui_table = {
    sizeof(OffhookUiTable), 0, open_face, event, close_face,
};

static OffhookStatus init(const OffhookHost *host, OffhookTextOut *reason) {
    (void)host;
    (void)reason;
    return OFFHOOK_OK;
}

static void deinit(void) {}

static const void *table(OffhookText id) {
    static const char mine[] = "offhook.ui/1";
    return id.len == sizeof mine - 1 && memcmp(id.ptr, mine, id.len) == 0 ? &ui_table : NULL;
}

OFFHOOK_EXPORT const OffhookEntry offhook_plugin_entry = {
    sizeof(OffhookEntry), OFFHOOK_ABI_MAJOR, OFFHOOK_ABI_MINOR, 0,
    OFFHOOK_TEXT(ID), OFFHOOK_TEXT(NAME), OFFHOOK_TEXT("1.0.0"), OFFHOOK_TEXT(""),
    OFFHOOK_TEXT("MIT OR Apache-2.0"), OFFHOOK_TEXT(MANIFEST),
    init, deinit, table,
};
