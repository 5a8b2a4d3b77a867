#include "common/blob/s3_store.h"

#include <algorithm>
#include <cstring>
#include <map>
#include <mutex>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_format.h"
#include "common/base/digest.h"
#include "common/base/strings.h"
#include "common/blob/s3_signature.h"
#include "common/curl/library.h"
#include "common/status/error.h"
#include "common/status/macros.h"

namespace bangfu::blob {
namespace {

struct Answer {
  long status = 0;
  std::map<std::string, std::string> headers;  // lower-case names
  std::string body;
};

// More than we ever ask for in one request.
constexpr size_t kMaxBody = 64 << 20;

size_t TakeBody(char* data, size_t size, size_t count, void* target) {
  auto& body = *static_cast<std::string*>(target);
  if (body.size() + size * count > kMaxBody) return 0;
  body.append(data, size * count);
  return size * count;
}

size_t TakeHeader(char* data, size_t size, size_t count, void* target) {
  const std::string_view line(data, size * count);
  if (const size_t colon = line.find(':'); colon != std::string_view::npos) {
    auto& headers = *static_cast<std::map<std::string, std::string>*>(target);
    headers[absl::AsciiStrToLower(AbslView(line.substr(0, colon)))] =
        std::string(Trim(line.substr(colon + 1)));
  }
  return size * count;
}

struct Sending {
  std::string_view data;
  size_t at = 0;
};
size_t GiveBody(char* buffer, size_t size, size_t count, void* source) {
  auto& sending = *static_cast<Sending*>(source);
  const size_t n = std::min(size * count, sending.data.size() - sending.at);
  std::memcpy(buffer, sending.data.data() + sending.at, n);
  sending.at += n;
  return n;
}
int Rewind(void* source, curl_off_t offset, int origin) {
  if (origin != SEEK_SET) return CURL_SEEKFUNC_CANTSEEK;
  static_cast<Sending*>(source)->at = static_cast<size_t>(offset);
  return CURL_SEEKFUNC_OK;
}

// The text of the first element of this name; "" when there is none. What we read (ids, codes, keys
// of ours) holds no markup.
std::string Element(std::string_view xml, std::string_view name, size_t* from = nullptr) {
  const std::string open = Cat("<", name, ">");
  const size_t begin = xml.find(open, from == nullptr ? 0 : *from);
  if (begin == std::string_view::npos) return "";
  const size_t end = xml.find('<', begin + open.size());
  if (end == std::string_view::npos) return "";
  if (from != nullptr) *from = end;
  return std::string(xml.substr(begin + open.size(), end - begin - open.size()));
}

class S3Store final : public Store {
 public:
  S3Store(const curl::Library& curl, S3Options options, const Clock& clock)
      : curl_(curl),
        options_(std::move(options)),
        host_(options_.endpoint.substr(options_.endpoint.find("://") + 3)),
        key_{options_.access_key, options_.secret_key, options_.region},
        clock_(clock) {}
  ~S3Store() override {
    for (CURL* handle : idle_) curl_.easy_cleanup(handle);
  }

  absl::Status Put(const Ulid& id, int64_t offset, std::string_view data) override {
    return PutObject(PartName(id, offset), data);
  }

  absl::Status Seal(const Ulid& id, int64_t size) override {
    ASSIGN_OR_RETURN(const int64_t there, SizeOf(Name(id)));
    if (there >= 0 && there != size) return Damaged("a sealed object has another size");
    if (there < 0) {
      RETURN_IF_ERROR(size <= options_.part_bytes ? SealSmall(id, size) : SealLarge(id, size));
    }
    return RemoveParts(id);
  }

  absl::StatusOr<std::string> Read(const Ulid& id, int64_t offset, int64_t length) override {
    if (length <= 0) return std::string();
    ASSIGN_OR_RETURN(
        Answer answer,
        Do("GET", Name(id), {}, "", {{"range", Cat("bytes=", offset, "-", offset + length - 1)}}));
    if (answer.status == 416) return std::string();
    if (answer.status == 404 && Element(answer.body, "Code") != "NoSuchBucket") {
      return Damaged("the object is gone");
    }
    RETURN_IF_ERROR(Expect(answer, {206, 200}));
    if (answer.status == 200 && offset > 0) return StoreUnavailable("the store ignores ranges");
    if (answer.body.size() > static_cast<size_t>(length)) {
      answer.body.resize(static_cast<size_t>(length));
    }
    return std::move(answer.body);
  }

  absl::Status Remove(const Ulid& id) override {
    RETURN_IF_ERROR(Delete(Name(id)));
    return RemoveParts(id);
  }

 private:
  std::string Name(const Ulid& id) const { return Cat(options_.prefix, "/", id.ToString()); }
  std::string PartsOf(const Ulid& id) const {
    return Cat(options_.prefix, "/parts/", id.ToString(), "/");
  }
  std::string PartName(const Ulid& id, int64_t offset) const {
    return Cat(PartsOf(id), absl::StrFormat("%012d", offset));
  }

  // One request; an answer of any status, or UNAVAILABLE when there was none.
  absl::StatusOr<Answer> Do(std::string_view method, std::string_view name,
                            std::map<std::string, std::string> query, std::string_view body,
                            std::map<std::string, std::string> headers = {}) {
    S3Request request;
    request.method = method;
    request.host = host_;
    request.path = name.empty() ? Cat("/", options_.bucket) : Cat("/", options_.bucket, "/", name);
    request.query = std::move(query);
    request.headers = std::move(headers);
    request.payload_sha256 = Sha256Hex(body);
    const auto signature = SignS3(request, key_, clock_.Now());

    CURL* handle = Take();
    if (handle == nullptr) return StoreUnavailable("no handle for a request");
    curl_.easy_reset(handle);
    const std::string parameters = S3Query(request.query);
    const std::string url =
        Cat(options_.endpoint, request.path, parameters.empty() ? "" : "?", parameters);
    curl_slist* list = nullptr;
    const auto add = [&](const std::map<std::string, std::string>& some) {
      for (const auto& [header, value] : some) {
        list = curl_.slist_append(list, Cat(header, ": ", value).c_str());
      }
    };
    add(request.headers);
    add(signature);
    list = curl_.slist_append(list, "expect:");  // no round trip before the body
    Answer answer;
    Sending sending{body};
    const auto set = [&](CURLoption option, auto value) {
      curl_.easy_setopt(handle, option, value);
    };
    set(CURLOPT_URL, url.c_str());
    set(CURLOPT_CUSTOMREQUEST, request.method.c_str());
    set(CURLOPT_HTTPHEADER, list);
    set(CURLOPT_NOSIGNAL, 1L);
    set(CURLOPT_PROTOCOLS_STR, "http,https");
    set(CURLOPT_NOPROXY, "*");
    set(CURLOPT_CONNECTTIMEOUT_MS,
        static_cast<long>(absl::ToInt64Milliseconds(options_.connect_timeout)));
    set(CURLOPT_LOW_SPEED_LIMIT, 1024L);
    set(CURLOPT_LOW_SPEED_TIME, static_cast<long>(absl::ToInt64Seconds(options_.stall_timeout)));
    set(CURLOPT_WRITEFUNCTION, TakeBody);
    set(CURLOPT_WRITEDATA, &answer.body);
    set(CURLOPT_HEADERFUNCTION, TakeHeader);
    set(CURLOPT_HEADERDATA, &answer.headers);
    if (!options_.ca.empty()) set(CURLOPT_CAINFO, options_.ca.c_str());
    if (method == "HEAD") set(CURLOPT_NOBODY, 1L);
    if (method == "PUT" || method == "POST") {
      set(CURLOPT_UPLOAD, 1L);
      set(CURLOPT_READFUNCTION, GiveBody);
      set(CURLOPT_READDATA, &sending);
      set(CURLOPT_SEEKFUNCTION, Rewind);
      set(CURLOPT_SEEKDATA, &sending);
      set(CURLOPT_INFILESIZE_LARGE, static_cast<curl_off_t>(body.size()));
    }
    const CURLcode code = curl_.easy_perform(handle);
    curl_.easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &answer.status);
    curl_.slist_free_all(list);
    Give(handle);
    if (code != CURLE_OK) {
      return StoreUnavailable(Cat(method, " ", host_, ": ", curl_.easy_strerror(code)));
    }
    return answer;
  }

  // What the store says of an error is for the operator; who uploads is told to come again.
  absl::Status Expect(const Answer& answer, std::initializer_list<long> good) const {
    if (std::find(good.begin(), good.end(), answer.status) != good.end()) return absl::OkStatus();
    return StoreUnavailable(Cat("bucket ", options_.bucket, " at ", host_, " answers ",
                                answer.status, " ", Element(answer.body, "Code"), " ",
                                Element(answer.body, "Message")));
  }

  absl::Status PutObject(const std::string& name, std::string_view data) {
    ASSIGN_OR_RETURN(const Answer answer, Do("PUT", name, {}, data));
    return Expect(answer, {200});
  }

  absl::Status Delete(const std::string& name) {
    ASSIGN_OR_RETURN(const Answer answer, Do("DELETE", name, {}, ""));
    if (answer.status == 404 && Element(answer.body, "Code") != "NoSuchBucket") {
      return absl::OkStatus();
    }
    return Expect(answer, {200, 204});
  }

  // -1: not there.
  absl::StatusOr<int64_t> SizeOf(const std::string& name) {
    ASSIGN_OR_RETURN(const Answer answer, Do("HEAD", name, {}, ""));
    if (answer.status == 404) return -1;
    RETURN_IF_ERROR(Expect(answer, {200}));
    int64_t size = 0;
    const auto found = answer.headers.find("content-length");
    if (found == answer.headers.end() || !ParseInt(found->second, &size)) {
      return StoreUnavailable("the store tells no size");
    }
    return size;
  }

  // The piece that was put at `offset`.
  absl::StatusOr<std::string> Piece(const Ulid& id, int64_t offset) {
    ASSIGN_OR_RETURN(Answer answer, Do("GET", PartName(id, offset), {}, ""));
    if (answer.status == 404 && Element(answer.body, "Code") != "NoSuchBucket") {
      return Damaged("a piece of the upload is gone");
    }
    RETURN_IF_ERROR(Expect(answer, {200}));
    if (answer.body.empty()) return Damaged("a piece of the upload is empty");
    return std::move(answer.body);
  }

  // The next bytes of the upload, up to one part; moves `at` over the pieces that it took.
  absl::StatusOr<std::string> NextPart(const Ulid& id, int64_t size, int64_t* at) {
    std::string part;
    while (*at < size && static_cast<int64_t>(part.size()) < options_.part_bytes) {
      ASSIGN_OR_RETURN(std::string piece, Piece(id, *at));
      // A piece that a crash left may be longer than what was acknowledged of it.
      piece.resize(std::min(piece.size(), static_cast<size_t>(size - *at)));
      *at += static_cast<int64_t>(piece.size());
      part += piece;
    }
    return part;
  }

  absl::Status SealSmall(const Ulid& id, int64_t size) {
    int64_t at = 0;
    std::string whole;
    while (at < size) {
      ASSIGN_OR_RETURN(const std::string part, NextPart(id, size, &at));
      whole += part;
    }
    return PutObject(Name(id), whole);
  }

  absl::Status SealLarge(const Ulid& id, int64_t size) {
    ASSIGN_OR_RETURN(const Answer begun, Do("POST", Name(id), {{"uploads", ""}}, ""));
    RETURN_IF_ERROR(Expect(begun, {200}));
    const std::string upload = Element(begun.body, "UploadId");
    if (upload.empty()) return StoreUnavailable("the store gives no upload id");
    absl::Status status = PutParts(id, size, upload);
    if (!status.ok()) {
      // Nothing comes of it; what cannot be given up now, the bucket's own rule will.
      Do("DELETE", Name(id), {{"uploadId", upload}}, "").IgnoreError();
    }
    return status;
  }

  absl::Status PutParts(const Ulid& id, int64_t size, const std::string& upload) {
    std::string list = "<CompleteMultipartUpload>";
    int64_t at = 0;
    for (int number = 1; at < size; ++number) {
      ASSIGN_OR_RETURN(const std::string part, NextPart(id, size, &at));
      ASSIGN_OR_RETURN(
          const Answer put,
          Do("PUT", Name(id), {{"partNumber", Cat(number)}, {"uploadId", upload}}, part));
      RETURN_IF_ERROR(Expect(put, {200}));
      const auto etag = put.headers.find("etag");
      if (etag == put.headers.end()) return StoreUnavailable("the store gives no etag");
      list +=
          Cat("<Part><PartNumber>", number, "</PartNumber><ETag>", etag->second, "</ETag></Part>");
    }
    list += "</CompleteMultipartUpload>";
    ASSIGN_OR_RETURN(const Answer done, Do("POST", Name(id), {{"uploadId", upload}}, list));
    RETURN_IF_ERROR(Expect(done, {200}));
    // S3 may answer 200 and tell of an error in the body.
    if (const std::string code = Element(done.body, "Code"); !code.empty()) {
      return StoreUnavailable(Cat("the parts were not put together: ", code));
    }
    return absl::OkStatus();
  }

  absl::Status RemoveParts(const Ulid& id) {
    // Pages of at most 1000; each round removes what it saw.
    while (true) {
      ASSIGN_OR_RETURN(const Answer page,
                       Do("GET", "", {{"list-type", "2"}, {"prefix", PartsOf(id)}}, ""));
      RETURN_IF_ERROR(Expect(page, {200}));
      size_t at = 0;
      int removed = 0;
      for (std::string name = Element(page.body, "Key", &at); !name.empty();
           name = Element(page.body, "Key", &at)) {
        if (!HasPrefix(name, PartsOf(id))) return StoreUnavailable("a listing of other objects");
        RETURN_IF_ERROR(Delete(name));
        ++removed;
      }
      if (removed == 0 || Element(page.body, "IsTruncated") != "true") return absl::OkStatus();
    }
  }

  // Handles keep their connections.
  CURL* Take() {
    std::lock_guard lock(mu_);
    if (idle_.empty()) return curl_.easy_init();
    CURL* handle = idle_.back();
    idle_.pop_back();
    return handle;
  }
  void Give(CURL* handle) {
    std::lock_guard lock(mu_);
    idle_.push_back(handle);
  }

  const curl::Library& curl_;
  const S3Options options_;
  const std::string host_;
  const S3Key key_;
  const Clock& clock_;
  std::mutex mu_;
  std::vector<CURL*> idle_;
};

bool Plain(std::string_view text, std::string_view also) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [&](char c) {
    return absl::ascii_isalnum(static_cast<unsigned char>(c)) ||
           also.find(c) != std::string_view::npos;
  });
}

}  // namespace

absl::StatusOr<std::unique_ptr<Store>> OpenS3(S3Options options, const Clock& clock) {
  while (HasSuffix(options.endpoint, "/")) options.endpoint.pop_back();
  const auto wrong = [](std::string_view what) { return absl::InvalidArgumentError(Cat(what)); };
  if (!HasPrefix(options.endpoint, "http://") && !HasPrefix(options.endpoint, "https://")) {
    return wrong("evidence-s3-endpoint is http://host:port or https://host");
  }
  if (options.endpoint.find('/', options.endpoint.find("://") + 3) != std::string::npos) {
    return wrong("evidence-s3-endpoint has no path");
  }
  if (!Plain(options.bucket, "-."))
    return wrong("evidence-s3-bucket is missing or has odd letters");
  if (!Plain(options.prefix, "-_/") || options.prefix.front() == '/' ||
      options.prefix.back() == '/') {
    return wrong("evidence-s3-prefix has letters, digits, -, _ and / between them");
  }
  if (options.access_key.empty() || options.secret_key.empty()) {
    return wrong("evidence-s3-access-key-file and evidence-s3-secret-key-file are missing");
  }
  ASSIGN_OR_RETURN(const curl::Library* curl, curl::Load());
  std::unique_ptr<Store> store = std::make_unique<S3Store>(*curl, std::move(options), clock);
  return store;
}

}  // namespace bangfu::blob
