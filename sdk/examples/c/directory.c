/* A directory in C: the people of one table, found by their number or by a part of their name.
 *
 *     cc -std=c99 -O2 -fPIC -shared -I ../../include -o libdirectory_table.so directory.c
 *
 * SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <offhook_plugin.h>
#include <stdio.h>
#include <string.h>

#define ID "directory-table-c"
#define NAME "One table, in C"
#define MANIFEST \
    "{\"manifest\":1,\"abi\":\"1.0\",\"kind\":\"directory\",\"tables\":[\"offhook.directory/1\"],\"id\":\"" ID "\"," \
    "\"name\":\"" NAME "\",\"version\":\"1.0.0\",\"licence\":\"MIT OR Apache-2.0\"}"
OFFHOOK_MANIFEST(MANIFEST);

static const struct { const char *name, *number; } people[] = {
    {"Alice", "101"}, {"Bob", "102"}, {"Carol", "103"},
};

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

/* The text behind "name": as a string of its own; empty where there is none. */
static void text(OffhookText json, const char *name, char *out, size_t room) {
    size_t left = 0, n = 0;
    const uint8_t *from = value(json, name, &left);
    if (from != NULL && left > 0 && *from == '"')
        for (from++, left--; n + 1 < room && n < left && from[n] != '"'; n++) out[n] = (char)from[n];
    out[n] = '\0';
}

/* Nothing is kept from one question to the next. */
static OffhookStatus open_directory(OffhookText options, void **out, OffhookTextOut *reason) {
    static char opened;
    (void)options;
    (void)reason;
    *out = &opened;
    return OFFHOOK_OK;
}

static OffhookStatus search(void *inst, OffhookText query, OffhookTextOut *out, OffhookTextOut *reason) {
    char part[64], number[64], found[512] = "[";
    size_t n, left = 0, end = 1;
    const uint8_t *all = value(query, "\"all\":", &left);
    (void)inst;
    (void)reason;
    text(query, "\"text\":", part, sizeof part);
    text(query, "\"number\":", number, sizeof number);
    for (n = 0; n < sizeof people / sizeof *people; n++) {
        const int named = part[0] != '\0' && strstr(people[n].name, part) != NULL;
        if ((all == NULL || *all != 't') && !named && strcmp(people[n].number, number) != 0) continue;
        end += (size_t)sprintf(found + end, "%s{\"name\":\"%s\",\"numbers\":[\"%s\"],\"organisation\":\"\",\"id\":\"%s\"}",
                               end > 1 ? "," : "", people[n].name, people[n].number, people[n].number);
    }
    strcpy(found + end, "]");
    return give(out, found);
}

static void close_directory(void *inst) { (void)inst; }

static const OffhookDirectoryTable directory_table = {
    sizeof(OffhookDirectoryTable), 0, open_directory, search, close_directory,
};

static OffhookStatus init(const OffhookHost *host, OffhookTextOut *reason) {
    (void)host;
    (void)reason;
    return OFFHOOK_OK;
}

static void deinit(void) {}

static const void *table(OffhookText id) {
    static const char mine[] = "offhook.directory/1";
    return id.len == sizeof mine - 1 && memcmp(id.ptr, mine, id.len) == 0 ? &directory_table : NULL;
}

OFFHOOK_EXPORT const OffhookEntry offhook_plugin_entry = {
    sizeof(OffhookEntry), OFFHOOK_ABI_MAJOR, OFFHOOK_ABI_MINOR, 0,
    OFFHOOK_TEXT(ID), OFFHOOK_TEXT(NAME), OFFHOOK_TEXT("1.0.0"), OFFHOOK_TEXT(""),
    OFFHOOK_TEXT("MIT OR Apache-2.0"), OFFHOOK_TEXT(MANIFEST),
    init, deinit, table,
};
