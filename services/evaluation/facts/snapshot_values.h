// Values on their way into a snapshot, and those that are made alike for a project and an industry.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/time/civil_time.h"
#include "bangfu/evaluation/v1/fact.pb.h"
#include "bangfu/registry/v1/industry.pb.h"
#include "common/base/clock.h"
#include "common/base/strings.h"
#include "google/protobuf/timestamp.pb.h"
#include "services/evaluation/convert/evaluation_message.h"
#include "services/evaluation/domain/facts.h"
#include "services/evaluation/facts/moment.h"
#include "services/evaluation/facts/snapshot_builder.h"

namespace bangfu::evaluation {

inline std::optional<absl::CivilDay> Later(std::optional<absl::CivilDay> a,
                                           std::optional<absl::CivilDay> b) {
  if (!a) return b;
  if (!b) return a;
  return std::max(*a, *b);
}

// "asset/01…,02…,03…+4": enough to find the record, short enough to read.
template <typename List>
std::string Records(std::string_view type, const List& ids, std::string_view otherwise) {
  if (ids.empty()) return std::string(otherwise);
  std::string out = Cat(type, "/");
  int shown = 0;
  for (const auto& id : ids) {
    if (shown == 3) break;
    if (shown++ > 0) out += ",";
    out += id;
  }
  int more = static_cast<int>(ids.size()) - shown;
  return more > 0 ? Cat(out, "+", more) : out;
}

// A value on its way into the snapshot.
class Values {
 public:
  explicit Values(Snapshot& snapshot) : snapshot_(snapshot) {}

  void Number(std::string_view code, std::string_view unit, FactSource source,
              std::optional<int64_t> number, std::string record,
              std::optional<absl::CivilDay> as_of) {
    FactValue& v = Add(code, unit, source);
    if (!number) return;
    v.state = FactState::kPresent;
    v.number = *number;
    v.source_record = std::move(record);
    v.as_of = as_of;
  }
  void Category(std::string_view code, FactSource source, std::string_view category,
                std::string record, std::optional<absl::CivilDay> as_of) {
    FactValue& v = Add(code, "code", source);
    if (category.empty()) return;
    v.state = FactState::kPresent;
    v.category = category;
    v.source_record = std::move(record);
    v.as_of = as_of;
  }
  void NotApplicable(std::string_view code, std::string_view unit, FactSource source) {
    Add(code, unit, source).state = FactState::kNotApplicable;
  }
  void Evidence(std::string_view name, FactSource source, std::string record,
                std::optional<absl::CivilDay> as_of) {
    snapshot_.facts.evidence.push_back({std::string(name), source, std::move(record), as_of});
  }

 private:
  FactValue& Add(std::string_view code, std::string_view unit, FactSource source) {
    FactValue& v = snapshot_.values.emplace_back();
    v.code = code;
    v.unit = unit;
    v.source = source;
    v.state = FactState::kMissing;
    return v;
  }
  Snapshot& snapshot_;
};

// Chain links, short boards, brands and the leading industry (facts/development_values.cc).
bool BrandValid(const registry::v1::BrandCertification& brand, absl::CivilDay day);
void PutChain(const IndustryContext* industry, const std::map<std::string, std::string>& own,
              std::optional<absl::CivilDay> as_of, Snapshot& s, Values& values);
void PutShortBoards(const std::vector<registry::v1::ShortBoard>& boards,
                    const std::string& subject_record, std::optional<absl::CivilDay> as_of,
                    const Moment& moment, Snapshot& s, Values& values);
void PutBrands(const std::vector<const registry::v1::BrandCertification*>& brands,
               const std::string& subject_record, std::optional<absl::CivilDay> as_of,
               const Moment& moment, Values& values);
void PutLeading(const IndustryContext* industry, std::optional<absl::CivilDay> as_of,
                Values& values);

// What persons entered: scores of experts, arguments, appraisals (facts/entered_values.cc).
void PutEntered(const EnteredFacts& entered, const FactLimits& limits, const Moment& moment,
                Snapshot& s, Values& values);

// Dispatch reports (facts/dispatch_values.cc). Each figure as its newest report says, as of the end
// of that month. A code that the other sources fill is theirs: a report does not speak over them.
void PutDispatch(const std::vector<v1::DispatchReport>& reports, const Moment& moment,
                 const Snapshot& s, Values& values);

}  // namespace bangfu::evaluation
