#include "services/evaluation/facts/measure_codes.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_split.h"
#include "bangfu/registry/v1/reference.pb.h"
#include "common/base/strings.h"
#include "common/contract/time.h"
#include "common/status/macros.h"
#include "services/evaluation/convert/evaluation_message.h"
#include "services/evaluation/store/reference_store.h"

namespace bangfu::evaluation {

namespace {

namespace reg = registry::v1;

std::string Attribute(const reg::Code& code, std::string_view name) {
  for (const reg::CodeAttribute& a : code.attributes()) {
    if (a.name() == name) return a.value();
  }
  return "";
}

std::vector<std::string> List(const std::string& text) {
  return absl::StrSplit(text, ',', absl::SkipEmpty());
}

bool InForce(const reg::Code& code, absl::CivilDay on) {
  const std::optional<absl::CivilDay> from = DayOf(code.valid_from());
  const std::optional<absl::CivilDay> to = DayOf(code.valid_to());
  return !(from && on < *from) && !(to && on > *to);
}

// Of a list, in its order.
absl::StatusOr<std::vector<reg::Code>> CodesOf(mysql::Executor& db, std::string_view list) {
  ASSIGN_OR_RETURN(std::vector<ReferenceRow> rows, LoadCodes(db, list));
  std::vector<reg::Code> out;
  for (const ReferenceRow& row : rows) {
    reg::Code code;
    if (code.ParseFromString(row.payload)) out.push_back(std::move(code));
  }
  std::stable_sort(out.begin(), out.end(),
                   [](const reg::Code& a, const reg::Code& b) { return a.sort() < b.sort(); });
  return out;
}

}  // namespace

absl::StatusOr<MeasureCatalogue> LoadMeasures(mysql::Executor& db, absl::CivilDay on) {
  MeasureCatalogue out;
  ASSIGN_OR_RETURN(std::vector<reg::Code> measures, CodesOf(db, "MEASURE"));
  for (const reg::Code& code : measures) {
    const std::optional<FourClass> four_class = ParseEnum<FourClass>(Attribute(code, "class"));
    if (!four_class || *four_class == FourClass::kUnspecified) continue;
    MeasureDef& m = out.measures.emplace_back();
    m.code = code.code();
    m.four_class = *four_class;
    if (m.four_class == FourClass::kRevitalize) {
      m.category = ParseEnum<RevitalizeCategory>(Attribute(code, "category"))
                       .value_or(RevitalizeCategory::kOther);
    }
    m.name_zh = code.name_zh();
    m.any_cause = Attribute(code, "any_cause") == "1";
    m.description_required = Attribute(code, "description_required") == "1";
    m.path = Attribute(code, "path");
    m.short_boards = List(Attribute(code, "short_boards"));
    if (const std::string list = Attribute(code, "parts"); !list.empty()) {
      ASSIGN_OR_RETURN(const std::vector<reg::Code> parts, CodesOf(db, list));
      for (const reg::Code& part : parts) {
        m.parts.push_back({part.code(), part.name_zh(), InForce(part, on)});
      }
    }
    m.in_force = InForce(code, on);
  }
  ASSIGN_OR_RETURN(std::vector<reg::Code> causes, CodesOf(db, "CAUSE"));
  for (const reg::Code& code : causes) {
    out.causes.push_back(
        {code.code(), code.name_zh(), List(Attribute(code, "measures")), InForce(code, on)});
  }
  ASSIGN_OR_RETURN(std::vector<reg::Code> reasons, CodesOf(db, "OVERRIDE_REASON"));
  for (const reg::Code& code : reasons) {
    out.override_reasons.push_back({code.code(), code.name_zh(), InForce(code, on)});
  }
  return out;
}

}  // namespace bangfu::evaluation
