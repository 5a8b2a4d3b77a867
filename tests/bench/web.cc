// The same reads as `calls` makes, as browsers and other systems make them through the edge:
// grpc-web, and JSON over HTTP. One caller on one connection, over TLS and HTTP/1.1: Debian's
// libcurl loses a connection of HTTP/2 after some hundred calls.
#include <algorithm>
#include <memory>
#include <string>

#include "bangfu/registry/v1/project_service.pb.h"
#include "common/base/strings.h"
#include "common/curl/library.h"
#include "tests/bench/bench.h"

namespace bangfu::bench {
namespace {

// A message of gRPC, and of grpc-web: a byte of flags, four of length, the bytes.
std::string Framed(const std::string& message) {
  std::string frame(1, '\0');
  for (int shift = 24; shift >= 0; shift -= 8) {
    frame += static_cast<char>((message.size() >> shift) & 0xff);
  }
  return frame + message;
}

size_t Append(char* bytes, size_t one, size_t count, void* to) {
  static_cast<std::string*>(to)->append(bytes, one * count);
  return one * count;
}

}  // namespace

// --way web|json --url https://HOST:PORT --ca FILE --token --service --seconds --warm-up --pids; of
// --path, or with --ids of each project: web /SERVICE/METHOD with an empty request or the id's,
// json the path itself or with the id at its end.
Json Web(const Flags& flags) {
  const auto library = curl::Load();
  if (!library.ok()) Die(library.status().ToString());
  const curl::Library& curl = **library;
  const bool web = flags.Text("way") == "web";
  const std::string url = Cat(flags.Text("url"), flags.Text("path"));
  const std::string ca = flags.Text("ca");
  std::vector<std::string> ids;
  if (const std::string file = flags.Text("ids", ""); !file.empty()) {
    ids = ReadLines(file);
    if (ids.empty()) Die("no ids");
  }
  CURL* const handle = curl.easy_init();
  const auto set = [&](CURLoption option, auto value) {
    if (curl.easy_setopt(handle, option, value) != CURLE_OK) Die(Cat("curl option ", option));
  };
  curl_slist* headers = nullptr;
  const auto add = [&](const std::string& header) {
    headers = curl.slist_append(headers, header.c_str());
  };
  add(Cat("authorization: Bearer ", flags.Text("token")));
  if (const std::string service = flags.Text("service", ""); !service.empty()) {
    add(Cat("x-bangfu-service: ", service));
  }
  if (web) {
    add("content-type: application/grpc-web+proto");
    add("x-grpc-web: 1");
  }
  std::string answer;
  char error[CURL_ERROR_SIZE] = "";
  set(CURLOPT_HTTPHEADER, headers);
  set(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));  // NOLINT: curl's type
  set(CURLOPT_CAINFO, ca.c_str());
  set(CURLOPT_NOPROXY, "*");
  set(CURLOPT_TIMEOUT, 60L);
  set(CURLOPT_ERRORBUFFER, static_cast<char*>(error));
  set(CURLOPT_WRITEFUNCTION, &Append);
  set(CURLOPT_WRITEDATA, &answer);
  set(CURLOPT_URL, url.c_str());
  std::string body = Framed("");
  if (web) set(CURLOPT_POST, 1L);

  int64_t failures = 0;
  std::string first_failure;
  const auto call = [&](int, int64_t n) {
    // The stride of `calls`.
    const std::string id = ids.empty() ? "" : ids[static_cast<size_t>(n * 7919) % ids.size()];
    if (web) {
      if (!id.empty()) {
        registry::v1::GetProjectRequest request;
        request.set_id(id);
        body = Framed(request.SerializeAsString());
      }
      set(CURLOPT_POSTFIELDSIZE, static_cast<long>(body.size()));  // NOLINT: curl's type
      set(CURLOPT_POSTFIELDS, body.c_str());
    } else if (!id.empty()) {
      set(CURLOPT_URL, Cat(url, id).c_str());
    }
    answer.clear();
    long status = 0;  // NOLINT: curl's type
    const CURLcode done = curl.easy_perform(handle);
    curl.easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &status);
    const bool good = done == CURLE_OK && status == 200 &&
                      (!web || answer.find("grpc-status:0") != std::string::npos);
    if (!good) {
      ++failures;
      if (first_failure.empty()) {
        first_failure = Cat(n, ": ", status, " ", curl.easy_strerror(done), " ",
                            static_cast<const char*>(error), " ", answer.substr(0, 300));
      }
    }
    return true;
  };
  CpuClock cpu(flags.Text("pids", ""));
  const auto run = [&](double seconds) { return RunLoad(1, seconds, 0, cpu, call); };
  if (const double warm_up = flags.Real("warm-up", 0); warm_up > 0) run(warm_up);
  Json json = Report(run(flags.Real("seconds", 3)));
  json["bytes"] = answer.size();
  json["failures"] = failures;
  if (!first_failure.empty()) json["first_failure"] = first_failure;
  curl.slist_free_all(headers);
  curl.easy_cleanup(handle);
  return json;
}

}  // namespace bangfu::bench
