#include "common/memory/memory.h"

#ifdef BANGFU_JEMALLOC
#include <jemalloc/jemalloc.h>

#include <string>

// Read by jemalloc when the process begins; MALLOC_CONF in the environment goes before it.
// One arena: the processors are few, and each thread has a cache of its own for small blocks. That
// cache is short: dozens of threads wait most of the time, and what lies in theirs serves nobody.
const char* malloc_conf =
    "narenas:1,dirty_decay_ms:1000,muzzy_decay_ms:0,lg_tcache_max:12,"
    "tcache_nslots_small_min:4,tcache_nslots_small_max:32,tcache_nslots_large:4";
#elif defined(__GLIBC__)
#include <malloc.h>
#endif

#ifdef __linux__
#include <sys/mman.h>

#include <cinttypes>
#include <cstdio>
#endif

namespace bangfu::memory {

void ReleaseProgramText() {
#ifdef __linux__
  std::FILE* maps = std::fopen("/proc/self/maps", "re");
  if (maps == nullptr) return;
  char line[512];
  while (std::fgets(line, sizeof line, maps) != nullptr) {
    uintptr_t begin = 0, end = 0;
    char mode[5] = "", path[2] = "";
    // Of a file, never written to: program text has no relocations. What is read again comes from
    // the file.
    if (std::sscanf(line, "%" SCNxPTR "-%" SCNxPTR " %4s %*s %*s %*s %1s", &begin, &end, mode,
                    path) == 4 &&
        mode[0] == 'r' && mode[1] == '-' && mode[2] == 'x' && path[0] == '/') {
      madvise(reinterpret_cast<void*>(begin), end - begin, MADV_DONTNEED);
    }
  }
  std::fclose(maps);
#endif
}

#ifdef BANGFU_JEMALLOC

void Configure() { static_cast<void>(IsJemalloc()); }

void Trim() {
  mallctl("thread.tcache.flush", nullptr, nullptr, nullptr, 0);
  static const std::string purge = "arena." + std::to_string(MALLCTL_ARENAS_ALL) + ".purge";
  mallctl(purge.c_str(), nullptr, nullptr, nullptr, 0);
}

bool IsJemalloc() {
  const char* version = nullptr;
  size_t size = sizeof version;
  return mallctl("version", &version, &size, nullptr, 0) == 0;
}

#else

void Configure() {
#ifdef __GLIBC__
  constexpr int kKept = 1 << 20;  // bytes; larger blocks go back to the system when freed
  mallopt(M_ARENA_MAX, 4);
  mallopt(M_MMAP_THRESHOLD, kKept);
  mallopt(M_TRIM_THRESHOLD, kKept);
#endif
}

void Trim() {
#ifdef __GLIBC__
  malloc_trim(0);
#endif
}

bool IsJemalloc() { return false; }

#endif

}  // namespace bangfu::memory
