find_package(Threads REQUIRED)
find_package(PkgConfig REQUIRED)
find_package(Protobuf REQUIRED)
find_package(absl REQUIRED)
find_package(gRPC CONFIG REQUIRED)
find_package(prometheus-cpp CONFIG REQUIRED)
find_package(spdlog REQUIRED)
find_package(OpenSSL REQUIRED)
find_package(CURL REQUIRED)
find_package(ZLIB REQUIRED)
find_package(zstd REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(GTest REQUIRED)
find_package(ICU REQUIRED COMPONENTS uc i18n)
find_library(RE2_LIBRARY re2 REQUIRED)  # no CMake config; its pkg-config flags would unshare precompiled headers
find_library(JEMALLOC_LIBRARY jemalloc REQUIRED)  # likewise
find_package(MySQLConnectorCpp REQUIRED)  # ours: Debian ships no config for it

# google/rpc, google/type and google/api protos: plain files of a Debian package.
set(GOOGLEAPIS_DIR /usr/share/gocode/src/github.com/gogo/googleapis CACHE PATH "root of google/api/*.proto")
if(NOT EXISTS ${GOOGLEAPIS_DIR}/google/api/annotations.proto)
  message(FATAL_ERROR "google/api/annotations.proto not found below GOOGLEAPIS_DIR=${GOOGLEAPIS_DIR} "
                      "(Debian: golang-github-gogo-googleapis-dev)")
endif()
# The protos of gRPC's own reflection service: files of a Debian package.
set(GRPC_PROTO_DIR /usr/share/gocode/src/google.golang.org/grpc CACHE PATH "root of reflection/grpc_reflection_v1alpha")
