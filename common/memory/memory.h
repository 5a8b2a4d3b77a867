// The allocator of a service's process: jemalloc. A call makes and frees messages of many short
// strings on several threads, and the C library's allocator was a fifth of a read's CPU.
#pragma once

namespace bangfu::memory {

// Says how the process keeps memory: few arenas (many threads need a few megabytes now and then),
// and what is free goes back to the system within a second. Before any thread is begun; whoever
// calls it links the allocator in.
void Configure();

// Gives back at once what is free: after a large piece of work the next one begins small. Costs
// milliseconds.
void Trim();

// Lets go of the program's own text that is in memory (of its libraries, too): after the start most
// of it is not run again, and what is comes back from the file. No data, nothing that was written.
void ReleaseProgramText();

// True where jemalloc serves the process's malloc; false under a sanitizer.
bool IsJemalloc();

}  // namespace bangfu::memory
