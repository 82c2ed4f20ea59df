// Counts the objects that the Swift runtime allocates on the calling thread; Tests/TestKit/SwiftAllocations.swift wraps it.

#ifndef C_ALLOCATIONS_H
#define C_ALLOCATIONS_H

#include <stddef.h>
#include <stdint.h>

/// Starts counting on the calling thread from zero.
void allocations_begin(void);

/// Stops counting on the calling thread and returns how many objects it has allocated; a second call only returns that again.
uint64_t allocations_end(void);

/// Writes where the first allocations since `allocations_begin` came from, one line a frame, nearest caller first. Returns the length.
size_t allocations_describe(char *text, size_t capacity);

#endif
