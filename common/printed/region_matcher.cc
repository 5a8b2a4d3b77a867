#include "common/printed/region_matcher.h"

#include <algorithm>
#include <set>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "common/base/strings.h"
#include "common/base/text.h"
#include "common/printed/chinese.h"
#include "common/printed/villages.h"
#include "common/printed/vocabulary.h"

namespace bangfu::printed {
namespace {

// Longest first. What is left must have at least two characters, or the name keeps its ending
// (赣县).
constexpr std::string_view kCountyEndings[] = {
    "满族自治县", "回族自治县", "侗族自治县", "土家族自治县", "苗族自治县",
    "畲族自治县", "瑶族自治县", "自治县",     "自治州",       "地区",
    "市",         "县",         "区",         "州",           "盟"};
constexpr std::string_view kTownshipEndings[] = {"畲族乡", "民族乡", "街道办事处",
                                                 "街道",   "镇",     "乡"};
constexpr std::string_view kVillageOffices[] = {"村民委员会", "居民委员会", "村委会",
                                                "居委会",     "委员会",     "委会"};

bool Strip(std::string_view* name, std::string_view ending, size_t keep = 2) {
  if (!HasSuffix(*name, ending)) return false;
  const std::string_view left = name->substr(0, name->size() - ending.size());
  if (Utf8Length(left) < keep) return false;
  *name = left;
  return true;
}

// 团结村委会, 团结村村民委员会, 团结村 -> 团结村; 民巷社区居委会 -> 民巷社区.
std::string VillageKey(std::string_view key) {
  std::string_view name = key;
  for (std::string_view office : kVillageOffices) {
    if (!HasSuffix(name, office)) continue;
    name.remove_suffix(office.size());
    if (HasSuffix(name, "村") || HasSuffix(name, "社区") || HasSuffix(name, "居"))
      return std::string(name);
    return Cat(name, HasPrefix(office, "居") ? "社区" : "村");
  }
  return std::string(name);
}

std::string ExactKey(RegionLevel level, std::string_view name) {
  const std::string key = MatchKey(name);
  return level == RegionLevel::kVillage ? VillageKey(key) : key;
}

std::string ShortKey(RegionLevel level, std::string_view exact_key) {
  std::string_view name = exact_key;
  switch (level) {
    case RegionLevel::kProvince:
    case RegionLevel::kCity:
    case RegionLevel::kCounty:
      for (std::string_view ending : kCountyEndings) {
        if (Strip(&name, ending)) break;
      }
      if (level == RegionLevel::kProvince) ConsumeSuffix(&name, "省");
      break;
    case RegionLevel::kTownship:
      for (std::string_view ending : kTownshipEndings) {
        if (Strip(&name, ending)) break;
      }
      break;
    case RegionLevel::kVillage:
      if (!Strip(&name, "社区", 1)) Strip(&name, "村", 1);
      break;
  }
  return std::string(name);
}

bool LooksLikeZone(std::string_view name) {
  return ContainsAny(
      name, {"高新区", "经开区", "开发区", "新区", "高新技术", "管理区", "风景区", "风景名胜区",
             "示范区", "仙女湖", "垦殖场", "工业园", "产业园区", "新城"});
}

}  // namespace

std::string_view MatchGradeName(MatchGrade grade) {
  switch (grade) {
    case MatchGrade::kCode:
      return "CODE";
    case MatchGrade::kExact:
      return "EXACT";
    case MatchGrade::kAtYear:
      return "AT_YEAR";
    case MatchGrade::kSplitByTownship:
      return "SPLIT_BY_TOWNSHIP";
    case MatchGrade::kShort:
      return "SHORT";
    case MatchGrade::kMerged:
      return "MERGED";
    case MatchGrade::kZone:
      return "ZONE";
    case MatchGrade::kNone:
      return "NONE";
  }
  return "";
}

std::vector<RegionSuccessor> ParseSuccessors(std::string_view text) {
  std::vector<RegionSuccessor> out;
  for (absl::string_view part : absl::StrSplit(AbslView(text), ';', absl::SkipWhitespace())) {
    const std::string_view piece = StdView(part);
    RegionSuccessor s;
    std::string_view code = piece;
    if (const size_t p = piece.find('['); p != std::string_view::npos) {
      code = piece.substr(0, p);
      std::string_view year = piece.substr(p + 1);
      ConsumeSuffix(&year, "]");
      if (!ParseInt(year, &s.year)) continue;
    }
    auto normalized = NormalizeRegionCode(code);
    if (!normalized.ok()) continue;
    s.code = *std::move(normalized);
    out.push_back(std::move(s));
  }
  return out;
}

struct RegionMatcher::Impl {
  std::vector<RegionRow> regions;
  std::vector<RegionHistoryRow> history;
  absl::flat_hash_map<std::string, int> by_code;
  // Level digit + key -> indices into regions; history likewise.
  absl::flat_hash_map<std::string, std::vector<int>> exact, shorter, historic, historic_short;
  absl::flat_hash_map<std::string, std::vector<int>> historic_code;
  std::vector<int> extensions;

  static std::string Key(RegionLevel level, std::string_view key) {
    return Cat(static_cast<int>(level), key);
  }

  const RegionRow* Find(std::string_view code) const {
    const auto it = by_code.find(AbslView(code));
    return it == by_code.end() ? nullptr : &regions[static_cast<size_t>(it->second)];
  }

  bool Within(const RegionRow& row, std::string_view ancestor) const {
    const RegionRow* r = &row;
    for (int guard = 0; r != nullptr && guard < 8; ++guard) {
      if (r->code == ancestor) return true;
      if (!r->is_extension) return RegionContains(ancestor, r->code);
      r = Find(r->parent_code);
    }
    return false;
  }

  std::string Path(std::string_view code) const {
    std::string out;
    const RegionRow* r = Find(code);
    for (int guard = 0; r != nullptr && guard < 8; ++guard) {
      out = Cat(r->name, out);
      r = Find(r->parent_code);
    }
    return out;
  }

  std::vector<const RegionRow*> Named(
      const absl::flat_hash_map<std::string, std::vector<int>>& index, RegionLevel level,
      std::string_view key, const std::vector<std::string>& within) const {
    std::vector<const RegionRow*> out;
    const auto it = index.find(Key(level, key));
    if (it == index.end()) return out;
    for (int i : it->second) {
      const RegionRow& row = regions[static_cast<size_t>(i)];
      if (within.empty() || std::any_of(within.begin(), within.end(),
                                        [&](const std::string& a) { return Within(row, a); })) {
        out.push_back(&row);
      }
    }
    return out;
  }

  // Today's codes behind a code of the past: `main` where the unit went when it ended, `parts`
  // where pieces went after `year` (0 = any time) and before its end.
  void Resolve(std::string_view code, int year, std::set<std::string>* main,
               std::set<std::string>* parts, int depth = 0) const {
    if (depth > 12) return;
    const auto it = historic_code.find(AbslView(code));
    const bool current = Find(code) != nullptr;
    if (it == historic_code.end()) {
      if (current) main->insert(std::string(code));
      return;
    }
    // One code may have been used by several units one after the other.
    const RegionHistoryRow* row = nullptr;
    for (int i : it->second) {
      const RegionHistoryRow& h = history[static_cast<size_t>(i)];
      const bool fits = year == 0 ? h.end_year == 0
                                  : h.start_year <= year && (h.end_year == 0 || year <= h.end_year);
      if (fits || row == nullptr) row = &h;
      if (fits) break;
    }
    Follow(*row, year, main, parts, depth);
  }

  void Follow(const RegionHistoryRow& row, int year, std::set<std::string>* main,
              std::set<std::string>* parts, int depth) const {
    if (row.end_year == 0) {
      if (Find(row.code) != nullptr) main->insert(row.code);
    }
    for (const RegionSuccessor& s : row.successors) {
      if (s.year != 0) {
        if (year == 0 || year <= s.year) {
          std::set<std::string> ignored;
          // What it went to may since have got another code.
          Resolve(s.code, s.year, parts, &ignored, depth + 1);
        }
      } else if (s.code == row.code && Find(row.code) != nullptr) {
        main->insert(row.code);  // a new name under the same code
      } else {
        Resolve(s.code, row.end_year, main, parts, depth + 1);
      }
    }
  }
};

RegionMatcher::RegionMatcher(std::vector<RegionRow> regions,
                             std::vector<RegionHistoryRow> history) {
  auto impl = std::make_unique<Impl>();
  impl->regions = std::move(regions);
  impl->history = std::move(history);
  impl->by_code.reserve(impl->regions.size());
  impl->exact.reserve(impl->regions.size());
  for (size_t i = 0; i < impl->regions.size(); ++i) {
    const RegionRow& row = impl->regions[i];
    const int index = static_cast<int>(i);
    impl->by_code.emplace(row.code, index);
    const std::string key = ExactKey(row.level, row.name);
    impl->exact[Impl::Key(row.level, key)].push_back(index);
    impl->shorter[Impl::Key(row.level, ShortKey(row.level, key))].push_back(index);
    if (row.is_extension) impl->extensions.push_back(index);
  }
  for (size_t i = 0; i < impl->history.size(); ++i) {
    const RegionHistoryRow& row = impl->history[i];
    const std::string key = ExactKey(row.level, row.name);
    impl->historic[Impl::Key(row.level, key)].push_back(static_cast<int>(i));
    impl->historic_short[Impl::Key(row.level, ShortKey(row.level, key))].push_back(
        static_cast<int>(i));
    impl->historic_code[row.code].push_back(static_cast<int>(i));
  }
  impl_ = std::move(impl);
}

RegionMatcher::~RegionMatcher() = default;

std::string RegionMatcher::PathName(std::string_view code) const { return impl_->Path(code); }

RegionMatch RegionMatcher::Match(const RegionQuery& query) const {
  const Impl& im = *impl_;
  RegionMatch out;
  std::vector<std::string> notes;
  const auto finish = [&](std::string reason, std::string explanation) -> RegionMatch& {
    out.reason = std::move(reason);
    notes.push_back(std::move(explanation));
    out.explanation_zh = absl::StrJoin(notes, "；");
    return out;
  };
  const auto worsen = [&](MatchGrade grade) {
    if (out.grade == MatchGrade::kNone || grade > out.grade) out.grade = grade;
  };
  const auto add_candidates = [&](const std::vector<const RegionRow*>& rows, MatchGrade grade) {
    for (const RegionRow* row : rows) {
      if (out.candidates.size() < 20)
        out.candidates.push_back({row->code, im.Path(row->code), grade});
    }
  };
  const auto none = [&](std::string reason, std::string explanation) -> RegionMatch& {
    out.grade = MatchGrade::kNone;
    out.code.clear();
    out.ask = true;
    out.complete = false;
    return finish(std::move(reason), std::move(explanation));
  };

  // ---- a code ----
  const std::string code_text = Normalize(WithoutFormulaGuard(query.code));
  if (!code_text.empty()) {
    if (IsDamagedCode(code_text)) {
      return none("CODE_DAMAGED",
                  Cat("代码「", query.code, "」已被表格软件改成科学计数法，请按文本重新填写"));
    }
    auto code = NormalizeRegionCode(code_text);
    const RegionRow* row = code.ok() ? im.Find(*code) : im.Find(code_text);
    if (row != nullptr) {
      out.grade = MatchGrade::kCode;
      out.code = row->code;
      out.level = row->level;
      out.candidates.push_back({row->code, im.Path(row->code), MatchGrade::kCode});
      // The names beside it must not say something else.
      const std::string path = MatchKey(im.Path(row->code));
      const std::string& name = !query.village.empty()    ? query.village
                                : !query.township.empty() ? query.township
                                                          : query.county;
      const RegionLevel level = !query.village.empty()    ? RegionLevel::kVillage
                                : !query.township.empty() ? RegionLevel::kTownship
                                                          : RegionLevel::kCounty;
      if (!name.empty() && row->level >= level &&
          !StrContains(path, ShortKey(level, ExactKey(level, name)))) {
        out.complete = false;
        return finish("CODE_NAME_DIFFER",
                      Cat("代码是", im.Path(row->code), "，名称写的是", name, "，请确认"));
      }
      out.complete = name.empty() || row->level >= level;
      out.ask = !out.complete;
      return finish("", Cat("按代码匹配：", im.Path(row->code)));
    }
    if (code.ok() && im.historic_code.contains(*code)) {
      std::set<std::string> main, parts;
      im.Resolve(*code, query.year.value_or(0), &main, &parts);
      std::vector<const RegionRow*> rows;
      for (const std::string& c : main) {
        if (const RegionRow* r = im.Find(c)) rows.push_back(r);
      }
      add_candidates(rows, MatchGrade::kAtYear);
      if (rows.size() == 1) {
        out.grade = MatchGrade::kAtYear;
        out.code = rows[0]->code;
        out.level = rows[0]->level;
        out.complete = query.township.empty() && query.village.empty();
        out.ask = !out.complete;
        return finish("", Cat("旧代码 ", *code, " 现为 ", rows[0]->code, " ", rows[0]->name));
      }
      if (query.county.empty())
        return none("COUNTY_AMBIGUOUS", Cat("旧代码 ", *code, " 对应多个现行区划，请选择"));
      out.candidates.clear();
    } else if (query.county.empty()) {
      return none("CODE_UNKNOWN", Cat("代码「", query.code, "」不在区划表内"));
    } else {
      notes.push_back(Cat("代码「", query.code, "」不在区划表内，改按名称匹配"));
    }
  }

  // ---- province ----
  std::vector<std::string> within;
  if (!query.province.empty()) {
    const std::string key = ExactKey(RegionLevel::kProvince, query.province);
    auto rows = im.Named(im.exact, RegionLevel::kProvince, key, {});
    if (rows.empty())
      rows =
          im.Named(im.shorter, RegionLevel::kProvince, ShortKey(RegionLevel::kProvince, key), {});
    if (rows.empty()) return none("OTHER_PROVINCE", Cat(query.province, "不在本省范围内"));
    within = {rows[0]->code};
    out.code = rows[0]->code;
    out.level = RegionLevel::kProvince;
    worsen(MatchGrade::kExact);
  }
  // ---- city ----
  const int year = query.year.value_or(0);
  if (!query.city.empty()) {
    const std::string key = ExactKey(RegionLevel::kCity, query.city);
    MatchGrade grade = MatchGrade::kExact;
    auto rows = im.Named(im.exact, RegionLevel::kCity, key, within);
    if (rows.empty()) {
      rows = im.Named(im.shorter, RegionLevel::kCity, ShortKey(RegionLevel::kCity, key), within);
      grade = MatchGrade::kShort;
    }
    if (rows.size() == 1) {
      within = {rows[0]->code};
      out.code = rows[0]->code;
      out.level = RegionLevel::kCity;
      worsen(grade);
    } else if (im.historic.contains(Impl::Key(RegionLevel::kCity, key))) {
      notes.push_back(Cat(query.city, "为原地区名称"));
    } else {
      return none("CITY_UNKNOWN", Cat("找不到", query.city, "，可能不在本省"));
    }
  }

  // ---- county ----
  std::vector<std::string> counties, part_counties;
  MatchGrade county_grade = MatchGrade::kExact;
  if (!query.county.empty()) {
    const std::string key = ExactKey(RegionLevel::kCounty, query.county);
    auto rows = im.Named(im.exact, RegionLevel::kCounty, key, within);
    std::erase_if(rows, [](const RegionRow* r) { return r->is_extension; });
    for (const RegionRow* row : rows) {
      counties.push_back(row->code);
      std::set<std::string> main, parts;
      if (year != 0) im.Resolve(row->code, year, &main, &parts);
      for (const std::string& part : parts) {
        if (part != row->code) part_counties.push_back(part);
      }
    }
    if (counties.empty()) {
      // The name of that year, or of any time when the year is not known.
      const auto by_history = [&](const absl::flat_hash_map<std::string, std::vector<int>>& index,
                                  std::string_view k) {
        std::set<std::string> main, parts;
        const auto it = index.find(Impl::Key(RegionLevel::kCounty, k));
        if (it == index.end()) return;
        for (bool strict : {true, false}) {
          for (int i : it->second) {
            const RegionHistoryRow& h = im.history[static_cast<size_t>(i)];
            const bool fits =
                year == 0 || (h.start_year <= year && (h.end_year == 0 || year <= h.end_year));
            if (strict && !fits) continue;
            std::set<std::string> m, p;
            im.Follow(h, year != 0 && fits ? year : h.end_year, &m, &p, 0);
            for (const std::string& c : m) {
              const RegionRow* r = im.Find(c);
              if (r != nullptr && (within.empty() || std::any_of(within.begin(), within.end(),
                                                                 [&](const std::string& a) {
                                                                   return im.Within(*r, a);
                                                                 }))) {
                main.insert(c);
              }
            }
            parts.insert(p.begin(), p.end());
          }
          if (!main.empty()) {
            if (!strict)
              notes.push_back(Cat(query.county, "在", year, "年不是现用名称，按曾用名匹配"));
            break;
          }
        }
        counties.assign(main.begin(), main.end());
        for (const std::string& part : parts) {
          if (!main.contains(part)) part_counties.push_back(part);
        }
      };
      by_history(im.historic, key);
      if (!counties.empty()) {
        county_grade = MatchGrade::kAtYear;
        std::vector<std::string> names;
        for (const std::string& c : counties) names.push_back(Cat(c, " ", im.Find(c)->name));
        notes.push_back(Cat("曾用名", query.county, "，现为", absl::StrJoin(names, "、")));
      } else {
        auto short_rows =
            im.Named(im.shorter, RegionLevel::kCounty, ShortKey(RegionLevel::kCounty, key), within);
        std::erase_if(short_rows, [](const RegionRow* r) { return r->is_extension; });
        for (const RegionRow* row : short_rows) counties.push_back(row->code);
        if (counties.empty()) by_history(im.historic_short, ShortKey(RegionLevel::kCounty, key));
        if (!counties.empty()) {
          county_grade = MatchGrade::kShort;
          notes.push_back(Cat("按简称匹配：", query.county, " = ", im.Find(counties[0])->name));
        }
      }
    }
    if (counties.empty()) {
      std::vector<const RegionRow*> zones;
      for (int i : im.extensions) {
        const RegionRow& row = im.regions[static_cast<size_t>(i)];
        if (StrContains(MatchKey(row.name), key) && (within.empty() || im.Within(row, within[0]))) {
          zones.push_back(&row);
        }
      }
      if (!zones.empty()) {
        for (const RegionRow* row : zones) counties.push_back(row->code);
        county_grade = MatchGrade::kZone;
        notes.push_back(Cat(query.county, "是功能区，按扩展区划匹配"));
      } else if (LooksLikeZone(key)) {
        out.code.clear();
        return finish(
            "ZONE_UNREGISTERED",
            (out.grade = MatchGrade::kZone,
             Cat(query.county, "是功能区，没有法定代码，请先登记为扩展区划或选择所在县（区）")));
      } else {
        return none("COUNTY_UNKNOWN", Cat("找不到", query.county));
      }
    }
    worsen(county_grade);
    if (counties.size() == 1) {
      out.code = counties[0];
      out.level = RegionLevel::kCounty;
    }
  }

  // ---- township ----
  std::vector<std::string> townships;
  const std::vector<std::string>& township_scope = counties.empty() ? within : counties;
  if (!query.township.empty()) {
    const std::string key = ExactKey(RegionLevel::kTownship, query.township);
    MatchGrade grade = MatchGrade::kExact;
    auto rows = im.Named(im.exact, RegionLevel::kTownship, key, township_scope);
    if (rows.empty() && !part_counties.empty())
      rows = im.Named(im.exact, RegionLevel::kTownship, key, part_counties);
    if (rows.empty()) {
      const std::string shorter = ShortKey(RegionLevel::kTownship, key);
      rows = im.Named(im.shorter, RegionLevel::kTownship, shorter, township_scope);
      if (rows.empty() && !part_counties.empty())
        rows = im.Named(im.shorter, RegionLevel::kTownship, shorter, part_counties);
      grade = MatchGrade::kShort;
    }
    if (rows.empty()) {
      for (const std::string& c : counties) out.candidates.push_back({c, im.Path(c), county_grade});
      if (counties.size() == 1) {
        out.code = counties[0];
        out.level = RegionLevel::kCounty;
        return finish("TOWNSHIP_UNKNOWN",
                      Cat("在", im.Path(counties[0]), "找不到", query.township, "，请选择"));
      }
      return none("TOWNSHIP_UNKNOWN", Cat("找不到", query.township, "，请选择"));
    }
    if (rows.size() > 1) {
      add_candidates(rows, grade);
      out.code.clear();
      return finish("TOWNSHIP_AMBIGUOUS", Cat(query.township, "在多处重名，请选择"));
    }
    if (counties.size() > 1) {
      worsen(MatchGrade::kSplitByTownship);
      notes.push_back(Cat("由", query.township, "确定为",
                          im.Path(RegionAncestor(rows[0]->code, RegionLevel::kCounty))));
    }
    if (grade == MatchGrade::kShort)
      notes.push_back(Cat("按简称匹配：", query.township, " = ", rows[0]->name));
    worsen(grade);
    townships = {rows[0]->code};
    out.code = rows[0]->code;
    out.level = RegionLevel::kTownship;
  } else if (counties.size() > 1 && query.village.empty()) {
    for (const std::string& c : counties) out.candidates.push_back({c, im.Path(c), county_grade});
    out.code.clear();
    return finish("COUNTY_AMBIGUOUS", Cat(query.county, "对应多个现行县（市、区），请补充乡镇"));
  }

  // ---- village ----
  if (!query.village.empty()) {
    const std::vector<std::string>& scope = !townships.empty() ? townships : township_scope;
    std::string key = ExactKey(RegionLevel::kVillage, query.village);
    MatchGrade grade = MatchGrade::kExact;
    auto rows = im.Named(im.exact, RegionLevel::kVillage, key, scope);
    if (rows.empty()) {
      rows =
          im.Named(im.shorter, RegionLevel::kVillage, ShortKey(RegionLevel::kVillage, key), scope);
      grade = MatchGrade::kShort;
    }
    if (rows.empty()) {
      // A village that was merged: 原东联村与原梨园村 -> 东联村, or a row of the history.
      std::set<std::string> found;
      for (const PlaceName& place : SplitVillages(query.village).names) {
        const std::string part = ExactKey(RegionLevel::kVillage, place.name);
        for (const RegionRow* r : im.Named(im.exact, RegionLevel::kVillage, part, scope))
          found.insert(r->code);
        const auto it = im.historic.find(Impl::Key(RegionLevel::kVillage, part));
        if (it == im.historic.end()) continue;
        for (int i : it->second) {
          std::set<std::string> m, p;
          im.Follow(im.history[static_cast<size_t>(i)], year, &m, &p, 0);
          for (const std::string& c : m) {
            const RegionRow* r = im.Find(c);
            if (r != nullptr && std::any_of(scope.begin(), scope.end(),
                                            [&](const std::string& a) { return im.Within(*r, a); }))
              found.insert(c);
          }
        }
      }
      for (const std::string& c : found) rows.push_back(im.Find(c));
      grade = MatchGrade::kMerged;
    }
    if (rows.empty()) {
      if (!out.code.empty()) {
        out.candidates.push_back({out.code, im.Path(out.code), out.grade});
        return finish("VILLAGE_UNKNOWN",
                      Cat("在", im.Path(out.code), "找不到", query.village, "，请选择"));
      }
      return none("VILLAGE_UNKNOWN", Cat("找不到", query.village, "，请选择"));
    }
    if (rows.size() > 1) {
      add_candidates(rows, grade);
      out.code = townships.empty() ? (counties.size() == 1 ? counties[0] : "") : townships[0];
      return finish("VILLAGE_AMBIGUOUS", Cat(query.village, "有", rows.size(), "处同名，请选择"));
    }
    if (counties.size() > 1 && townships.empty()) worsen(MatchGrade::kSplitByTownship);
    worsen(grade);
    out.code = rows[0]->code;
    out.level = RegionLevel::kVillage;
    if (grade == MatchGrade::kShort)
      notes.push_back(Cat("按简称匹配：", query.village, " = ", rows[0]->name));
    if (grade == MatchGrade::kMerged) {
      out.candidates.push_back({out.code, im.Path(out.code), grade});
      return finish("", Cat("撤并村：", query.village, " → ", im.Path(out.code), "，请确认"));
    }
    // Without a township the name alone carries the match: it must be unique in a county.
    if (townships.empty() && counties.empty()) {
      out.candidates.push_back({out.code, im.Path(out.code), grade});
      return finish("VILLAGE_AMBIGUOUS", Cat("只写了村名，推得", im.Path(out.code), "，请确认"));
    }
  }
  if (out.code.empty()) return none("NOTHING_GIVEN", "没有写明地点");
  out.candidates.insert(out.candidates.begin(), {out.code, im.Path(out.code), out.grade});
  out.complete = true;
  out.ask = false;
  // A province or a city says where the paper comes from, not where the project is.
  return finish("", Cat("匹配为", im.Path(out.code)));
}

}  // namespace bangfu::printed
