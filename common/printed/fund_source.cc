#include "common/printed/fund_source.h"

#include <algorithm>
#include <set>

#include "absl/strings/str_replace.h"
#include "common/base/strings.h"
#include "common/printed/chinese.h"

namespace bangfu::printed {
namespace {

const std::vector<std::string>& BridgeCodes() {
  static const auto* const codes = new std::vector<std::string>{"BRIDGE_CENTRAL", "BRIDGE_PROVINCE",
                                                                "BRIDGE_CITY", "BRIDGE_COUNTY"};
  return *codes;
}

// The levels of government that the text names, as BRIDGE_… codes in order.
std::vector<std::string> LevelsIn(std::string_view text) {
  std::set<int> levels;
  if (ContainsAny(text, {"中央", "国家级", "国家财政"})) levels.insert(0);
  if (ContainsAny(text, {"省级", "省财政", "省衔接", "省本级", "自治区", "省专项"}) ||
      HasPrefix(text, "省"))
    levels.insert(1);
  if (ContainsAny(text, {"市级", "市财政", "市衔接", "市本级", "州级", "设区市", "地级"}) ||
      HasPrefix(text, "市"))
    levels.insert(2);
  // 自治区财政 is no 区财政.
  const std::string lower = absl::StrReplaceAll(AbslView(text), {{"自治区", ""}});
  if (ContainsAny(lower,
                  {"县级", "县财政", "县衔接", "县本级", "区级", "区本级", "区财政", "县配套"}) ||
      HasPrefix(text, "县"))
    levels.insert(3);
  // 市、县两级; 地县配套
  for (std::string_view mark : {"两级", "三级", "配套"}) {
    const size_t p = text.find(mark);
    if (p == std::string_view::npos) continue;
    std::string_view before = text.substr(0, p);
    while (true) {
      if (ConsumeSuffix(&before, "县") || ConsumeSuffix(&before, "区"))
        levels.insert(3);
      else if (ConsumeSuffix(&before, "市") || ConsumeSuffix(&before, "地") ||
               ConsumeSuffix(&before, "州"))
        levels.insert(2);
      else if (ConsumeSuffix(&before, "省"))
        levels.insert(1);
      else if (!ConsumeSuffix(&before, "、"))
        break;
    }
  }
  std::vector<std::string> out;
  for (int level : levels) out.push_back(BridgeCodes()[static_cast<size_t>(level)]);
  return out;
}

void Classify(DeclaredSource* source, const std::vector<SourceSynonym>& synonyms) {
  const std::string full = Normalize(source->raw);
  const std::string text = WithoutBrackets(full);
  if (ContainsAny(full, {"少数民族", "民族发展"})) source->task_code = "ETHNIC";
  if (StrContains(full, "以工代赈")) source->task_code = "WORK_RELIEF";
  if (StrContains(full, "国有林场")) source->task_code = "STATE_FOREST";
  if (StrContains(full, "国有农场")) source->task_code = "STATE_FARM";
  for (const SourceSynonym& synonym : synonyms) {
    if (!std::all_of(synonym.words.begin(), synonym.words.end(),
                     [&](const std::string& word) { return ContainsAny(text, {word}); })) {
      continue;
    }
    source->source_code = synonym.code;
    source->proposals = synonym.proposals;
    if (synonym.code != "BRIDGE") return;
    // Bridging funds: the level of government makes the code; without exactly one it is asked.
    std::vector<std::string> levels = LevelsIn(text);
    source->source_code = levels.size() == 1 ? levels[0] : "";
    source->proposals = levels.size() == 1 ? std::vector<std::string>{}
                        : levels.empty()   ? BridgeCodes()
                                           : levels;
    return;
  }
  source->proposals = LevelsIn(text);
  source->proposals.push_back("OTHER");
}

bool OnlyLevel(std::string_view text) {
  for (std::string_view level :
       {"中央", "省", "市", "县", "区", "地", "州", "自治区", "省级", "市级"}) {
    if (text == level) return true;
  }
  return false;
}

bool IsDocumentNumber(std::string_view text) {
  if (!ConsumeSuffix(&text, "号") || text.empty()) return false;
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

}  // namespace

const std::vector<SourceSynonym>& DefaultSourceSynonyms() {
  static const auto* const synonyms = new std::vector<SourceSynonym>{
      {{"彩票公益金"}, "LOTTERY", {}},
      {{"福彩"}, "LOTTERY", {}},
      {{"债券"}, "GOV_BOND", {}},
      {{"地方债"}, "GOV_BOND", {}},
      {{"专项债"}, "GOV_BOND", {}},
      {{"东西部"}, "EAST_WEST", {}},
      {{"扶贫协作"}, "EAST_WEST", {}},
      {{"沪滇"}, "EAST_WEST", {}},
      {{"闽宁"}, "EAST_WEST", {}},
      {{"对口支援"}, "", {"EAST_WEST", "PAIRED_ASSIST"}},
      {{"对口帮扶"}, "", {"EAST_WEST", "PAIRED_ASSIST"}},
      {{"定点帮扶"}, "PAIRED_ASSIST", {}},
      {{"结对帮扶"}, "PAIRED_ASSIST", {}},
      {{"帮扶单位"}, "PAIRED_ASSIST", {}},
      {{"处置收入"}, "DISPOSAL_PROCEEDS", {}},
      {{"权益本金"}, "EQUITY_PRINCIPAL", {}},
      {{"捐赠"}, "SOCIAL_DONATION", {}},
      {{"捐资"}, "SOCIAL_DONATION", {}},
      {{"整合", "涉农"}, "INTEGRATED_AGRI", {}},
      {{"整合部门"}, "INTEGRATED_AGRI", {}},
      {{"统筹整合"}, "INTEGRATED_AGRI", {}},
      {{"整合资金"}, "INTEGRATED_AGRI", {}},
      {{"结余"},
       "",
       {"BRIDGE_CENTRAL", "BRIDGE_PROVINCE", "BRIDGE_CITY", "BRIDGE_COUNTY", "OTHER"}},
      {{"衔接"}, "BRIDGE", {}},
      {{"专项扶贫"}, "LEGACY_SPECIAL", {}},
      {{"扶贫资金"}, "LEGACY_SPECIAL", {}},
      {{"扶贫专项"}, "LEGACY_SPECIAL", {}},
      {{"扶贫发展资金"}, "LEGACY_SPECIAL", {}},
      {{"自筹"}, "SELF_RAISED", {}},
      {{"筹资"}, "SELF_RAISED", {}},
      {{"入股"}, "SELF_RAISED", {}},
      {{"集体出资"}, "SELF_RAISED", {}},
      {{"村民出资"}, "SELF_RAISED", {}},
      {{"企业投资"}, "SELF_RAISED", {}},
      {{"企业出资"}, "SELF_RAISED", {}},
      {{"业主投资"}, "SELF_RAISED", {}},
      {{"社会资本"}, "SELF_RAISED", {}},
      {{"贷款"}, "BANK_CREDIT", {}},
      {{"授信"}, "BANK_CREDIT", {}},
      {{"信贷"}, "BANK_CREDIT", {}},
      {{"少数民族"}, "", {"BRIDGE_CENTRAL", "BRIDGE_PROVINCE"}},
      {{"民族发展"}, "", {"BRIDGE_CENTRAL", "BRIDGE_PROVINCE"}},
      {{"以工代赈"}, "", {"BRIDGE_CENTRAL", "BRIDGE_PROVINCE"}},
      {{"其他资金"}, "OTHER", {}},
      {{"多方筹措"}, "OTHER", {}},
  };
  return *synonyms;
}

DeclaredSources ParseFundSources(std::string_view cell, const UnitContext& context,
                                 const std::vector<SourceSynonym>& synonyms) {
  DeclaredSources out;
  const std::string text = Normalize(WithoutFormulaGuard(cell));
  if (text.empty() || text == "-" || text == "/" || text == "无") return out;
  const bool unsplit = ContainsAny(text, {"未分摊", "全项目", "全表"});
  std::vector<std::string> pieces;
  for (std::string& piece :
       SplitOutsideBrackets(text, {"、", ",", ";", "+", "\n", "\r", "。", " "})) {
    const bool joins = IsDocumentNumber(piece) || HasPrefix(piece, "每") ||
                       HasPrefix(piece, "本次安排") || HasPrefix(piece, "其中");
    if (!pieces.empty() && (joins || OnlyLevel(pieces.back()))) {
      absl::StrAppend(&pieces.back(),
                      OnlyLevel(pieces.back()) || IsDocumentNumber(piece) ? "、" : ",", piece);
    } else {
      pieces.push_back(std::move(piece));
    }
  }
  for (const std::string& piece : pieces) {
    DeclaredSource source;
    source.raw = piece;
    if (HasSuffix(piece, "等")) out.incomplete = true;
    Classify(&source, synonyms);
    const AllocationFigures figures = ParseAllocation(piece);
    if (figures.allocation.has_value()) {
      source.amount = *figures.allocation;
      source.amount.raw = piece;
      source.this_allocation = true;
    } else {
      // Only figures that carry their unit: the rest are years and document numbers.
      source.amount = ParseAmount(piece);
      const bool has_unit = source.amount.unit_source == UnitSource::kCell;
      if (!has_unit && source.amount.state != ParseState::kMasked && !source.amount.refused) {
        source.amount = Amount{};
        source.amount.raw = piece;
        if (pieces.size() == 1 && !context.header.empty()) {
          Amount bare = ParseAmount(piece, context);
          if (bare.state != ParseState::kAbsent) source.amount = std::move(bare);
        }
      }
    }
    if (unsplit && source.amount.fen.has_value()) {
      source.amount.state = ParseState::kSplitUnknown;
      source.amount.programme_fen = source.amount.fen;
      source.amount.fen.reset();
      source.amount.note_zh = "原文是整个项目（批次）的金额，本行份额未写明";
    }
    out.items.push_back(std::move(source));
  }
  return out;
}

DeclaredSource ParseFundColumn(std::string_view header, std::string_view cell,
                               std::string_view title, const std::vector<SourceSynonym>& synonyms) {
  DeclaredSource source;
  source.raw = Normalize(header);
  Classify(&source, synonyms);
  source.amount = ParseAmount(cell, {header, title});
  return source;
}

}  // namespace bangfu::printed
