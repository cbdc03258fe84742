/* A recorder in C: bare samples in a file, 16 bit in this machine's order. `mark`s go into the log.
 *
 *     cc -std=c99 -O2 -fPIC -shared -I ../../include -o librecorder_raw.so recorder.c
 *
 * Where the host runs it in a process of its own, it may write below the folder of the recordings only: its
 * `permissions` say `folder:recordings`, and the host knows where that is.
 *
 * SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <offhook_plugin.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ID "recorder-raw-c"
#define NAME "Bare samples, in C"
#define MANIFEST \
    "{\"manifest\":1,\"abi\":\"1.0\",\"kind\":\"recorder\",\"tables\":[\"offhook.recorder/1\"],\"id\":\"" ID "\"," \
    "\"name\":\"" NAME "\",\"version\":\"1.0.0\",\"licence\":\"MIT OR Apache-2.0\"," \
    "\"permissions\":[\"folder:recordings\"]}"
OFFHOOK_MANIFEST(MANIFEST);

typedef struct {
    FILE *file;
    char *path;
    uint32_t channels, sample_rate_hz;
    uint64_t frames;
} Recording;

/* The host's log, once it has told us; it outlives us. */
static const OffhookLogTable *logger;
static void *logger_context;

static void say(const char *line) {
    OffhookText text;
    if (logger == NULL) return;
    text.ptr = (const uint8_t *)line;
    text.len = strlen(line);
    logger->log(logger_context, 3, text);
}

/* Text out: as much as there is room for, and how much there would be. */
static OffhookStatus give(OffhookTextOut *out, const char *text) {
    const size_t length = strlen(text);
    if (out == NULL) return OFFHOOK_OK;
    memcpy(out->ptr, text, length < out->capacity ? length : out->capacity);
    out->len = length;
    return length > out->capacity ? OFFHOOK_BUFFER_TOO_SMALL : OFFHOOK_OK;
}

static OffhookStatus describe(OffhookTextOut *out) {
    return give(out, "{\"extension\":\"pcm\",\"media_type\":\"audio/basic\","
                     "\"sample_rates_hz\":[16000,8000,48000],\"channels\":2}");
}

/* The path with our extension, and a number where such a file is there already: nothing is overwritten. */
static FILE *create(OffhookText wanted, char **path) {
    int number;
    char *text = malloc(wanted.len + 16);
    if (text == NULL) return NULL;
    for (number = 1; number < 1000; number++) {
        FILE *file;
        if (number == 1) sprintf(text, "%.*s.pcm", (int)wanted.len, (const char *)wanted.ptr);
        else sprintf(text, "%.*s-%d.pcm", (int)wanted.len, (const char *)wanted.ptr, number);
        file = fopen(text, "rb");
        if (file != NULL) {
            fclose(file);
            continue;
        }
        file = fopen(text, "wb");
        if (file == NULL) break;
        *path = text;
        return file;
    }
    free(text);
    return NULL;
}

static OffhookStatus open_recording(const OffhookRecorderRequest *request, void **out, OffhookTextOut *reason) {
    Recording *recording = calloc(1, sizeof *recording);
    if (recording == NULL) return OFFHOOK_UNAVAILABLE;
    recording->file = create(request->path, &recording->path);
    if (recording->file == NULL) {
        free(recording);
        give(reason, "the file cannot be made: is the folder there, and may we write to it?");
        return OFFHOOK_UNAVAILABLE;
    }
    recording->channels = request->channels;
    recording->sample_rate_hz = request->sample_rate_hz;
    *out = recording;
    return OFFHOOK_OK;
}

static OffhookStatus write_recording(void *inst, const int16_t *pcm, size_t frames, uint64_t at_ms) {
    Recording *recording = inst;
    const size_t size = sizeof *pcm * recording->channels;
    (void)at_ms;
    if (fwrite(pcm, size, frames, recording->file) != frames) return OFFHOOK_FAILED; /* a full disk */
    recording->frames += frames;
    return OFFHOOK_OK;
}

static OffhookStatus mark(void *inst, int32_t kind, uint64_t at_ms, OffhookText note) {
    char line[160];
    (void)inst;
    sprintf(line, "mark %d at %lu ms: %.*s", (int)kind, (unsigned long)at_ms, (int)(note.len < 80 ? note.len : 80),
            (const char *)note.ptr);
    say(line);
    return OFFHOOK_OK;
}

static OffhookStatus sync_recording(void *inst) {
    return fflush(((Recording *)inst)->file) == 0 ? OFFHOOK_OK : OFFHOOK_FAILED;
}

static OffhookStatus close_recording(void *inst, OffhookTextOut *result) {
    Recording *recording = inst;
    const uint64_t bytes = recording->frames * recording->channels * sizeof(int16_t);
    const int well = fclose(recording->file) == 0;
    const size_t room = strlen(recording->path) + 128;
    char *text = malloc(room);
    OffhookStatus status = well ? OFFHOOK_OK : OFFHOOK_FAILED;
    if (text != NULL) {
        /* The host never gives a path with quotes or control characters. */
        sprintf(text, "{\"files\":[{\"path\":\"%s\",\"bytes\":%lu}],\"audio_ms\":%lu%s}", recording->path,
                (unsigned long)bytes, (unsigned long)(recording->frames * 1000 / recording->sample_rate_hz),
                well ? "" : ",\"error\":\"the last samples could not be written\"");
        give(result, text);
        free(text);
    }
    free(recording->path);
    free(recording);
    return status;
}

static const OffhookRecorderTable recorder_table = {
    sizeof(OffhookRecorderTable), 0, describe, open_recording, write_recording, mark, sync_recording, close_recording,
};

static OffhookStatus init(const OffhookHost *host, OffhookTextOut *reason) {
    static const OffhookText log_id = OFFHOOK_TEXT("offhook.log/1");
    (void)reason;
    if (host != NULL && host->service != NULL) {
        logger = host->service(host->context, log_id);
        logger_context = host->context;
    }
    return OFFHOOK_OK;
}

static void deinit(void) { logger = NULL; }

static const void *table(OffhookText id) {
    static const char mine[] = "offhook.recorder/1";
    return id.len == sizeof mine - 1 && memcmp(id.ptr, mine, id.len) == 0 ? &recorder_table : NULL;
}

OFFHOOK_EXPORT const OffhookEntry offhook_plugin_entry = {
    sizeof(OffhookEntry), OFFHOOK_ABI_MAJOR, OFFHOOK_ABI_MINOR, 0,
    OFFHOOK_TEXT(ID), OFFHOOK_TEXT(NAME), OFFHOOK_TEXT("1.0.0"), OFFHOOK_TEXT(""),
    OFFHOOK_TEXT("MIT OR Apache-2.0"), OFFHOOK_TEXT(MANIFEST),
    init, deinit, table,
};
