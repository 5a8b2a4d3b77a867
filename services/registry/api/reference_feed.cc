#include "services/registry/api/reference_feed.h"

#include <cstddef>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "bangfu/registry/v1/events.pb.h"
#include "common/base/strings.h"
#include "common/blob/blob.h"
#include "common/feed/outbox.h"
#include "common/status/macros.h"
#include "services/registry/api/reference_messages.h"
#include "services/registry/store/code_list_store.h"
#include "services/registry/store/fund_source_store.h"
#include "services/registry/store/parameter_store.h"
#include "services/registry/store/published_store.h"
#include "services/registry/store/reference_id.h"

namespace bangfu::registry {
namespace {

// States in one event.
constexpr int kEventCodes = 500;

absl::Status AddList(mysql::Tx& tx, const std::string& list, absl::Time now,
                     std::vector<feed::OutboxEvent>* events) {
  ASSIGN_OR_RETURN(const std::vector<CodeRow> rows, ListCodes(tx, list));
  v1::CodesChanged event;
  for (size_t i = 0; i < rows.size(); ++i) {
    *event.add_codes() = CodeMessage(rows[i]);
    if (event.codes_size() < kEventCodes && i + 1 < rows.size()) continue;
    const v1::Code& first = event.codes(0);
    events->push_back(feed::MakeEvent(
        "code_batch", IdOfKey("code", Cat(first.list(), "/", first.code())), "", event, now));
    event.Clear();
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status PublishChangedReferences(mysql::Session& session, absl::Time now) {
  ASSIGN_OR_RETURN(const auto any, ListUnpublished(session));
  if (any.empty()) return absl::OkStatus();
  return mysql::Transact(session, [&](mysql::Tx& tx) -> absl::Status {
    // Of processes that start at once, the first publishes. The events come after the locks, so
    // that they stand behind those of whoever changed the same rows before.
    RETURN_IF_ERROR(LockReferences(tx));
    ASSIGN_OR_RETURN(const std::vector<UnpublishedReference> changed, ListUnpublished(tx));
    std::vector<feed::OutboxEvent> events;
    std::set<std::string> departments, parameters;
    for (const UnpublishedReference& one : changed) {
      if (one.kind == kCodeListKind) {
        RETURN_IF_ERROR(AddList(tx, one.name, now, &events));
      } else if (one.kind == kParameterKind) {
        parameters.insert(one.name);
      } else {
        departments.insert(one.name);
      }
    }
    if (!parameters.empty()) {
      ASSIGN_OR_RETURN(const auto rows, ListParameters(tx));
      for (const ParameterRow& row : rows) {
        if (parameters.count(row.code) == 0) continue;
        RETURN_IF_ERROR(blob::PutSetting(tx, row.code, row.value));
        v1::ParameterChanged event;
        *event.mutable_parameter() = ParameterMessage(row);
        events.push_back(
            feed::MakeEvent("parameter", IdOfKey("parameter", row.code), "", event, now));
      }
    }
    if (!departments.empty()) {
      ASSIGN_OR_RETURN(const auto rows, ListFundSourceDepartments(tx));
      for (const FundSourceDepartmentRow& row : rows) {
        if (departments.count(absl::AsciiStrToUpper(absl::BytesToHexString(row.id.bytes()))) == 0)
          continue;
        v1::FundSourceDepartmentChanged event;
        *event.mutable_row() = FundSourceDepartmentMessage(row);
        events.push_back(feed::MakeEvent("fund_source_department", row.id, "", event, now));
      }
    }
    RETURN_IF_ERROR(feed::PublishBatch(tx, events));
    return MarkPublished(tx, changed);
  });
}

}  // namespace bangfu::registry
