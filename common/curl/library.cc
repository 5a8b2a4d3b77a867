#include "common/curl/library.h"

#include <dlfcn.h>

#include <string>
#include <type_traits>

#include "absl/status/status.h"
#include "common/base/strings.h"

namespace bangfu::curl {
namespace {

// The name of its binary interface: the file that the headers we were compiled with belong to.
constexpr char kFile[] = "libcurl.so.4";

absl::StatusOr<const Library*> LoadOnce() {
  void* const file = dlopen(kFile, RTLD_NOW | RTLD_LOCAL);
  if (file == nullptr) {
    return absl::FailedPreconditionError(
        Cat("evidence in S3 and keys from a URL need libcurl: ", dlerror()));
  }
  auto* library = new Library();
  const char* missing = nullptr;
  const auto find = [&](const char* name, auto* function) {
    void* const symbol = dlsym(file, name);
    if (symbol == nullptr) missing = name;
    *function = reinterpret_cast<std::remove_pointer_t<decltype(function)>>(symbol);
  };
  find("curl_global_init", &library->global_init);
  find("curl_easy_init", &library->easy_init);
  find("curl_easy_reset", &library->easy_reset);
  find("curl_easy_setopt", &library->easy_setopt);
  find("curl_easy_perform", &library->easy_perform);
  find("curl_easy_getinfo", &library->easy_getinfo);
  find("curl_easy_strerror", &library->easy_strerror);
  find("curl_easy_cleanup", &library->easy_cleanup);
  find("curl_slist_append", &library->slist_append);
  find("curl_slist_free_all", &library->slist_free_all);
  if (missing != nullptr || library->global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
    const std::string what =
        missing != nullptr ? Cat("has no ", missing) : std::string("does not start");
    delete library;
    return absl::FailedPreconditionError(Cat(kFile, " ", what));
  }
  return library;
}

}  // namespace

absl::StatusOr<const Library*> Load() {
  static const auto* library = new absl::StatusOr<const Library*>(LoadOnce());
  return *library;
}

}  // namespace bangfu::curl
