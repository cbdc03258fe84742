/* A face that answers each event with a word. Each definition breaks one thing, which one check must find. */
#include <offhook_plugin.h>
#include <stdlib.h>
#include <string.h>

#define ID "ui-faulty"
#define NAME "Faulty face"
#define MANIFEST \
    "{\"manifest\":1,\"abi\":\"1.0\",\"kind\":\"ui\",\"tables\":[\"offhook.ui/1\"],\"id\":\"" ID "\"," \
    "\"name\":\"" NAME "\",\"version\":\"1.0.0\",\"licence\":\"MIT OR Apache-2.0\"}"
OFFHOOK_MANIFEST(MANIFEST);

typedef struct {
    const OffhookUiEngine *engine;
} Face;

/* Whether `part` is in `text`. */
static int has(OffhookText text, const char *part) {
    size_t length = strlen(part), at;
    for (at = 0; at + length <= text.len; at++) {
        if (memcmp((const char *)text.ptr + at, part, length) == 0) return 1;
    }
    return 0;
}

static OffhookStatus open_face(const OffhookUiEngine *engine, OffhookText options, void **out,
                               OffhookTextOut *reason) {
    Face *face = malloc(sizeof *face);
    (void)reason;
    if (face == NULL) return OFFHOOK_UNAVAILABLE;
#ifdef FACE_TRUSTS_OPTIONS
    if (!has(options, "}")) abort();
#endif
    (void)options;
    face->engine = engine;
    *out = face;
    return OFFHOOK_OK;
}

static OffhookStatus event(void *inst, OffhookText json) {
    Face *face = inst;
    OffhookText word = OFFHOOK_TEXT("{\"op\":\"call\",\"id\":\"1\",\"command\":\"status\"}");
#ifdef FACE_TAKES_NO_WELCOME
    if (has(json, "welcome")) return OFFHOOK_BAD_ARGUMENT;
#endif
#ifdef FACE_TRUSTS_LINES
    if (!has(json, "}")) abort();
#endif
#ifdef FACE_KNOWS_ALL
    if (has(json, "zork")) return OFFHOOK_LOST;
#endif
#ifdef FACE_MUMBLES
    word.len--;
#endif
    return has(json, "call.ended") ? face->engine->command(face->engine->context, word) : OFFHOOK_OK;
}

static void close_face(void *inst) { free(inst); }

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
