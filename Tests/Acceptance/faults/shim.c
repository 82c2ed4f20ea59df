// Stands between a program and what is outside it, and lets it fail at a chosen call: dead, without power, without a disk, at another time.
// Preloaded by shim.py, which compiles it and writes the orders below while the program runs. The program itself knows nothing of it.
//
// Between two calls that leave the process nobody outside can tell where it is. So dying in front of each such call, one after the other,
// is dying at every point there is.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

// One shared page; shim.py knows the same order of fields.
struct orders {
    _Atomic int64_t calls;     // that left the process so far
    _Atomic int64_t at;        // the call that fails, or the next one when that is past; 0 for none, and again once one has failed
    _Atomic int64_t kinds;     // the calls that count, a sum of the kinds below
    _Atomic int64_t what;      // what happens there
    _Atomic int64_t clock_ms;  // what the wall clock is ahead of the machine's
    _Atomic int64_t door;      // how the ZAP handler fails
    _Atomic int64_t failed;    // how often something was made to fail
};
enum { WRITES = 1, SYNCS = 2, SENDS = 4, NAMES = 8 };
enum { DIE = 1, POWER = 2, SYNC_ERROR = 3 };
enum { DOOR_ABSENT = 1, DOOR_STUCK = 2 };

static struct orders none;
static struct orders *orders = &none;
static pthread_mutex_t one = PTHREAD_MUTEX_INITIALIZER;

#define REAL(name) ((__typeof__(&name))real(&real_##name, #name))
static void *real(void **known, const char *name) {
    if (!*known) *known = dlsym(RTLD_NEXT, name);
    return *known;
}
static void *real_pwrite64, *real_write, *real_fsync, *real_fdatasync, *real_ftruncate64, *real_rename, *real_unlink, *real_send,
    *real_clock_gettime, *real_gettimeofday, *real_time, *real_zmq_bind, *real_zmq_poll;

__attribute__((constructor)) static void begin(void) {
    const char *path = getenv("SNOWLIGHT_FAULTS");
    int file = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
    void *page = file < 0 ? MAP_FAILED : mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    if (page != MAP_FAILED) orders = page;
    if (file >= 0) close(file);
}

// MARK: what a power cut takes back: everything written since the last sync of its file

struct undo {
    struct undo *older;
    dev_t device;
    ino_t inode;
    char *path;
    off_t offset, size;  // where it was written, and how long the file was before
    size_t length;
    char bytes[];  // what stood there
};
static struct undo *newest;

static int keeps(void) { return orders->what == POWER || orders->what == SYNC_ERROR; }

static void remember(int file, const struct stat *before, off_t offset, size_t length) {
    struct undo *entry = malloc(sizeof *entry + length);
    char link[64], path[4096];
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    ssize_t named = readlink(link, path, sizeof path - 1);
    if (!entry || named <= 0) abort();
    path[named] = 0;
    ssize_t had = pread(file, entry->bytes, length, offset);
    *entry = (struct undo){newest, before->st_dev, before->st_ino, strdup(path), offset, before->st_size, had > 0 ? (size_t)had : 0};
    newest = entry;
}

// Forgets, or takes back, what was written to one file, or to all of them when `file` is null.
static void settle(const struct stat *file, int takes_back) {
    struct undo **link = &newest;
    ino_t opened = 0;
    int out = -1;
    while (*link) {
        struct undo *entry = *link;
        if (file && (entry->device != file->st_dev || entry->inode != file->st_ino)) {
            link = &entry->older;
            continue;
        }
        // Never closed: that would drop the locks that SQLite holds on the file.
        if (takes_back && opened != entry->inode) out = open(entry->path, O_WRONLY | O_CLOEXEC);
        opened = entry->inode;
        if (out >= 0) {
            if (entry->length && REAL(pwrite64)(out, entry->bytes, entry->length, entry->offset) < 0) abort();
            if (REAL(ftruncate64)(out, entry->size) < 0) abort();
        }
        *link = entry->older;
        free(entry->path);
        free(entry);
    }
}

static int is_file(int file, struct stat *status) { return file > 2 && fstat(file, status) == 0 && S_ISREG(status->st_mode); }

// Counts a call. Does not return from the one at which the process dies; true for the one that has to fail.
static int strikes(int64_t kind) {
    if (!(orders->kinds & kind)) return 0;
    int64_t at = orders->at;
    // The order may come late: on a busy machine, calls go by between reading `calls` and writing `at`.
    if (atomic_fetch_add(&orders->calls, 1) + 1 < at || at == 0) return 0;
    orders->at = 0;
    orders->failed++;
    if (orders->what == SYNC_ERROR) return 1;
    if (orders->what == POWER) settle(NULL, 1);
    if (orders->what == POWER || orders->what == DIE) kill(getpid(), SIGKILL);
    while (orders->what == POWER || orders->what == DIE) pause();
    return 0;
}

// MARK: the calls

ssize_t pwrite64(int file, const void *bytes, size_t length, off64_t offset) {
    struct stat status;
    if (!is_file(file, &status)) return REAL(pwrite64)(file, bytes, length, offset);
    pthread_mutex_lock(&one);
    strikes(WRITES);
    if (keeps()) remember(file, &status, offset, length);
    ssize_t done = REAL(pwrite64)(file, bytes, length, offset);
    int code = errno;
    pthread_mutex_unlock(&one);
    errno = code;
    return done;
}

ssize_t pwrite(int file, const void *bytes, size_t length, off_t offset) { return pwrite64(file, bytes, length, offset); }

ssize_t write(int file, const void *bytes, size_t length) {
    struct stat status;
    if (!is_file(file, &status)) return REAL(write)(file, bytes, length);
    pthread_mutex_lock(&one);
    strikes(WRITES);
    if (keeps()) remember(file, &status, fcntl(file, F_GETFL) & O_APPEND ? status.st_size : lseek(file, 0, SEEK_CUR), length);
    ssize_t done = REAL(write)(file, bytes, length);
    int code = errno;
    pthread_mutex_unlock(&one);
    errno = code;
    return done;
}

int ftruncate64(int file, off64_t length) {
    struct stat status;
    pthread_mutex_lock(&one);
    if (is_file(file, &status)) {
        strikes(NAMES);
        if (keeps()) remember(file, &status, length, status.st_size > length ? (size_t)(status.st_size - length) : 0);
    }
    int done = REAL(ftruncate64)(file, length), code = errno;
    pthread_mutex_unlock(&one);
    errno = code;
    return done;
}

int ftruncate(int file, off_t length) { return ftruncate64(file, length); }

static int sync_with(int (*call)(int), int file) {
    struct stat status;
    if (!is_file(file, &status)) return call(file);
    pthread_mutex_lock(&one);
    int done = -1, code = EIO;
    if (strikes(SYNCS)) {
        // As Linux does it: the pages that could not be written are gone, and the next sync knows nothing of them.
        settle(&status, 1);
    } else {
        done = call(file);
        code = errno;
        if (done == 0) settle(&status, 0);
    }
    pthread_mutex_unlock(&one);
    errno = code;
    return done;
}

int fsync(int file) { return sync_with(REAL(fsync), file); }
int fdatasync(int file) { return sync_with(REAL(fdatasync), file); }

int rename(const char *from, const char *to) {
    pthread_mutex_lock(&one);
    strikes(NAMES);
    pthread_mutex_unlock(&one);
    return REAL(rename)(from, to);
}

int unlink(const char *path) {
    pthread_mutex_lock(&one);
    strikes(NAMES);
    pthread_mutex_unlock(&one);
    return REAL(unlink)(path);
}

ssize_t send(int socket, const void *bytes, size_t length, int flags) {
    pthread_mutex_lock(&one);
    strikes(SENDS);
    pthread_mutex_unlock(&one);
    return REAL(send)(socket, bytes, length, flags);
}

// MARK: the wall clock; monotonic clocks stay as they are

int clock_gettime(clockid_t clock, struct timespec *now) {
    int done = REAL(clock_gettime)(clock, now);
    if (done == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) {
        int64_t ms = now->tv_sec * 1000 + now->tv_nsec / 1000000 + orders->clock_ms;
        *now = (struct timespec){ms / 1000, ms % 1000 * 1000000 + now->tv_nsec % 1000000};
    }
    return done;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone) {
    int done = REAL(gettimeofday)(now, zone);
    now->tv_sec += orders->clock_ms / 1000;
    return done;
}

time_t time(time_t *now) {
    time_t seconds = REAL(time)(NULL) + orders->clock_ms / 1000;
    if (now) *now = seconds;
    return seconds;
}

// MARK: the ZAP handler, not there or never answering

static void *doorkeeper;

int zmq_bind(void *socket, const char *address);
int zmq_bind(void *socket, const char *address) {
    if (strcmp(address, "inproc://zeromq.zap.01") != 0) return REAL(zmq_bind)(socket, address);
    doorkeeper = socket;
    if (orders->door != DOOR_ABSENT) return REAL(zmq_bind)(socket, address);
    orders->failed++;
    return 0;
}

// `items` begins with the socket that is waited for.
int zmq_poll(void **items, int count, long timeout);
int zmq_poll(void **items, int count, long timeout) {
    if (orders->door == DOOR_STUCK && count > 0 && items[0] == doorkeeper) orders->failed++;
    while (orders->door == DOOR_STUCK && count > 0 && items[0] == doorkeeper) usleep(10000);
    return REAL(zmq_poll)(items, count, timeout);
}
