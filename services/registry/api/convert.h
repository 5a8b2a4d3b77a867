// Between the contract's messages and what domain and store take; paging; regions of a request.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include "common/base/page_token.h"
#include "common/base/strings.h"
#include "common/base/ulid.h"
#include "common/contract/time.h"
#include "common/rpc/call_context.h"
#include "common/status/error.h"
#include "common/status/macros.h"
#include "google/protobuf/field_mask.pb.h"
#include "google/protobuf/message.h"
#include "google/protobuf/timestamp.pb.h"
#include "google/type/date.pb.h"
#include "services/registry/store/code_list_store.h"
#include "services/registry/store/record_table.h"
#include "services/registry/store/scope.h"

namespace bangfu::registry {

using Context = rpc::CallContext;

// INVALID_ARGUMENT naming the field.
absl::StatusOr<Ulid> ParseId(std::string_view text, std::string_view field);
std::optional<Ulid> OptionalId(const std::string& text);  // empty or malformed: nullopt

// Etags are row versions. A malformed one matches nothing.
std::string EtagOf(int64_t version);
absl::Status CheckEtag(const std::string& etag, int64_t version);

// The record's bytes as they are stored, the same in every process: what is sensitive is sealed.
std::string ToBytes(const google::protobuf::Message& message);
// The same of a message that is needed no more: sealed where it is, without a copy.
std::string TakeBytes(google::protobuf::Message* message);
void OpenSealed(google::protobuf::Message* message);
// Whether both hold the same, field by field, the order of map entries aside.
bool SameContent(const google::protobuf::Message& a, const google::protobuf::Message& b);
template <typename T>
T FromBytes(const std::string& bytes) {
  T message;
  message.ParseFromString(bytes);
  OpenSealed(&message);
  return message;
}

// The region of a request in today's path. Empty code: empty path. INVALID_ARGUMENT REGION_UNKNOWN,
// REGION_AMBIGUOUS (metadata "candidates") naming the field.
absl::StatusOr<std::string> ResolvePath(mysql::Executor& db, const std::string& code,
                                        std::string_view field);
absl::Status RegionUnknown(std::string_view field, std::string_view code);
absl::Status RegionAmbiguous(std::string_view field, const std::vector<std::string>& candidates);
// What the caller may see below the region asked for.
absl::StatusOr<RegionScope> ScopeAt(Context& context, const std::string& region_code);
// NOT_FOUND unless the caller holds one of the rpc's roles there.
absl::Status CheckInScope(const Context& context, const std::string& region_path,
                          std::string_view code);

// A page of a list. The token carries the last key and is bound to the request.
struct Page {
  int size = 0;
  std::string query;
  std::vector<std::string> key;  // empty: first page

  std::optional<After> after() const;  // of keys (region_path, id)
};
template <typename Request>
absl::StatusOr<Page> OpenPage(const Request& request, int max_size = 500) {
  Page page;
  ASSIGN_OR_RETURN(page.size, ResolvePageSize(request.page_size(), 50, max_size));
  Request filter = request;
  filter.clear_page_size();
  filter.clear_page_token();
  page.query = Cat(std::string_view(Request::descriptor()->full_name()), ToBytes(filter));
  ASSIGN_OR_RETURN(page.key, DecodePageToken(request.page_token(), page.query));
  return page;
}
// Cuts a list read with one row more than the page; `key` of the last row that stays.
template <typename Rows, typename Response, typename KeyOf>
void ClosePage(const Page& page, Rows* rows, Response* response, KeyOf key) {
  if (static_cast<int>(rows->size()) <= page.size) return;
  rows->resize(page.size);
  response->set_next_page_token(EncodePageToken(key(rows->back()), page.query));
}
inline std::vector<std::string> RecordKey(const Record& record) {
  return {record.region_path, record.id.ToString()};
}

// Applies `mask` of `from` to `to`, lists and messages replaced whole. INVALID_ARGUMENT for a path
// that is not of the message, IMMUTABLE_FIELD for one whose first segment is in `fixed`.
absl::Status ApplyMask(const google::protobuf::FieldMask& mask,
                       const google::protobuf::Message& from,
                       const std::vector<std::string_view>& fixed, google::protobuf::Message* to);

// CODE_UNKNOWN naming every field whose code is not of its list today.
class CodeCheck {
 public:
  // Empty codes pass.
  void Want(std::string_view list, const std::string& code, std::string_view field);
  absl::Status Run(mysql::Executor& db, absl::CivilDay today) const;
  // Fields and codes of those that Run would refuse.
  absl::StatusOr<std::vector<std::pair<std::string, std::string>>> Unknown(
      mysql::Executor& db, absl::CivilDay today) const;

 private:
  struct Wanted {
    CodeKey key;
    std::string field;
  };
  std::vector<Wanted> wanted_;
};
absl::Status CodesUnknown(const std::vector<std::pair<std::string, std::string>>& field_and_code);

}  // namespace bangfu::registry
