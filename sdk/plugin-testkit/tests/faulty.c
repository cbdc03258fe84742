/* A codec, X-COPY/8000, whose payload is the samples themselves: from the layout
 * alone. Each definition breaks one thing, which one check must find. */
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef struct { const char *ptr; size_t len; } Text;
typedef struct { char *ptr; size_t capacity, len; } TextOut;
typedef struct {
    uint32_t size, abi_major, abi_minor, reserved;
    Text id, name, version, vendor, licence, manifest;
    int32_t (*init)(const void *host, TextOut *reason);
    void (*deinit)(void);
    const void *(*table)(Text id);
} Entry;
typedef struct {
    uint32_t size, caps;
    Text name;
    uint32_t clock_rate_hz, sample_rate_hz, channels;
    int32_t payload_type;
    uint32_t packet_times, packet_time_ms, max_payload, rule_size;
    Text fmtp;
    const void *rules;
    size_t rule_count;
    uint32_t rtp_channels, reserved;
} CodecInfo;
typedef struct { uint32_t size, index; Text fmtp, options; } CodecRequest;
typedef struct {
    uint32_t size, reserved;
    size_t (*count)(void);
    int32_t (*describe)(size_t, CodecInfo *);
    int32_t (*fmtp)(size_t, Text, TextOut *, TextOut *);
    int32_t (*open)(const CodecRequest *, void **, TextOut *);
    int32_t (*encode)(void *, const int16_t *, size_t, uint8_t *, size_t *);
    int32_t (*decode)(void *, const uint8_t *, size_t, size_t, int16_t *, size_t *);
    int32_t (*control)(void *, uint32_t, int64_t);
    int32_t (*reset)(void *);
    void (*close)(void *);
} CodecTable;

#define TEXT(s) { s, sizeof(s) - 1 }
#ifdef NO_LICENCE
#define LICENCE ""
#else
#define LICENCE "MIT"
#endif
#ifdef OTHER_VERSION
#define SAID "2.0.0"
#else
#define SAID "1.0.0"
#endif
#ifdef BAD_CONFIG
#define CONFIG ",\"config\":{\"rate\":{\"type\":\"integer\",\"default\":\"many\",\"help\":\"x\"}}"
#elif defined(NO_HELP)
#define CONFIG ",\"config\":{\"rate\":{\"type\":\"integer\",\"default\":1}}"
#elif defined(ANY_PERMISSION)
#define CONFIG ",\"permissions\":[\"net\",\"root\"]"
#else
#define CONFIG ""
#endif
#define MANIFEST "{\"manifest\":1,\"abi\":\"1.0\",\"kind\":\"codec\",\"tables\":[\"offhook.codec/1\"],\"id\":\"codec-faulty\"," \
    "\"name\":\"Faulty\",\"version\":\"1.0.0\",\"licence\":\"" LICENCE "\"" CONFIG "}"
__attribute__((section(".offhook.manifest"), used)) static const char manifest[] = MANIFEST;

static int started;
static int32_t init(const void *host, TextOut *reason) {
    (void)host; (void)reason;
#ifdef LEFT_BEHIND
    if (!started && fork() == 0) {
        setsid();
        sleep(20);
        _exit(0);
    }
#endif
#ifdef ONCE
    if (started) return -8;
#endif
    started++;
#ifdef NULL_REASON
    reason->len = 0;
#endif
#ifdef HANDLER
    signal(SIGINT, SIG_IGN);
#endif
    return 0;
}
static void deinit(void) {}

static size_t count(void) { return 1; }
static int32_t describe(size_t index, CodecInfo *out) {
    CodecInfo info;
    memset(&info, 0, sizeof info);
    info.size = sizeof info;
    if (index != 0) return -5;
    info.name = (Text)TEXT("X-COPY");
    info.clock_rate_hz = info.sample_rate_hz = 8000;
    info.channels = 1;
    info.payload_type = -1;
    info.packet_times = 3;
    info.packet_time_ms = 20;
    info.max_payload = 320;
#ifdef CONCEAL_LIE
    info.caps = 1;
#endif
#ifdef SMALL_MAX
    info.max_payload = 300;
#endif
#ifdef BAD_TIME
    info.packet_time_ms = 30;
#endif
#ifndef OLD_STRUCT
    if (out->size < info.size) info.size = out->size;
#endif
    memcpy(out, &info, info.size);
    return 0;
}

typedef struct { int16_t last; pthread_mutex_t lock; void *kept; } Codec;
static int16_t shared;

#ifdef THREAD_LEAK
static void *idle(void *x) { (void)x; for (;;) pause(); return NULL; }
#endif

static int32_t open_it(const CodecRequest *request, void **out, TextOut *reason) {
    Codec *codec = calloc(1, sizeof *codec);
    (void)reason;
#ifndef ANY_INDEX
    if (request->index != 0) { free(codec); return -5; }
#else
    (void)request;
#endif
#ifdef LEAK
    codec->kept = calloc(1, 512);
#endif
#ifdef FD_LEAK
    if (dup(2) < 0) return -8;
#endif
#ifdef THREAD_LEAK
    { pthread_t thread; pthread_create(&thread, NULL, idle, NULL); }
#endif
#ifdef OPTIONS_CRASH
    if (request->options.len > 1 && request->options.ptr[0] == '[') abort();
#endif
    pthread_mutex_init(&codec->lock, NULL);
    *out = codec;
    return 0;
}
static int32_t encode(void *inst, const int16_t *pcm, size_t samples, uint8_t *payload, size_t *len) {
    Codec *codec = inst;
#ifndef OVERRUN
    if (*len < samples * 2) return -3;
#endif
    memcpy(payload, pcm, samples * 2);
    *len = samples * 2;
#ifdef ALLOCATE
    { void *volatile p = malloc(64); free(p); }
#endif
#ifdef FREE
    free(codec->kept); codec->kept = NULL;
#endif
#ifdef LOCK
    pthread_mutex_lock(&codec->lock); pthread_mutex_unlock(&codec->lock);
#endif
#ifdef SYSCALL
    usleep(1);
#endif
#ifdef PRINT
    fprintf(stderr, "encode\n");
#endif
#ifdef SLOW
    { volatile uint32_t n; for (n = 0; n < 20000000u; n++) {} }
#endif
#ifdef SHARED
    { size_t n; int16_t *at = (int16_t *)payload; for (n = 0; n < samples; n++) { int16_t now = pcm[n]; at[n] = (int16_t)(now + shared / 16); shared = now; } }
#endif
    (void)codec; (void)shared;
    return 0;
}
static int32_t decode(void *inst, const uint8_t *payload, size_t len, size_t lost, int16_t *pcm, size_t *samples) {
    Codec *codec = inst;
    if (!payload || lost) return -1;
#ifdef HANG
    if (len == 3) for (;;) {}
#endif
#ifdef CRASH
    if (len == 65507) *(volatile int *)0 = 0;
#endif
    if (len % 2) return -4;
#ifndef PCM_OVERRUN
    if (*samples < len / 2) return -3;
#endif
    memcpy(pcm, payload, len);
    *samples = len / 2;
#ifdef REVERSED
    { size_t n; for (n = 0; n < len / 2; n++) pcm[n] = (int16_t)((uint16_t)pcm[n] << 8 | (uint16_t)pcm[n] >> 8); }
#endif
#ifdef SHORT
    if (*samples > 80) *samples -= 1;
#endif
#ifdef OFFSET
    { size_t n; for (n = 0; n < len / 2; n++) pcm[n] = (int16_t)(pcm[n] / 2 + 500); }
#endif
#ifdef NO_RESET
    { size_t n; for (n = 0; n < len / 2; n++) { int16_t now = pcm[n]; pcm[n] = (int16_t)(now / 2 + codec->last / 8); codec->last = now; } }
#endif
    (void)codec;
    return 0;
}
static int32_t control(void *inst, uint32_t key, int64_t value) {
    (void)inst; (void)key; (void)value;
#ifdef TAKES_ALL
    return 0;
#else
    return -1;
#endif
}
static int32_t reset(void *inst) { (void)inst; return 0; }
static void close_it(void *inst) { free(inst); }

#ifdef NULL_FUNCTION
#define CLOSE NULL
#else
#define CLOSE close_it
#endif
static const CodecTable codec = {
    sizeof(CodecTable), 0, count, describe, NULL, open_it, encode, decode, control, reset, CLOSE,
};
static const void *table(Text id) {
    static const char mine[] = "offhook.codec/1";
#ifdef ANY_TABLE
    if (id.len) return &codec;
#endif
#ifdef MOVING
    if (id.len == sizeof mine - 1 && memcmp(id.ptr, mine, id.len) == 0) {
        CodecTable *copy = malloc(sizeof codec);
        memcpy(copy, &codec, sizeof codec);
        return copy;
    }
#endif
    return id.len == sizeof mine - 1 && memcmp(id.ptr, mine, id.len) == 0 ? &codec : NULL;
}

#ifdef NO_SYMBOL
int nobody_has_this(void);
int (*needed)(void) = nobody_has_this;
#endif
extern const Entry offhook_plugin_entry;
const Entry offhook_plugin_entry = {
    sizeof(Entry), 1, 0, 0, TEXT("codec-faulty"), TEXT("Faulty"), TEXT(SAID), TEXT(""), TEXT(LICENCE),
    { manifest, sizeof manifest - 1 }, init, deinit, table,
};
const void *unused[] = { (const void *)close_it };
