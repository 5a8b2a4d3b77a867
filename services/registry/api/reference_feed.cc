#include "services/registry/api/reference_feed.h"

#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "bangfu/registry/v1/events.pb.h"
#include "common/base/digest.h"
#include "common/base/strings.h"
#include "common/blob/blob.h"
#include "common/contract/time.h"
#include "common/feed/outbox.h"
#include "common/status/macros.h"
#include "services/registry/api/convert.h"
#include "services/registry/api/reference_messages.h"
#include "services/registry/store/calendar_store.h"
#include "services/registry/store/code_list_store.h"
#include "services/registry/store/fund_source_store.h"
#include "services/registry/store/parameter_store.h"
#include "services/registry/store/published_store.h"
#include "services/registry/store/reference_id.h"
#include "services/registry/store/taxonomy_store.h"

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

// A number that is another one when the bytes are.
int64_t VersionOf(std::string_view bytes) {
  uint64_t out = 0;
  for (const char c : Sha256(bytes).substr(0, sizeof out)) {
    out = out << 8 | static_cast<unsigned char>(c);
  }
  return static_cast<int64_t>(out >> 1);  // never negative
}

// What has no versions, by kind and name: the events that tell the whole of it.
class Digested {
 public:
  static absl::StatusOr<Digested> Read(mysql::Executor& db, absl::Time now) {
    Digested out;
    ASSIGN_OR_RETURN(const std::string current, CurrentTaxonomy(db));
    ASSIGN_OR_RETURN(const std::vector<CategoryRow> categories, LoadCategories(db, ""));
    std::map<std::string, std::vector<v1::IndustryCategory>> versions;
    for (const CategoryRow& row : categories) {
      versions[row.taxonomy_version].push_back(CategoryMessage(row));
    }
    for (const auto& [version, all] : versions) {
      v1::IndustryCategoriesChanged event;
      event.set_current_taxonomy_version(current);
      for (const v1::IndustryCategory& one : all) *event.add_categories() = one;
      out.Add(kTaxonomyKind, version, "industry_category_batch", IdOfKey("taxonomy", version),
              event, now);
    }
    ASSIGN_OR_RETURN(const std::vector<WorkDayRow> days,
                     ListWorkDays(db, absl::CivilDay(2000, 1, 1), absl::CivilDay(2100, 12, 31)));
    std::map<int64_t, v1::WorkDaysChanged> years;
    for (const WorkDayRow& row : days) {
      *years[row.day.year()].add_days() = WorkDayMessage(row);
    }
    for (const auto& [year, event] : years) {
      // As the handler names a batch: by its first day.
      out.Add(kWorkDayKind, Cat(year), "work_day_batch",
              IdOfKey("work_day", absl::FormatCivilTime(*DayOf(event.days(0).date()))), event, now);
    }
    return out;
  }

  const std::vector<UnpublishedReference>& references() const { return references_; }
  const feed::OutboxEvent& EventOf(const UnpublishedReference& one) const {
    return events_.at({one.kind, one.name});
  }

 private:
  void Add(const std::string& kind, const std::string& name, std::string_view type, const Ulid& id,
           const google::protobuf::Message& event, absl::Time now) {
    references_.push_back({kind, name, VersionOf(event.SerializeAsString())});
    events_.emplace(std::pair(kind, name), feed::MakeEvent(type, id, "", event, now));
  }

  std::vector<UnpublishedReference> references_;
  std::map<std::pair<std::string, std::string>, feed::OutboxEvent> events_;
};

}  // namespace

absl::Status PublishChangedReferences(mysql::Session& session, absl::Time now) {
  ASSIGN_OR_RETURN(const auto versioned, ListUnpublished(session));
  if (versioned.empty()) {
    ASSIGN_OR_RETURN(const Digested digested, Digested::Read(session, now));
    ASSIGN_OR_RETURN(const auto others, KeepUnpublished(session, digested.references()));
    if (others.empty()) return absl::OkStatus();
  }
  return mysql::Transact(session, [&](mysql::Tx& tx) -> absl::Status {
    // Of processes that start at once, the first publishes. The events come after the locks, so
    // that they stand behind those of whoever changed the same rows before.
    RETURN_IF_ERROR(LockReferences(tx));
    ASSIGN_OR_RETURN(std::vector<UnpublishedReference> changed, ListUnpublished(tx));
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
    ASSIGN_OR_RETURN(const Digested digested, Digested::Read(tx, now));
    ASSIGN_OR_RETURN(const auto others, KeepUnpublished(tx, digested.references()));
    for (const UnpublishedReference& one : others) events.push_back(digested.EventOf(one));
    changed.insert(changed.end(), others.begin(), others.end());
    RETURN_IF_ERROR(feed::PublishBatch(tx, events));
    return MarkPublished(tx, changed);
  });
}

}  // namespace bangfu::registry
