# The kinds of target this tree has. A folder says what it is in one call; link lines are the
# architecture: what is not in DEPS cannot be included.

# One generated contract library per area. Generated code is compiled at -O1 without debug
# information and never instrumented (it is most of a clean build otherwise).
#   bangfu_proto(NAME base FILES options/v1/access.proto ... DEPS bangfu_proto_x)
function(bangfu_proto)
  cmake_parse_arguments(A "" "NAME;ROOT;PREFIX" "FILES;DEPS" ${ARGN})
  set(target bangfu_proto_${A_NAME})
  if(NOT A_ROOT)
    set(A_ROOT ${CMAKE_SOURCE_DIR}/proto)
  endif()
  set(out ${CMAKE_BINARY_DIR}/gen)
  file(MAKE_DIRECTORY ${out})
  set(sources "")
  foreach(f IN LISTS A_FILES)
    string(REGEX REPLACE "\\.proto$" "" stem ${f})
    add_custom_command(
      OUTPUT ${out}/${stem}.pb.cc ${out}/${stem}.pb.h
      COMMAND protobuf::protoc -I${CMAKE_SOURCE_DIR}/proto -I${A_ROOT} -I${GOOGLEAPIS_DIR}
              --cpp_out=${out} ${A_ROOT}/${f}
      DEPENDS ${A_ROOT}/${f} COMMENT "protoc ${f}" VERBATIM)
    list(APPEND sources ${out}/${stem}.pb.cc)
  endforeach()
  add_library(${target} SHARED ${sources})
  target_include_directories(${target} SYSTEM PUBLIC ${out})
  target_link_libraries(${target} PUBLIC protobuf::libprotobuf ${A_DEPS})
  target_compile_options(${target} PRIVATE -O1 -g0 -w)
  foreach(d IN LISTS A_DEPS)
    add_dependencies(${target} ${d})
  endforeach()
endfunction()

# While a room is being written its list may be ahead of its files: a missing one is left out, loudly.
function(_bangfu_existing out)
  set(found "")
  foreach(f IN LISTS ARGN)
    if(IS_ABSOLUTE ${f} OR EXISTS ${CMAKE_CURRENT_SOURCE_DIR}/${f})
      list(APPEND found ${f})
    else()
      message(WARNING "${CMAKE_CURRENT_SOURCE_DIR}/${f} does not exist")
    endif()
  endforeach()
  set(${out} ${found} PARENT_SCOPE)
endfunction()

function(_bangfu_flags target)
  target_compile_options(${target} PRIVATE ${BANGFU_WARNINGS})
  if(BANGFU_SANITIZE)
    string(REPLACE ";" "," s "${BANGFU_SANITIZE}")
    target_compile_options(${target} PRIVATE -fsanitize=${s} -fno-omit-frame-pointer -g1)
    target_link_options(${target} PUBLIC -fsanitize=${s})
    if(s MATCHES thread)
      # protobuf's map fields have two members more under this macro; the library and the generated code, which are not
      # instrumented, know nothing of them.
      target_compile_options(${target} PRIVATE -U__SANITIZE_THREAD__)
    endif()
  endif()
endfunction()

function(_bangfu_pch target pch)
  if(BANGFU_PCH AND pch)
    target_precompile_headers(${target} REUSE_FROM bangfu_pch_${pch})
  endif()
endfunction()

# A precompiled header that several targets share: bangfu_pch(NAME base HEADERS <...> DEPS ...)
function(bangfu_pch)
  cmake_parse_arguments(A "" "NAME" "HEADERS;DEPS" ${ARGN})
  if(NOT BANGFU_PCH)
    return()
  endif()
  set(target bangfu_pch_${A_NAME})
  file(WRITE ${CMAKE_BINARY_DIR}/pch/${A_NAME}.cc "// Anchor of a shared precompiled header.\n")
  add_library(${target} STATIC ${CMAKE_BINARY_DIR}/pch/${A_NAME}.cc)
  target_include_directories(${target} PRIVATE ${CMAKE_SOURCE_DIR})
  target_link_libraries(${target} PRIVATE ${A_DEPS})
  target_precompile_headers(${target} PRIVATE ${A_HEADERS})
  _bangfu_flags(${target})
endfunction()

# A room: one static library of the folder's sources, plus one test binary.
#   bangfu_room(NAME mysql SRCS a.cc DEPS bangfu_base [PCH base] [TESTS a_test.cc] [TEST_DEPS ...] [TEST_PCH test])
# Target: bangfu_<name>, test: <name>_test. PRIVATE_DEPS are not passed on.
function(bangfu_room)
  cmake_parse_arguments(A "TSAN" "NAME;PCH;TEST_PCH" "SRCS;DEPS;PRIVATE_DEPS;TESTS;TEST_DEPS" ${ARGN})
  set(target bangfu_${A_NAME})
  _bangfu_existing(A_SRCS ${A_SRCS})
  _bangfu_existing(A_TESTS ${A_TESTS})
  if(A_SRCS)
    add_library(${target} STATIC ${A_SRCS})
    target_include_directories(${target} PUBLIC ${CMAKE_SOURCE_DIR})
    target_link_libraries(${target} PUBLIC ${A_DEPS} PRIVATE ${A_PRIVATE_DEPS})
    _bangfu_flags(${target})
    _bangfu_pch(${target} "${A_PCH}")
  else()
    add_library(${target} INTERFACE)
    target_include_directories(${target} INTERFACE ${CMAKE_SOURCE_DIR})
    target_link_libraries(${target} INTERFACE ${A_DEPS})
  endif()
  if(A_TESTS)
    set(tsan "")
    if(A_TSAN)
      set(tsan TSAN)
    endif()
    bangfu_test(NAME ${A_NAME}_test SRCS ${A_TESTS} DEPS ${target} ${A_TEST_DEPS} PCH ${A_TEST_PCH} ${tsan})
  endif()
endfunction()

# A test binary, run by ctest as one test: bangfu_test(NAME x_test SRCS ... DEPS ... [PCH test] [TSAN])
# TSAN: it is among those that the thread sanitizer runs (no gRPC in it: Debian's is not instrumented).
if(NOT TARGET tsan_tests)
  add_custom_target(tsan_tests)
endif()
function(bangfu_test)
  cmake_parse_arguments(A "TSAN" "NAME;PCH" "SRCS;DEPS" ${ARGN})
  _bangfu_existing(A_SRCS ${A_SRCS})
  if(NOT A_SRCS)
    return()
  endif()
  add_executable(${A_NAME} ${A_SRCS})
  target_link_libraries(${A_NAME} PRIVATE ${A_DEPS} GTest::gmock GTest::gmock_main)
  target_include_directories(${A_NAME} PRIVATE ${CMAKE_SOURCE_DIR})
  _bangfu_flags(${A_NAME})
  _bangfu_pch(${A_NAME} "${A_PCH}")
  add_test(NAME ${A_NAME} COMMAND ${A_NAME})
  set_tests_properties(${A_NAME} PROPERTIES TIMEOUT 600)
  if(BANGFU_SANITIZE MATCHES address)
    set_tests_properties(${A_NAME} PROPERTIES ENVIRONMENT
      "LSAN_OPTIONS=suppressions=${PROJECT_SOURCE_DIR}/tests/lsan.supp:print_suppressions=0")
  endif()
  if(A_TSAN)
    set_tests_properties(${A_NAME} PROPERTIES LABELS tsan)
    add_dependencies(tsan_tests ${A_NAME})
  endif()
endfunction()

# An executable: bangfu_binary(NAME bangfu-registry SRCS main.cc DEPS ...)
function(bangfu_binary)
  cmake_parse_arguments(A "" "NAME;PCH" "SRCS;DEPS" ${ARGN})
  _bangfu_existing(A_SRCS ${A_SRCS})
  if(NOT A_SRCS)
    return()
  endif()
  add_executable(${A_NAME} ${A_SRCS})
  target_link_libraries(${A_NAME} PRIVATE ${A_DEPS})
  target_include_directories(${A_NAME} PRIVATE ${CMAKE_SOURCE_DIR})
  _bangfu_flags(${A_NAME})
  _bangfu_pch(${A_NAME} "${A_PCH}")
  set_target_properties(${A_NAME} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)
endfunction()

# The migrations of a schema, embedded: bangfu_schema(NAME registry DIR schema) reads
# <DIR>/V0001__name.sql … (stream "registry", versions from the file names) and makes target
# bangfu_registry_schema with
#   #include "services/registry/schema/migrations.h"   // the folder's path in the tree
#   const migrate::Migrations& bangfu::RegistryMigrations();
# STREAM names another stream than NAME; rooms use it for the tables that every schema has.
function(bangfu_schema)
  cmake_parse_arguments(A "" "NAME;DIR;STREAM" "" ${ARGN})
  if(NOT A_STREAM)
    set(A_STREAM ${A_NAME})
  endif()
  file(GLOB sql CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/${A_DIR}/V*.sql)
  file(RELATIVE_PATH folder ${CMAKE_SOURCE_DIR} ${CMAKE_CURRENT_SOURCE_DIR}/${A_DIR})
  set(stem ${CMAKE_BINARY_DIR}/gen/${folder}/migrations)
  add_custom_command(
    OUTPUT ${stem}.cc ${stem}.h
    COMMAND ${CMAKE_COMMAND} -DNAME=${A_NAME} -DSTREAM=${A_STREAM} -DFOLDER=${folder} -DSTEM=${stem}
            -DDIR=${CMAKE_CURRENT_SOURCE_DIR}/${A_DIR} -P ${CMAKE_SOURCE_DIR}/deploy/cmake/EmbedSchema.cmake
    DEPENDS ${sql} ${CMAKE_SOURCE_DIR}/deploy/cmake/EmbedSchema.cmake
    COMMENT "schema ${A_NAME}" VERBATIM)
  add_library(bangfu_${A_NAME}_schema STATIC ${stem}.cc ${stem}.h)
  target_include_directories(bangfu_${A_NAME}_schema PUBLIC ${CMAKE_SOURCE_DIR} ${CMAKE_BINARY_DIR}/gen)
  target_link_libraries(bangfu_${A_NAME}_schema PUBLIC bangfu_migrate)
  _bangfu_flags(bangfu_${A_NAME}_schema)
endfunction()
