/* A codec in C from the header alone: one format, COPY/8000, whose payload is the samples themselves.
 * Definitions break one thing each. */
#define _DEFAULT_SOURCE
#include <offhook_plugin.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

typedef OffhookText Text;
typedef OffhookTextOut TextOut;
typedef OffhookEntry Entry;
typedef OffhookCodecInfo CodecInfo;
typedef OffhookCodecRequest CodecRequest;
typedef OffhookCodecTable CodecTable;
typedef OffhookFmtpRule FmtpRule;

#define TEXT OFFHOOK_TEXT
#ifndef ID
#define ID "codec-copy"
#endif
#ifndef NAME
#define NAME "Copy"
#endif
#ifndef ENTRY_ID
#define ENTRY_ID ID
#endif
#ifndef ABI
#define ABI "1.0"
#endif
#ifndef MAJOR
#define MAJOR 1
#endif
#ifndef KIND
#define KIND "codec"
#endif
#ifndef ENTRY_SIZE
#define ENTRY_SIZE sizeof(Entry)
#endif
#ifndef TABLE_SIZE
#define TABLE_SIZE sizeof(CodecTable)
#endif
#ifndef INIT_STATUS
#define INIT_STATUS 0
#endif
#ifndef COUNT
#define COUNT 1
#endif
#ifndef FORMAT
#define FORMAT "COPY"
#endif
#ifndef RATE
#define RATE 8000
#endif
#ifndef ENCODE
#define ENCODE encode
#endif
#ifdef ASKS
/* Shows how long its settings are, and a moment later that its timer ran out. */
static const OffhookHost *its_host;
static void fired(void *user, uint64_t id) {
    static const Text metrics = TEXT("offhook.metrics/1"), name = TEXT("fired_total");
    const OffhookMetricTable *table = its_host->service(its_host->context, metrics);
    (void)user;
    table->add(its_host->context, name, id);
}
static void ask(const OffhookHost *host) {
    static const Text metrics = TEXT("offhook.metrics/1"), name = TEXT("gain"), timers = TEXT("offhook.timers/1"),
                      config = TEXT("offhook.config/1");
    const OffhookMetricTable *metric = host->service(host->context, metrics);
    const OffhookTimerTable *timer = host->service(host->context, timers);
    const OffhookConfigTable *settings = host->service(host->context, config);
    char json[64] = "";
    TextOut out = { (uint8_t *)json, sizeof json - 1, 0 };
    its_host = host;
    settings->read(host->context, &out);
    metric->set(host->context, name, atoi(json + sizeof "{\"gain\":" - 1));
    timer->start(host->context, 7, 20000000, fired, NULL);
}
#define ON_INIT ask(host)
#endif
#ifdef ENGINE
/* Says what it can do to the engine's process, or cannot do to itself. */
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#define NOTE(can, what) if (can) strcat(found, " " what)
static const char *reach(void) {
    static char found[256];
    struct rlimit none = { 0, 0 }, old;
    char large[2] = "";
    int fds[2];
    found[0] = 0;
    if (pipe(fds)) return "no pipe";
    NOTE(syscall(SYS_prlimit64, ENGINE, RLIMIT_CORE, &none, NULL) == 0, "limits");
    NOTE(syscall(SYS_prlimit64, ENGINE, RLIMIT_CORE, NULL, &old) == 0, "its limits");
    NOTE(syscall(SYS_prlimit64, 0, RLIMIT_CORE, &none, NULL) == 0, "own limits");
    NOTE(syscall(SYS_prlimit64, 0, RLIMIT_NOFILE, NULL, &old) != 0, "not own limits");
    NOTE(fcntl(fds[0], 10 /* F_SETSIG */, SIGKILL) == 0, "signal");
    NOTE(fcntl(fds[0], F_SETOWN, ENGINE) == 0, "owner");
    NOTE(fcntl(fds[0], F_SETFL, O_ASYNC) == 0, "async");
    NOTE(fcntl(fds[0], F_SETFL, O_NONBLOCK) != 0, "no flags");
    NOTE(read(fds[0], large, 1) != -1, "waits");
    NOTE(kill(ENGINE, 0) == 0, "kill");
#ifdef LARGE
    int file = open(LARGE, O_WRONLY | O_CREAT, 0600);
    NOTE(file < 0, "no file");
    NOTE(pwrite(file, "x", 1, 0) != 1, "no write");
    NOTE(pwrite(file, "x", 1, 5ll << 30) == 1, "large file");
    /* FIOSETOWN and FIOASYNC, on its own line. */
    int engine = ENGINE, on = 1;
    NOTE(syscall(SYS_ioctl, 0, 0x8901, &engine) == 0, "owner by ioctl");
    NOTE(syscall(SYS_ioctl, 0, 0x5452, &on) == 0, "async by ioctl");
#endif
    return found[0] ? found : " nothing";
}
#define ON_OPEN reach()
#endif
#ifdef THREADS
#include <pthread.h>
static void *stand(void *nothing) { for (;;) sleep(1000); return nothing; }
static void start(void) {
    pthread_attr_t small;
    pthread_t thread;
    int n;
    pthread_attr_init(&small);
    pthread_attr_setstacksize(&small, 64 << 10);
    for (n = 0; n < THREADS; n++) if (pthread_create(&thread, &small, stand, NULL)) return;
}
#define ON_INIT start()
#endif
#ifndef ON_INIT
#define ON_INIT
#endif
#ifndef TABLES
#define TABLES "[\"offhook.codec/1\"]"
#endif
#ifndef PERMISSIONS
#define PERMISSIONS "[]"
#endif
#ifndef CONFIG
#define CONFIG "{}"
#endif
#ifndef TABLE
#define TABLE table
#endif
#ifndef MANIFEST
#define MANIFEST "{\"manifest\":1,\"abi\":\"" ABI "\",\"kind\":\"" KIND "\",\"id\":\"" ID \
    "\",\"tables\":" TABLES ",\"permissions\":" PERMISSIONS ",\"config\":" CONFIG ",\"name\":\"Copy\",\"version\":\"1.0\",\"from the future\":[1,2]}"
#endif

#ifdef BUILD
/* Builds differ, also where the code does not look at it. */
const int build = BUILD;
#endif

#ifdef TRACE
/* Shows in which processes any code of this library has run. */
__attribute__((constructor)) static void leave_a_trace(void) {
    FILE *file = fopen(TRACE, "a");
    if (file) { fprintf(file, "%d\n", (int)getpid()); fclose(file); }
}
#endif

#ifdef ON_LOAD
/* What it does as soon as it is loaded. */
__attribute__((constructor(65535))) static void on_load(void) { ON_LOAD; }
#endif

#ifdef UNRESOLVED
int nobody_has_this(void);
int (*needed)(void) = nobody_has_this;
#endif

static int32_t init(const OffhookHost *host, TextOut *reason) {
    static const char why[] = "no licence key in /etc/copy.key";
    (void)host;
    ON_INIT;
    if (INIT_STATUS < 0 && reason && reason->capacity >= sizeof why - 1) {
        memcpy(reason->ptr, why, sizeof why - 1);
        reason->len = sizeof why - 1;
    }
    return INIT_STATUS;
}
static void deinit(void) {
#ifdef STOPPED
    FILE *file = fopen(STOPPED, "a");
    if (file) { fputc('.', file); fclose(file); }
#endif
}

static size_t count(void) { return COUNT; }
static const FmtpRule rules[] = { { TEXT("mode"), TEXT("plain"), 0, 0 }, { TEXT("x"), TEXT(""), 77, 0 } };
static int32_t describe(size_t index, CodecInfo *out) {
    CodecInfo info = {
        sizeof info, 0, TEXT(FORMAT), 8000, RATE, 1, -1, 3, 20, 320, sizeof(FmtpRule), TEXT("mode=plain"),
        rules, 2, 0, 0,
    };
    if (index + 1 > COUNT) return -5;
    if (out->size < info.size) info.size = out->size;
    memcpy(out, &info, info.size);
    return 0;
}
static int32_t open_it(const CodecRequest *request, void **out, TextOut *reason) {
    (void)request; (void)reason;
#ifdef SLOW_OPEN
    struct timespec length = { 0, SLOW_OPEN };
    nanosleep(&length, NULL);
#endif
#ifdef ON_OPEN
    const char *said = ON_OPEN;
    reason->len = strlen(said);
    if (reason->len > reason->capacity) return -3;
    memcpy(reason->ptr, said, reason->len);
    return -4;
#endif
#ifndef OPEN_NOTHING
    *out = malloc(1);
#else
    *out = NULL;
#endif
    return 0;
}
static int32_t encode(void *inst, const int16_t *pcm, size_t samples, uint8_t *payload, size_t *len) {
    (void)inst;
#ifdef SLOW
    struct timespec length = { 0, 3000000 };
    nanosleep(&length, NULL);
#endif
#ifdef SLOW_FRAME
    /* One frame takes 7 ms. */
    static int frame;
    struct timespec slow = { 0, 7000000 };
    if (frame++ == SLOW_FRAME) nanosleep(&slow, NULL);
#endif
    if (*len < samples * 2) return -3;
    memcpy(payload, pcm, samples * 2);
    *len = samples * 2;
#ifdef BUILD
    /* Which build it was, in the lowest bit of the first sample. */
    if (samples) payload[0] = (uint8_t)((payload[0] & 0xFE) | (BUILD & 1));
#endif
#ifdef FAIL_AFTER
    static int frames;
    if (++frames > FAIL_AFTER) HOW_IT_FAILS;
#endif
#ifdef GARBAGE
    *len = 1u << 30;
#endif
    return 0;
}
static int32_t decode(void *inst, const uint8_t *payload, size_t len, size_t lost, int16_t *pcm, size_t *samples) {
    (void)inst; (void)lost;
    if (!payload) return -1;
#ifdef SLOW_DECODE
    struct timespec length = { 0, SLOW_DECODE };
    nanosleep(&length, NULL);
#endif
    if (*samples < len / 2) return -3;
    memcpy(pcm, payload, len);
    *samples = len / 2;
    return 0;
}
static int32_t control(void *inst, uint32_t key, int64_t value) { (void)inst; (void)key; (void)value; return -1; }
static int32_t reset(void *inst) { (void)inst; return 0; }
static void close_it(void *inst) { free(inst); }

static const CodecTable codec = {
    TABLE_SIZE, 0, count, describe, NULL, open_it, ENCODE, decode, control, reset, close_it,
};
static const void *table(Text id) {
    static const char mine[] = "offhook.codec/1";
    return id.len == sizeof mine - 1 && memcmp(id.ptr, mine, id.len) == 0 ? &codec : NULL;
}

#ifndef NO_MANIFEST
__attribute__((section(".offhook.manifest"), used)) static const char manifest[] = MANIFEST;
#else
static const char manifest[] = "";
#endif

#ifdef NO_ENTRY
#define offhook_plugin_entry static_entry
extern const Entry static_entry;
#endif
extern const Entry offhook_plugin_entry;
const Entry offhook_plugin_entry = {
    ENTRY_SIZE, MAJOR, 0, 0, TEXT(ENTRY_ID), TEXT(NAME), TEXT("1.0"), TEXT("someone"), TEXT("MIT"),
    { (const uint8_t *)manifest, sizeof manifest - 1 }, init, deinit, TABLE,
};

/* Defined but not chosen in some builds. */
typedef int32_t Encode(void *, const int16_t *, size_t, uint8_t *, size_t *);
typedef const void *Tables(Text);
Encode *unused_encode = encode;
Tables *unused_table = table;
