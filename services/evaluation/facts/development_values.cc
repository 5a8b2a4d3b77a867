// Chain links, short boards, brands and the leading industry: the same for a project and an
// industry.
#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "common/base/bp.h"
#include "common/base/strings.h"
#include "common/contract/time.h"
#include "services/evaluation/convert/evaluation_message.h"
#include "services/evaluation/facts/snapshot_values.h"

namespace bangfu::evaluation {

namespace reg = registry::v1;

bool BrandValid(const reg::BrandCertification& b, absl::CivilDay day) {
  std::optional<absl::CivilDay> from = DayOf(b.valid_from());
  std::optional<absl::CivilDay> expires = DayOf(b.expires_on());
  std::optional<absl::CivilDay> ended = DayOf(b.ended_on());
  return !(from && *from > day) && !(expires && *expires < day) && !(ended && *ended <= day);
}

void PutChain(const IndustryContext* industry, const std::map<std::string, std::string>& own,
              std::optional<absl::CivilDay> as_of, Snapshot& s, Values& values) {
  if (industry == nullptr || industry->applicable_links.empty()) {
    values.Number("D1-01", "bp", FactSource::kRegistry, std::nullopt, "", as_of);
    return;
  }
  std::set<std::string> applicable(industry->applicable_links.begin(),
                                   industry->applicable_links.end());
  std::set<std::string> records;
  int64_t present = 0;
  for (const std::string& link : applicable) {
    auto mine = own.find(link);
    auto county = industry->present_links.find(link);
    if (mine != own.end()) {
      records.insert(mine->second);
    } else if (county != industry->present_links.end()) {
      records.insert(county->second);
    } else {
      s.facts.missing_links.push_back(link);
      if (const auto lapsed = industry->lapsed_links.find(link);
          lapsed != industry->lapsed_links.end()) {
        records.insert(lapsed->second.begin(), lapsed->second.end());
      }
      continue;
    }
    ++present;
  }
  std::string record = industry->taxonomy_record;
  for (const std::string& r : records) record += Cat(";", r);
  values.Number("D1-01", "bp", FactSource::kRegistry,
                RatioBp(present, static_cast<int64_t>(applicable.size())), std::move(record),
                as_of);
}

void PutShortBoards(const std::vector<reg::ShortBoard>& boards, const std::string& subject_record,
                    std::optional<absl::CivilDay> as_of, const Moment& moment, Snapshot& s,
                    Values& values) {
  std::vector<std::string> ids;
  for (const reg::ShortBoard& b : boards) {
    std::optional<absl::CivilDay> completed = DayOf(b.completed_on());
    if (b.is_void() || (completed && *completed <= moment.as_of)) continue;
    ids.push_back(b.id());
    if (std::optional<ShortBoardKind> kind = ParseEnum<ShortBoardKind>(b.kind())) {
      s.facts.open_short_boards.push_back({b.id(), *kind, b.link_code()});
    }
  }
  std::sort(ids.begin(), ids.end());
  // The county verifies a subject with its short boards: none on record is none.
  values.Number("D1-04", "count", FactSource::kRegistry, static_cast<int64_t>(ids.size()),
                Records("short_board", ids, subject_record), as_of);
}

void PutBrands(const std::vector<const reg::BrandCertification*>& brands,
               const std::string& subject_record, std::optional<absl::CivilDay> as_of,
               const Moment& moment, Values& values) {
  std::set<std::string> ids;
  for (const reg::BrandCertification* b : brands) {
    if (BrandValid(*b, moment.as_of)) ids.insert(b->id());
  }
  values.Number("D1-05", "count", FactSource::kRegistry, static_cast<int64_t>(ids.size()),
                Records("brand_certification", ids, subject_record), as_of);
}

void PutLeading(const IndustryContext* industry, std::optional<absl::CivilDay> as_of,
                Values& values) {
  if (industry == nullptr || !industry->known) {
    values.Category("D5-02", FactSource::kRegistry, "", "", as_of);
  } else if (!industry->leading_record.empty()) {
    values.Category("D5-02", FactSource::kRegistry, "LEADING", industry->leading_record, as_of);
  } else {
    values.Category("D5-02", FactSource::kRegistry, industry->speciality ? "LIST134" : "OTHER",
                    industry->taxonomy_record, as_of);
  }
}

}  // namespace bangfu::evaluation
