// libcurl, loaded by a process that keeps evidence in S3 or takes its keys from a URL: with it come
// 27 libraries (LDAP, Kerberos, SSH …), 3.8 MB of memory in every service for what most
// installations never call.
#pragma once

#include <curl/curl.h>

#include "absl/status/statusor.h"

namespace bangfu::curl {

struct Library {
  decltype(&::curl_global_init) global_init = nullptr;
  decltype(&::curl_easy_init) easy_init = nullptr;
  decltype(&::curl_easy_reset) easy_reset = nullptr;
  decltype(&::curl_easy_setopt) easy_setopt = nullptr;
  decltype(&::curl_easy_perform) easy_perform = nullptr;
  decltype(&::curl_easy_getinfo) easy_getinfo = nullptr;
  decltype(&::curl_easy_strerror) easy_strerror = nullptr;
  decltype(&::curl_easy_cleanup) easy_cleanup = nullptr;
  decltype(&::curl_slist_append) slist_append = nullptr;
  decltype(&::curl_slist_free_all) slist_free_all = nullptr;
};

// Loaded and initialised once, for the life of the process. FAILED_PRECONDITION when the machine
// has no libcurl, or one without these functions.
absl::StatusOr<const Library*> Load();

}  // namespace bangfu::curl
