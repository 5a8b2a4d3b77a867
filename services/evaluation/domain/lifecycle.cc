#include "services/evaluation/domain/lifecycle.h"

#include <algorithm>
#include <iterator>
#include <set>

#include "absl/strings/ascii.h"
#include "absl/strings/str_join.h"
#include "common/base/strings.h"
#include "common/base/text.h"
#include "common/status/error.h"
#include "common/status/macros.h"

namespace bangfu::evaluation {

namespace {

constexpr EnumEntry<ArgumentConclusion> kConclusions[] = {
    {ArgumentConclusion::kUnspecified, "UNSPECIFIED", "未定"},
    {ArgumentConclusion::kFeasible, "FEASIBLE", "可行"},
    {ArgumentConclusion::kNotFeasible, "NOT_FEASIBLE", "不可行"},
    {ArgumentConclusion::kClass, "CLASS", "认定类别"},
};
absl::Status ArgumentRequired(std::string_view why) {
  return FailedPrecondition("ARGUMENT_REQUIRED", why);
}

// The argument is there, is sound, is about this subject, and its panel stands by it.
absl::Status CheckArgument(const ArgumentRecord* argument, std::string_view subject_id,
                           std::string_view why, absl::CivilDay today) {
  if (argument == nullptr) return ArgumentRequired(why);
  RETURN_IF_ERROR(Validate(*argument, today));
  if (argument->subject_id != subject_id) {
    return FailedPrecondition("ARGUMENT_SUBJECT", "论证记录不是针对该对象的");
  }
  if (argument->state == ArgumentState::kWithdrawn) {
    return ArgumentRequired("所填论证已撤回，须另行论证");
  }
  if (argument->state == ArgumentState::kNotCarried) {
    return FailedPrecondition("ARGUMENT_UNSIGNED", "论证未获半数以上专家同意，须重新论证");
  }
  if (argument->state != ArgumentState::kSigned) {
    return FailedPrecondition("ARGUMENT_UNSIGNED", "论证专家尚未全部签字");
  }
  return absl::OkStatus();
}

// An argument may support `four_class` by naming it, or by its view on feasibility.
bool Supports(const ArgumentRecord& argument, FourClass four_class) {
  switch (argument.conclusion) {
    case ArgumentConclusion::kClass:
      return argument.four_class == four_class;
    case ArgumentConclusion::kFeasible:
      return four_class == FourClass::kRevitalize;
    case ArgumentConclusion::kNotFeasible:
      return four_class == FourClass::kAdjust;
    default:
      return false;
  }
}

absl::Status Contradicts() {
  return FailedPrecondition("ARGUMENT_CONTRADICTS", "论证结论与认定类别不一致");
}

absl::Status CheckAdjustArgument(const ArgumentRecord* argument, std::string_view subject_id,
                                 absl::CivilDay today) {
  RETURN_IF_ERROR(CheckArgument(argument, subject_id, "列入调整类须有论证记录", today));
  return Supports(*argument, FourClass::kAdjust) ? absl::OkStatus() : Contradicts();
}

// R037: what is to be built stands in the plan, not only that something is.
absl::Status CheckParts(const PlannedMeasure& m, const MeasureDef& def, std::string_view field) {
  if (def.parts.empty()) {
    if (m.parts.empty()) return absl::OkStatus();
    return InvalidField(field, Cat("措施“", def.name_zh, "”不分具体内容"));
  }
  if (m.parts.empty()) {
    std::vector<std::string> names;
    for (const MeasurePart& part : def.parts) {
      if (part.in_force) names.push_back(part.name_zh);
    }
    return InvalidField(field,
                        Cat("措施“", def.name_zh, "”须写明具体内容：", absl::StrJoin(names, "、")));
  }
  std::set<std::string_view> seen;
  for (size_t i = 0; i < m.parts.size(); ++i) {
    const auto found = std::find_if(def.parts.begin(), def.parts.end(), [&](const MeasurePart& p) {
      return p.in_force && p.code == m.parts[i];
    });
    const std::string at = Cat(field, "[", i, "]");
    if (found == def.parts.end()) {
      return InvalidField(at, Cat("措施“", def.name_zh, "”没有具体内容 ", m.parts[i]));
    }
    if (!seen.insert(m.parts[i]).second) return InvalidField(at, "具体内容重复");
  }
  return absl::OkStatus();
}

}  // namespace

std::span<const EnumEntry<ArgumentConclusion>> Entries(const ArgumentConclusion*) {
  return kConclusions;
}

absl::Status Validate(const ArgumentRecord& argument, absl::CivilDay today, int64_t panel_minimum) {
  std::set<std::string_view> persons;
  for (const std::string& person : argument.panel_person_ids) {
    if (!person.empty()) persons.insert(person);
  }
  panel_minimum = std::max<int64_t>(1, panel_minimum);
  if (static_cast<int64_t>(persons.size()) < panel_minimum) {
    return InvalidField("panel_person_ids", Cat("论证小组至少", panel_minimum, "名不同的成员"));
  }
  if (argument.subject_id.empty()) return InvalidField("subject_id", "没有论证对象");
  if (argument.date > today) return InvalidField("date", "论证日期不能晚于今天");
  if (argument.conclusion == ArgumentConclusion::kUnspecified) {
    return InvalidField("conclusion", "没有论证结论");
  }
  bool names = argument.four_class != FourClass::kUnspecified;
  if (names != (argument.conclusion == ArgumentConclusion::kClass)) {
    return InvalidField("four_class", "结论为认定类别时须注明类别，其他结论不注明");
  }
  if (absl::StripAsciiWhitespace(argument.opinion).empty()) {
    return InvalidField("opinion", "没有论证意见");
  }
  if (argument.attachments < 1) return InvalidField("attachments", "没有论证材料附件");
  return absl::OkStatus();
}

absl::StatusOr<FourClass> CheckAccept(const Computed& computed, const ArgumentRecord* argument,
                                      absl::CivilDay today) {
  if (computed.result == Result::kManualReview) {
    RETURN_IF_ERROR(CheckArgument(argument, computed.subject_id,
                                  "人工研判须有县级论证小组认定类别的论证记录", today));
    if (argument->conclusion != ArgumentConclusion::kClass) {
      return ArgumentRequired("人工研判的论证结论须认定类别");
    }
    return argument->four_class;
  }
  std::optional<FourClass> four_class = ClassOf(computed.result);
  if (!four_class) {
    return FailedPrecondition("EVALUATION_ENDED",
                              Cat("评估结果为“", EnumZh(computed.result), "”，没有可认定的类别"));
  }
  if (*four_class == FourClass::kAdjust) {
    RETURN_IF_ERROR(CheckAdjustArgument(argument, computed.subject_id, today));
  }
  return *four_class;
}

AdminLevel OverrideLevel(const Computed& computed) {
  const bool hard =
      computed.rule_id == "H1" || computed.rule_id == "H2" || computed.rule_id == "H3";
  return hard || computed.result == Result::kInsufficientData ? AdminLevel::kProvince
                                                              : AdminLevel::kCounty;
}

absl::Status CheckOverrideLevel(const Computed& computed, AdminLevel level) {
  const AdminLevel wanted = OverrideLevel(computed);
  if (level == wanted) return absl::OkStatus();
  if (wanted == AdminLevel::kCounty) {
    return FailedPrecondition("OVERRIDE_LEVEL", "此结论的人工调整由县级提出和批准");
  }
  return FailedPrecondition("OVERRIDE_LOCKED", computed.result == Result::kInsufficientData
                                                   ? "数据不足应当补报，只有省级可以直接认定类别"
                                                   : "依据认定文件判定的调整类，只有省级可以改变");
}

absl::Status CheckOverrideReason(std::string_view text, int64_t min_chars) {
  min_chars = std::max<int64_t>(1, min_chars);
  if (IsValidUtf8(text) && static_cast<int64_t>(Utf8Length(Trim(text))) >= min_chars) {
    return absl::OkStatus();
  }
  return InvalidField("reason_text", Cat("理由不少于", min_chars, "字"));
}

absl::StatusOr<OverrideDecision> CheckOverride(const Computed& computed, const Override& override,
                                               const ArgumentRecord* argument,
                                               absl::CivilDay today) {
  if (override.to_class == FourClass::kUnspecified) return InvalidField("to_class", "没有注明类别");
  if (override.reason_code.empty()) {
    return InvalidField("reason_code", "没有注明理由类别");
  }
  RETURN_IF_ERROR(CheckOverrideReason(override.reason_text, 1));
  if (std::none_of(override.evidence_ids.begin(), override.evidence_ids.end(),
                   [](const std::string& id) { return !id.empty(); })) {
    return InvalidField("evidence_ids", "至少提供一份佐证材料");
  }
  if (override.proposer_person_id.empty()) return InvalidField("proposer", "没有提出人");
  if (override.approver_person_id.empty()) return InvalidField("approver", "没有批准人");
  if (override.proposer_person_id == override.approver_person_id) {
    return FailedPrecondition("OVERRIDE_SAME_PERSON", "提出人和批准人不能是同一人");
  }

  switch (computed.result) {
    case Result::kManualReview:
      return FailedPrecondition("OVERRIDE_NOT_ALLOWED",
                                "人工研判由论证记录认定类别，不属于调整评估结果");
    case Result::kNotApplicable:
    case Result::kUnspecified:
      return FailedPrecondition("OVERRIDE_NOT_ALLOWED", "暂不分类的对象不能认定类别");
    default:
      break;
  }
  std::optional<FourClass> from = ClassOf(computed.result);
  if (from == override.to_class) return InvalidField("to_class", "与评估结果相同，无须调整");
  RETURN_IF_ERROR(CheckOverrideLevel(computed, override.approver_level));
  if (override.to_class == FourClass::kAdjust) {
    RETURN_IF_ERROR(CheckAdjustArgument(argument, computed.subject_id, today));
  }

  OverrideDecision decision;
  decision.four_class = override.to_class;
  // The classes are numbered from the best down. Without a class before, every class is better.
  decision.needs_city_filing = !from || override.to_class < *from;
  return decision;
}

absl::CivilDay OverrideExpiry(absl::CivilDay day, int64_t months) {
  const absl::CivilMonth end = absl::CivilMonth(day) + months;
  const absl::CivilDay last = absl::CivilDay(end + 1) - 1;
  return absl::CivilDay(end.year(), end.month(), std::min(day.day(), last.day()));
}

absl::Status CheckEffective(const EffectiveCheck& check, absl::CivilDay today) {
  if (check.final_class == FourClass::kUnspecified) {
    return FailedPrecondition("EVALUATION_ENDED", "没有认定类别，不能生效");
  }
  if (!check.publicity_passed) return FailedPrecondition("PUBLICITY_NOT_PASSED", "公示未通过");
  if (check.open_objections) return FailedPrecondition("OBJECTION_OPEN", "公示异议尚未办结");
  if (check.needs_city_filing && !check.city_filed) {
    return FailedPrecondition("CITY_FILING_REQUIRED", "调整到更好类别须报市级备案");
  }
  if (check.final_class == FourClass::kAdjust) {
    return CheckAdjustArgument(check.argument, check.subject_id, today);
  }
  if (check.result == Result::kManualReview) {
    RETURN_IF_ERROR(
        CheckArgument(check.argument, check.subject_id, "人工研判须有认定类别的论证记录", today));
    if (check.argument->conclusion != ArgumentConclusion::kClass ||
        check.argument->four_class != check.final_class) {
      return Contradicts();
    }
  }
  return absl::OkStatus();
}

absl::Status CheckMeasurePlan(const MeasurePlan& plan, const MeasureCatalogue& catalogue,
                              const ArgumentRecord* argument, absl::CivilDay today) {
  if (plan.four_class == FourClass::kUnspecified) return InvalidField("four_class", "没有类别");
  if (plan.measures.empty()) return InvalidField("measures", "至少选择一项措施");
  if (plan.responsible.empty()) return InvalidField("responsible", "没有责任单位");
  if (!plan.deadline) return InvalidField("deadline", "没有完成时限");
  bool revitalize = plan.four_class == FourClass::kRevitalize;
  if (revitalize && plan.cause.empty()) return InvalidField("cause", "没有困难原因");
  if (!revitalize && !plan.cause.empty()) {
    return InvalidField("cause", "困难原因只用于盘活类");
  }
  const CauseDef* cause = catalogue.FindCause(plan.cause);
  if (revitalize && (cause == nullptr || !cause->in_force)) {
    return InvalidField("cause", "没有此困难原因");
  }
  std::set<std::string_view> seen;
  for (size_t i = 0; i < plan.measures.size(); ++i) {
    const PlannedMeasure& m = plan.measures[i];
    std::string field = Cat("measures[", i, "].code");
    const MeasureDef* def = catalogue.FindMeasure(plan.four_class, m.code);
    if (def == nullptr || !def->in_force) {
      return Error(absl::StatusCode::kInvalidArgument, "MEASURE_NOT_OF_CLASS")
          .Zh(Cat(EnumZh(plan.four_class), "没有措施 ", m.code))
          .Field(field, Cat(EnumZh(plan.four_class), "没有措施 ", m.code))
          .With("code", m.code);
    }
    if (revitalize && !IsAllowed(*cause, *def)) {
      const std::string why = Cat("措施“", def->name_zh, "”不适用于原因“", cause->name_zh, "”");
      return Error(absl::StatusCode::kInvalidArgument, "CAUSE_MEASURE_MISMATCH")
          .Zh(why)
          .Field(field, why)
          .With("code", m.code);
    }
    if (def->description_required) {
      if (absl::StripAsciiWhitespace(m.description).empty()) {
        return InvalidField(Cat("measures[", i, "].description"),
                            Cat("措施“", def->name_zh, "”须写明内容"));
      }
    } else if (!seen.insert(m.code).second) {
      return InvalidField(field, "措施重复");
    }
    RETURN_IF_ERROR(CheckParts(m, *def, Cat("measures[", i, "].parts")));
  }
  if (revitalize) {
    RETURN_IF_ERROR(
        CheckArgument(argument, plan.subject_id, "盘活须在严格论证的基础上进行", today));
    if (!Supports(*argument, FourClass::kRevitalize)) return Contradicts();
  }
  return absl::OkStatus();
}

}  // namespace bangfu::evaluation
