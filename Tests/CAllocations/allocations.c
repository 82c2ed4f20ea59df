// The runtime calls its object allocator through an exported pointer, for instruments; this one counts and passes on.
//
// As soon as the pointer is not its own, the runtime of Swift 6.3 also sends retain and release another way, on which it takes small
// strings for objects. So the flag that says so is taken back before anything is retained, and the pointer stands only while counting.

#define _GNU_SOURCE
#include "CAllocations.h"

#include <dlfcn.h>
#include <execinfo.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>

typedef void *(*allocator)(const void *metadata, size_t size, size_t alignmentMask);

extern allocator _swift_allocObject;
extern atomic_bool _swift_enableSwizzlingOfAllocationAndRefCountingFunctions_forInstrumentsOnly;

enum { traces = 4, frames = 14 };

static allocator original;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
// Threads that count now.
static int users;
static _Thread_local bool counting;
static _Thread_local uint64_t count;
static _Thread_local void *stacks[traces][frames];
static _Thread_local int depths[traces];

static void *counted(const void *metadata, size_t size, size_t alignmentMask) {
    atomic_store(&_swift_enableSwizzlingOfAllocationAndRefCountingFunctions_forInstrumentsOnly, false);
    if (counting) {
        if (count < traces) depths[count] = backtrace(stacks[count], frames);
        count++;
    }
    return original(metadata, size, alignmentMask);
}

void allocations_begin(void) {
    // The first backtrace of a process loads a library.
    void *warm[2];
    backtrace(warm, 2);
    pthread_mutex_lock(&lock);
    if (users++ == 0) {
        original = _swift_allocObject;
        _swift_allocObject = counted;
    }
    pthread_mutex_unlock(&lock);
    count = 0;
    counting = true;
}

uint64_t allocations_end(void) {
    if (!counting) return count;
    counting = false;
    pthread_mutex_lock(&lock);
    if (--users == 0) _swift_allocObject = original;
    pthread_mutex_unlock(&lock);
    return count;
}

size_t allocations_describe(char *text, size_t capacity) {
    size_t used = 0;
    if (capacity == 0) return 0;
    text[0] = 0;
    for (uint64_t trace = 0; trace < traces && trace < count; trace++) {
        // The counter itself and swift_allocObject are no news.
        for (int frame = 2; frame < depths[trace]; frame++) {
            char *address = stacks[trace][frame];
            Dl_info info = {0};
            int found = dladdr(address, &info);
            const char *indent = frame == 2 ? "" : "  ";
            // Names of an executable are not for the loader: its offsets are for addr2line.
            int written = found && info.dli_sname
                ? snprintf(text + used, capacity - used, "%s%s\n", indent, info.dli_sname)
                : snprintf(text + used, capacity - used, "%s%#lx\n", indent, (unsigned long)(address - (char *)info.dli_fbase));
            if (written < 0 || (size_t)written >= capacity - used) return used;
            used += (size_t)written;
        }
    }
    return used;
}
