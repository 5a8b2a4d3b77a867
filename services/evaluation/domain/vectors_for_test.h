// The published vectors a–z of the decision model, as printed: raw values in code order, "–"
// missing, "n/a" not applicable.
#pragma once

#include <cstdlib>
#include <functional>
#include <string>
#include <vector>

#include "absl/strings/str_split.h"
#include "common/base/strings.h"
#include "services/evaluation/domain/baseline.h"
#include "services/evaluation/domain/facts.h"
#include "services/evaluation/domain/measures_for_test.h"

namespace bangfu::evaluation {

struct Vector {
  std::string name;
  std::function<void(Snapshot&)> facts;
  std::string inputs[5];
  std::string scores;  // "5520 5642 7800 7950 7900"; "–" none; "n/a"
  std::string total;
  std::string rule;
  Result result = Result::kUnspecified;
  std::string short_boards;  // kinds, "CHAIN:COLD_STORAGE"
  std::string measures;
  Result suggestion = Result::kUnspecified;
};

inline Snapshot SnapshotOf(const Vector& vector) {
  Snapshot s;
  s.subject_id = "01JD0000000000000000000000";
  s.period = "2026-Q3";
  s.period_end = absl::CivilDay(2026, 9, 30);
  s.stage = Stage::kOperating;
  s.county_verified = true;
  const CriteriaSet set = BaselineV1();
  for (int dimension = 1; dimension <= 5; ++dimension) {
    std::vector<std::string> tokens =
        absl::StrSplit(vector.inputs[dimension - 1], ' ', absl::SkipEmpty());
    size_t next = 0;
    for (const IndicatorDef& d : set.indicators) {
      if (d.dimension != Cat("D", dimension)) continue;
      std::string token = tokens.size() == 1 ? tokens[0] : tokens.at(next++);
      FactValue v;
      v.code = d.code;
      v.unit = d.unit;
      v.source = d.source;
      v.source_record = Cat("record/", d.code);
      v.as_of = absl::CivilDay(2026, 9, 30);
      if (token == "–") {
        v.state = FactState::kMissing;
      } else if (token == "n/a") {
        v.state = FactState::kNotApplicable;
      } else {
        v.state = FactState::kPresent;
        if (d.value_type == ValueType::kCategory) {
          v.category = token;
        } else {
          v.number = std::strtoll(token.c_str(), nullptr, 10);
        }
      }
      s.values.push_back(v);
    }
  }
  if (vector.facts) vector.facts(s);
  s.measures = MeasureOptions(ShippedCatalogue(), s.facts);
  return s;
}

inline std::vector<Vector> AllVectors() {
  using R = Result;
  auto idle = [](Snapshot& s) { s.stage = Stage::kIdle; };
  auto cold_store = [](Snapshot& s) { s.facts.missing_links = {"COLD_STORAGE"}; };
  const std::string good1 = "9000 8500 12000 0 2";
  const std::string good2 = "NORMAL 0 1200 3 3";
  const std::string good3 = "650 10000 10000";
  const std::string good4 = "3000 300000 10000 1500 3";
  const std::string good5 = "85 LEADING 85 NONE";
  const std::string idle1 = "6000 n/a n/a 3 0";
  const std::string idle4 = "1500 100000 n/a 100 1";
  return {
      {"a",
       [](Snapshot& s) { s.facts.cause = "CASHFLOW_MARKET"; },
       {"6000 4000 6000 1 1", "SUSPENDED 2 0 3 3", "400 9000 10000", "2000 200000 10000 500 2",
        "80 LEADING 80 YELLOW"},
       "5520 5642 7800 7950 7900",
       "6962",
       "G4",
       R::kRevitalize,
       "",
       "RENT_RELIEF CREDIT"},
      {"b",
       [=](Snapshot& s) {
         idle(s);
         s.facts.damaged_irreparable = true;
       },
       {good1, "SUSPENDED 1 1200 3 3", good3, good4, good5},
       "9380 6928 9700 8950 9025",
       "8797",
       "H1",
       R::kAdjust,
       "",
       "DISPOSE"},
      {"c",
       cold_store,
       {"7500 8500 12000 1 2", good2, good3, good4, good5},
       "8705 9820 9700 8950 9025",
       "9240",
       "G2",
       R::kUpgrade,
       "CHAIN:COLD_STORAGE FACILITY:COLD_STORAGE",
       "COLD_STORAGE FILL_SHORT_BOARD"},
      {"d",
       nullptr,
       {good1, good2, "– 10000 10000", good4, good5},
       "9380 9820 – 8950 9025",
       "–",
       "P1",
       R::kInsufficientData},
      {"e",
       cold_store,
       {"7500 8500 12000 1 2", good2, good3, good4, good5},
       "8705 9820 9700 8950 9025",
       "9240",
       "G2",
       R::kUpgrade,
       "CHAIN:COLD_STORAGE FACILITY:COLD_STORAGE",
       "COLD_STORAGE FILL_SHORT_BOARD"},
      {"f",
       nullptr,
       {good1, good2, good3, good4, good5},
       "9380 9820 9700 8950 9025",
       "9375",
       "G1",
       R::kConsolidate},
      {"g",
       nullptr,
       {good1, "NORMAL 0 300 3 3", good3, good4, good5},
       "9380 9160 9700 8950 9025",
       "9243",
       "G2",
       R::kUpgrade,
       "BENEFIT",
       "SALES_CHANNEL"},
      {"h",
       nullptr,
       {good1, good2, good3, "1200 60000 n/a 50 1", good5},
       "9380 9820 9700 4200 9025",
       "8425",
       "G2",
       R::kUpgrade,
       "LINKAGE"},
      {"i",
       nullptr,
       {good1, "NORMAL 0 100 3 3", good3, good4, "30 OTHER 45 ORANGE"},
       "9380 8920 9700 8950 3525",
       "8095",
       "G3",
       R::kUpgrade,
       "BENEFIT PROSPECT RESOURCE",
       "SALES_CHANNEL CHAIN_EXTENSION"},
      {"j",
       nullptr,
       {good1, "NORMAL 0 300 3 3", good3, good4, "85 LEADING 40 NONE"},
       "9380 9160 9700 8950 7900",
       "9018",
       "G3",
       R::kUpgrade,
       "BENEFIT RESOURCE",
       "SALES_CHANNEL"},
      {"k",
       [=](Snapshot& s) {
         idle(s);
         s.facts.no_revital_value = true;
         s.facts.appraisal_id = "appraisal-1";
         s.facts.appraisal_valid_until = absl::CivilDay(2027, 3, 31);
       },
       {idle1, "IDLE 14 n/a 2 2", "100 5000 4000", idle4, "60 LIST134 60 YELLOW"},
       "4600 2188 2310 5062 6150",
       "4062",
       "H2",
       R::kAdjust,
       "",
       "DISPOSE"},
      {"l",
       [](Snapshot& s) { s.facts.life_expired_share_bp = 8500; },
       {good1, "PARTIAL 0 100 3 3", "650 10000 3000", good4, good5},
       "9380 7170 7420 8950 9025",
       "8389",
       "H3",
       R::kAdjust,
       "",
       "DISPOSE"},
      {"m",
       [=](Snapshot& s) {
         idle(s);
         s.facts.tech_backward = true;
       },
       {"3000 n/a n/a 4 0", "IDLE 18 n/a 1 0", "0 0 2000", "200 0 n/a 0 1", "20 OTHER 40 ORANGE"},
       "2500 563 480 1125 3000",
       "1534",
       "H4",
       R::kAdjust,
       "",
       "CONVERT_MODE ATTRACT_INVEST LEASE_OUT"},
      {"n",
       [=](Snapshot& s) {
         idle(s);
         s.facts.tech_backward = true;
       },
       {"3000 n/a n/a 4 0", "IDLE 18 n/a 1 0", "0 0 2000", "1500 80000 n/a 0 2",
        "20 OTHER 40 ORANGE"},
       "2500 563 480 4988 3000",
       "2306",
       "G6",
       R::kManualReview,
       "",
       "",
       R::kAdjust},
      {"o",
       [=](Snapshot& s) {
         idle(s);
         s.facts.revitalise_feasible = Feasibility::kYes;
       },
       {idle1, "IDLE 8 n/a 2 2", "100 5000 4000", idle4, "45 OTHER 50 YELLOW"},
       "4600 2688 2310 5062 4850",
       "3902",
       "G5",
       R::kManualReview,
       "",
       "",
       R::kRevitalize},
      {"p",
       [=](Snapshot& s) {
         idle(s);
         s.facts.revitalise_feasible = Feasibility::kNo;
       },
       {idle1, "IDLE 8 n/a 2 2", "100 5000 4000", idle4, "75 LEADING 75 YELLOW"},
       "4600 2688 2310 5062 7575",
       "4447",
       "G6",
       R::kManualReview,
       "",
       "",
       R::kAdjust},
      {"q",
       [](Snapshot& s) {
         s.stage = Stage::kUnderConstruction;
         s.planned_end = s.period_end - 90;
         s.facts.has_operating_assets = false;
       },
       {"6000 n/a n/a 2 0", "NOT_STARTED n/a n/a 2 2", "n/a", "0 0 n/a – 2",
        "70 LIST134 70 ORANGE"},
       "5000 2917 n/a 1286 6200",
       "3851",
       "G4",
       R::kRevitalize},
      {"r",
       [](Snapshot& s) {
         s.stage = Stage::kUnderConstruction;
         s.planned_end = s.period_end + 60;
         s.facts.has_operating_assets = false;
       },
       {idle1, "NOT_STARTED n/a n/a 2 2", "n/a", idle4, "45 OTHER 50 YELLOW"},
       "– – – – –",
       "–",
       "E1",
       R::kNotApplicable},
      {"s",
       [](Snapshot& s) { s.county_verified = false; },
       {good1, good2, good3, good4, good5},
       "– – – – –",
       "–",
       "P0",
       R::kUnspecified},
      {"t",
       nullptr,
       {good1, "SEASONAL 5 1200 3 3", good3, good4, good5},
       "9380 8270 9700 8950 9025",
       "9065",
       "G1",
       R::kConsolidate},
      {"u",
       nullptr,
       {good1, "PARTIAL 3 1200 3 3", good3, good4, good5},
       "9380 7270 9700 8950 9025",
       "8865",
       "G4",
       R::kRevitalize},
      {"v",
       [=](Snapshot& s) {
         idle(s);
         s.facts.damaged_irreparable = true;
       },
       {idle1, "IDLE 9 n/a 2 2", "– 5000 4000", idle4, "– OTHER – YELLOW"},
       "4600 2563 – 5062 –",
       "–",
       "H1",
       R::kAdjust,
       "",
       "DISPOSE"},
      {"w",
       [](Snapshot& s) { s.facts.has_operating_assets = false; },
       {good1, good2, "n/a", good4, good5},
       "9380 9820 n/a 8950 9025",
       "9294",
       "G1",
       R::kConsolidate},
      {"x",
       nullptr,
       {"9000 7000 12000 0 2", "NORMAL 0 – 3 3", "650 9000 10000", good4, good5},
       "8930 10000 9100 8950 9025",
       "9201",
       "G1",
       R::kConsolidate},
      {"y",
       [](Snapshot& s) { s.facts.open_fund_case = true; },
       {good1, good2, good3, good4, good5},
       "9380 9820 9700 8950 9025",
       "9375",
       "G2",
       R::kUpgrade,
       "RISK"},
      {"z",
       nullptr,
       {good1, "NORMAL 0 – 3 3", "100 5000 6000", good4, good5},
       "9380 10000 2950 8950 9025",
       "8061",
       "G4",
       R::kRevitalize},
  };
}

inline Vector VectorNamed(const std::string& name) {
  for (const Vector& v : AllVectors()) {
    if (v.name == name) return v;
  }
  std::abort();
}

// The value with this code; adds one if there is none.
inline FactValue& ValueOf(Snapshot& s, const std::string& code) {
  for (FactValue& v : s.values) {
    if (v.code == code) return v;
  }
  FactValue& v = s.values.emplace_back();
  v.code = code;
  return v;
}

}  // namespace bangfu::evaluation
