// The figures of dispatch reports.
#include <algorithm>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "common/base/strings.h"
#include "services/evaluation/facts/snapshot_values.h"

namespace bangfu::evaluation {

void PutDispatch(const std::vector<v1::DispatchReport>& reports, const Moment& moment,
                 const Snapshot& s, Values& values) {
  std::set<std::string> taken;
  for (const FactValue& v : s.values) taken.insert(v.code);
  for (const v1::DispatchReport& report : reports) {
    const std::optional<absl::CivilMonth> month = ParseMonth(report.period());
    if (!month || absl::CivilDay(*month) > moment.as_of) continue;
    const absl::CivilDay end = std::min(absl::CivilDay(*month + 1) - 1, moment.as_of);
    for (const v1::DispatchFigure& f : report.figures()) {
      if (!taken.insert(f.code()).second) continue;
      values.Number(f.code(), f.unit(), FactSource::kDispatch, f.value(),
                    Cat("dispatch_report/", report.id()), end);
    }
  }
}

}  // namespace bangfu::evaluation
