# How everything is compiled. Kept in one place so that precompiled headers can be shared: they
# need the same flags in every target.
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
# The same in libraries and executables (CMake would give -fPIE to the latter): a precompiled header
# fits only the flags it was made with.
add_compile_options(-fPIC)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)

set(BANGFU_SANITIZE "" CACHE STRING "address;undefined or thread: instrument our own code")
option(BANGFU_PCH "Share precompiled headers" ON)

if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Dev CACHE STRING "" FORCE)
endif()
# Dev is what tests run: no flags of its own, so neither optimised nor with debug information. It is
# the quickest to build, and a clean build with tests has a budget.
set(CMAKE_CXX_FLAGS_RELEASE "-O2 -g0 -DNDEBUG" CACHE STRING "" FORCE)

find_program(BANGFU_MOLD mold)
if(BANGFU_MOLD AND NOT BANGFU_SANITIZE)
  add_link_options(-fuse-ld=mold)
endif()
find_program(BANGFU_CCACHE ccache)
if(BANGFU_CCACHE)
  # Precompiled headers need these tolerances, or nothing would ever hit.
  set(CMAKE_CXX_COMPILER_LAUNCHER
      ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime
      CCACHE_BASEDIR=${CMAKE_SOURCE_DIR} CCACHE_NOHASHDIR=1 ${BANGFU_CCACHE})
endif()

set(BANGFU_WARNINGS -Wall -Wextra -Wpedantic -Werror -Wno-missing-field-initializers)
if(CMAKE_BUILD_TYPE STREQUAL "Release")
  # GCC 12 at -O2 sees in the strings and variants of the standard library what is not there; what
  # these warnings look for in earnest, the sanitizers of the asan build find.
  list(APPEND BANGFU_WARNINGS -Wno-restrict -Wno-maybe-uninitialized -Wno-stringop-overflow -Wno-array-bounds)
endif()
