// bangfuctl evaluate | explain | review accept|override|approve …
#include "services/ctl/evaluate.h"

#include <cstdio>

#include "common/base/decimal.h"
#include "common/base/strings.h"
#include "common/status/error.h"
#include "common/status/macros.h"
#include "services/ctl/commands.h"
#include "services/ctl/evidence.h"
#include "services/ctl/subjects.h"
#include "services/ctl/terminal.h"
#include "services/ctl/upload.h"

namespace bangfu::ctl {
namespace {

using namespace evaluation::v1;  // the contract of this file's commands
constexpr char kService[] = "bangfu.evaluation.v1.EvaluationService.";
std::string M(std::string_view method) { return Cat(kService, method); }

// The zh label that the contract gives an enum value.
template <typename Descriptor>
std::string LabelOf(const Descriptor* descriptor, int number) {
  const auto* value = descriptor->FindValueByNumber(number);
  if (value == nullptr) return Cat(number);
  const auto& label = value->options().GetExtension(options::v1::value_label);
  return label.zh().empty() ? value->name() : label.zh();
}

}  // namespace

std::string ResultText(EvaluationResult result) {
  return LabelOf(EvaluationResult_descriptor(), result);
}
std::string ClassText(type::v1::FourClass value) {
  return LabelOf(type::v1::FourClass_descriptor(), value);
}
std::string EvaluationStateText(EvaluationState state) {
  return LabelOf(EvaluationState_descriptor(), state);
}

std::string RenderExplanation(const Evaluation& evaluation, const Explanation& explanation,
                              bool indicators) {
  std::string out = Cat(evaluation.subject_code(), "  ", evaluation.subject_name(), "\n");
  out += Cat("结论：", ResultText(explanation.result()));
  if (explanation.suggestion() != EVALUATION_RESULT_UNSPECIFIED &&
      explanation.result() == EVALUATION_RESULT_MANUAL_REVIEW) {
    out += Cat("（倾向", ResultText(explanation.suggestion()), "）");
  }
  if (evaluation.final_class() != type::v1::FOUR_CLASS_UNSPECIFIED) {
    out += Cat("  认定：", ClassText(evaluation.final_class()));
  }
  if (evaluation.has_total_bp())
    out += Cat("  总分 ", FormatScaledDecimal(evaluation.total_bp(), 2));
  out += Cat("  可信度 ", explanation.confidence_zh(), "  标准第 ", explanation.criteria_version(),
             " 版\n");
  out += Cat(explanation.summary_zh(), "\n");
  for (const auto& dimension : explanation.dimensions()) {
    out += Cat("  ", PadRight(dimension.name_zh(), 14), " ");
    if (dimension.has_score_bp()) {
      out += Cat(Bar(dimension.score_bp(), 10000, 20), " ",
                 PadLeft(FormatScaledDecimal(dimension.score_bp(), 2), 6));
    } else {
      out += dimension.applicable() ? "无得分（数据不足）" : "不适用";
    }
    out += "\n";
  }
  for (const auto& rule : explanation.rules_fired()) {
    out += Cat("  ", PadRight(rule.rule_id(), 4), rule.text_zh(),
               rule.outcome_zh().empty() ? "" : Cat(" → ", rule.outcome_zh()), "\n");
  }
  if (indicators) {
    TextTable table({"指标", "名称", "数值", "得分", "来源", "记录", "截至"}, {2, 3});
    for (const auto& line : explanation.indicators()) {
      table.Row({line.code(), line.name_zh(),
                 line.raw().empty() ? line.missing_policy_zh() : line.value_zh(),
                 line.has_score_bp() ? FormatScaledDecimal(line.score_bp(), 2) : "–",
                 line.source_zh(), line.source_record(), line.as_of()});
    }
    out += table.Render();
  }
  for (const auto& line : explanation.missing())
    out += Cat("  缺少：", line.code(), " ", line.name_zh(), "\n");
  for (const auto& board : explanation.short_boards())
    out += Cat("  短板：", board.text_zh(), "\n");
  if (explanation.suggested_measures_size() > 0) {
    out += "  建议措施：";
    for (int i = 0; i < explanation.suggested_measures_size(); ++i) {
      out += Cat(i > 0 ? "、" : "", explanation.suggested_measures(i).name_zh());
    }
    out += "\n";
  }
  if (explanation.nearest_better().conditions_zh_size() > 0) {
    out += Cat("  如要进入", ClassText(explanation.nearest_better().class_()), "：\n");
    for (const auto& condition : explanation.nearest_better().conditions_zh())
      out += Cat("    · ", condition, "\n");
  }
  out += "  数据截至：";
  for (const auto& watermark : explanation.watermarks()) {
    out += Cat(watermark.source(), "#", watermark.sequence(), " ");
  }
  out += Cat(" 快照 ", explanation.snapshot_sha256().substr(0, 12), "\n");
  return out;
}

absl::StatusOr<Explanation> Explain(Context& context, const std::string& evaluation_id) {
  ExplainEvaluationRequest request;
  request.set_id(evaluation_id);
  return context.Call<Explanation>(M("ExplainEvaluation"), request);
}

absl::StatusOr<Evaluation> LatestEvaluation(Context& context, const std::string& subject_id) {
  ListClassHistoryRequest request;
  request.set_subject_id(subject_id);
  request.set_page_size(1);
  ASSIGN_OR_RETURN(auto page,
                   context.Call<ListClassHistoryResponse>(M("ListClassHistory"), request));
  if (page.evaluations_size() == 0) return NotFound("evaluation", subject_id).Build();
  return page.evaluations(0);
}

std::string RenderBatchResult(const BatchEvaluationResult& result) {
  TextTable table({"结论", "项目", "产业"}, {1, 2});
  for (int value = EVALUATION_RESULT_CONSOLIDATE; value <= EVALUATION_RESULT_MANUAL_REVIEW;
       ++value) {
    int64_t projects = 0;
    int64_t industries = 0;
    for (const auto& count : result.counts()) {
      if (count.result() != value) continue;
      (count.subject_type() == type::v1::SUBJECT_TYPE_PROJECT ? projects : industries) +=
          count.count();
    }
    table.Row({ResultText(static_cast<EvaluationResult>(value)), Cat(projects), Cat(industries)});
  }
  std::string out = table.Render();
  out += Cat("评估 ", result.evaluated(), "，未变 ", result.unchanged(), "，拒绝（未核实等） ",
             result.refused(), "\n");
  for (const auto& failure : result.failures()) {
    out += Cat("  ", failure.region_code(), " 未完成：", failure.message_zh(), "\n");
  }
  return out;
}

int ExitCodeOfEvaluations(int64_t evaluated, int64_t left_out) {
  if (left_out == 0) return kExitOk;
  return evaluated == 0 ? kExitFailed : kExitPartial;
}

int ExitCodeOfBatch(const BatchEvaluationResult& result) {
  return ExitCodeOfEvaluations(result.evaluated() + result.unchanged(),
                               result.refused() + result.failures_size());
}

int ExitCodeOfSubjects(const EvaluateSubjectsResponse& response) {
  int64_t evaluated = 0;
  for (const auto& outcome : response.outcomes()) evaluated += outcome.has_evaluation() ? 1 : 0;
  return ExitCodeOfEvaluations(evaluated, response.outcomes_size() - evaluated);
}

void AddEvaluateCommands(CLI::App& app, Context& context, int& exit_code) {
  struct Arguments {
    std::string region, period, subject, to_class, reason_code, reason, evidence, argument;
    std::vector<std::string> ids;
    bool indicators = false, detach = false;
  };
  auto arguments = std::make_shared<Arguments>();
  CLI::App* command = app.add_subcommand("evaluate", "批量评估一个区域，或评估指定对象");
  command->footer("例: bangfuctl evaluate --region 360733 --period 2026-10");
  command->add_option("--region", arguments->region, "县、市或省");
  command->add_option("--subject", arguments->ids, "项目编码或对象编号，可多个");
  command->add_option("--period", arguments->period, "月份 YYYY-MM")->required();
  command->add_flag("--detach", arguments->detach, "只提交，不等待");
  command->callback([&context, &exit_code, arguments] {
    if (arguments->ids.empty() == arguments->region.empty()) {
      exit_code = context.FailUsage("请给出 --region 或 --subject 之一");
      return;
    }
    auto run = [&]() -> absl::StatusOr<int> {
      if (!arguments->region.empty()) {
        StartBatchEvaluationRequest request;
        request.set_request_id(Context::NewRequestId());
        request.set_region_code(arguments->region);
        request.set_period(arguments->period);
        ASSIGN_OR_RETURN(auto operation, context.Call<operation::v1::Operation>(
                                             M("StartBatchEvaluation"), request));
        if (!arguments->detach) {
          ASSIGN_OR_RETURN(
              operation, WaitForOperation(context, "evaluation", operation, "评估", context.json));
        }
        BatchEvaluationResult result;
        const bool has_ended = operation.result().UnpackTo(&result);
        if (!context.PrintJson(operation)) {
          std::printf("%s", has_ended ? RenderBatchResult(result).c_str()
                                      : Cat("任务 ", operation.id(), "\n").c_str());
        }
        return has_ended ? ExitCodeOfBatch(result) : kExitOk;
      }
      EvaluateSubjectsRequest request;
      request.set_request_id(Context::NewRequestId());
      request.set_period(arguments->period);
      for (const auto& id : arguments->ids) {
        ASSIGN_OR_RETURN(*request.add_subject_ids(), ResolveSubject(context, id));
      }
      ASSIGN_OR_RETURN(auto response,
                       context.Call<EvaluateSubjectsResponse>(M("EvaluateSubjects"), request));
      if (context.PrintJson(response)) return ExitCodeOfSubjects(response);
      for (const auto& outcome : response.outcomes()) {
        if (outcome.has_evaluation()) {
          std::printf("%s %s：%s（%s）\n", outcome.evaluation().id().c_str(),
                      outcome.evaluation().subject_name().c_str(),
                      ResultText(outcome.evaluation().result()).c_str(),
                      outcome.evaluation().rule_id().c_str());
        } else {
          std::printf("%s：%s（%s）\n", outcome.subject_id().c_str(), outcome.refusal_zh().c_str(),
                      outcome.refusal_reason().c_str());
        }
      }
      return ExitCodeOfSubjects(response);
    };
    const absl::StatusOr<int> code = run();
    exit_code = code.ok() ? *code : context.Fail(code.status());
  });

  auto explain = std::make_shared<Arguments>();
  command = app.add_subcommand("explain", "说明一个对象为何归入该类");
  command->footer("例: bangfuctl explain PJ360733-2019-000012 --indicators");
  command->add_option("subject", explain->subject, "项目编码、对象编号或评估编号")->required();
  command->add_flag("--indicators", explain->indicators, "列出每个指标及其来源记录");
  command->callback([&context, &exit_code, explain] {
    auto run = [&]() -> absl::Status {
      GetEvaluationRequest get;
      get.set_id(explain->subject);
      absl::StatusOr<Evaluation> evaluation = absl::NotFoundError("");
      if (explain->subject.size() == 26)
        evaluation = context.Call<Evaluation>(M("GetEvaluation"), get);
      if (!evaluation.ok()) {
        ASSIGN_OR_RETURN(std::string subject, ResolveSubject(context, explain->subject));
        evaluation = LatestEvaluation(context, subject);
      }
      if (!evaluation.ok()) return evaluation.status();
      ASSIGN_OR_RETURN(Explanation explanation, Explain(context, evaluation->id()));
      if (!context.PrintJson(explanation)) {
        std::printf("%s", RenderExplanation(*evaluation, explanation, explain->indicators).c_str());
      }
      return absl::OkStatus();
    };
    absl::Status status = run();
    exit_code = status.ok() ? kExitOk : context.Fail(status);
  });

  CLI::App* review = app.add_subcommand("review", "县级审定：采纳、人工调整、联合确认、公示、生效");
  review->require_subcommand(1);
  // `example`: what the step wants besides the evaluation.
  auto step = [&](const char* name, const char* help, const char* example, auto configure,
                  auto call) {
    auto a = std::make_shared<Arguments>();
    CLI::App* sub = review->add_subcommand(name, help);
    sub->footer(Cat("例: bangfuctl review ", name, " 01J…", example));
    sub->add_option("evaluation", a->subject, "评估编号")->required();
    configure(sub, a.get());
    sub->callback([&context, &exit_code, a, call] {
      auto run = [&]() -> absl::Status {
        GetEvaluationRequest get;
        get.set_id(a->subject);
        ASSIGN_OR_RETURN(Evaluation evaluation, context.Call<Evaluation>(M("GetEvaluation"), get));
        ASSIGN_OR_RETURN(evaluation, call(context, *a, evaluation));
        if (!context.PrintJson(evaluation)) {
          std::printf("%s：%s，%s\n", evaluation.subject_name().c_str(),
                      EvaluationStateText(evaluation.state()).c_str(),
                      ClassText(evaluation.final_class()).c_str());
        }
        return absl::OkStatus();
      };
      absl::Status status = run();
      exit_code = status.ok() ? kExitOk : context.Fail(status);
    });
  };
  auto nothing = [](CLI::App*, Arguments*) {};
  // The requests of these steps have the same three fields.
  auto simple = [](const char* method, auto prototype) {
    return [method, prototype](Context& context, const Arguments&, const Evaluation& evaluation) {
      auto request = prototype;
      request.set_request_id(Context::NewRequestId());
      request.set_id(evaluation.id());
      request.set_etag(evaluation.etag());
      return context.Call<Evaluation>(M(method), request);
    };
  };
  step(
      "accept", "采纳", "",
      [](CLI::App* sub, Arguments* a) { sub->add_option("--argument", a->argument, "论证记录"); },
      [](Context& context, const Arguments& a, const Evaluation& evaluation) {
        AcceptEvaluationRequest request;
        request.set_request_id(Context::NewRequestId());
        request.set_id(evaluation.id());
        request.set_etag(evaluation.etag());
        request.set_argument_id(a.argument);
        return context.Call<Evaluation>(M("AcceptEvaluation"), request);
      });
  step(
      "override", "提出人工调整",
      " --to UPGRADE --code DATA_OUTDATED --reason 二期产线已于九月投产，年报数据尚未反映现状 "
      "--evidence 01J…",
      [](CLI::App* sub, Arguments* a) {
        sub->add_option("--to", a->to_class, "CONSOLIDATE, UPGRADE, REVITALIZE 或 ADJUST")
            ->required();
        sub->add_option("--code", a->reason_code, "理由代码，如 DATA_OUTDATED")->required();
        sub->add_option("--reason", a->reason, "理由，至少 20 字")->required();
        sub->add_option("--evidence", a->evidence,
                        "佐证材料编号（bangfuctl evidence put … --service evaluation 打印的）")
            ->required();
        sub->add_option("--argument", a->argument, "论证记录");
      },
      [](Context& context, const Arguments& a,
         const Evaluation& evaluation) -> absl::StatusOr<Evaluation> {
        ProposeOverrideRequest request;
        request.set_request_id(Context::NewRequestId());
        request.set_id(evaluation.id());
        request.set_etag(evaluation.etag());
        type::v1::FourClass to;
        if (!type::v1::FourClass_Parse(Cat("FOUR_CLASS_", a.to_class), &to)) {
          return InvalidField("to_class", "没有这个类别").Build();
        }
        request.set_to_class(to);
        request.set_reason_code(a.reason_code);
        request.set_reason_text(a.reason);
        blob::v1::GetBlobRequest get;
        get.set_id(a.evidence);
        ASSIGN_OR_RETURN(const auto blob,
                         context.CallOn<blob::v1::Blob>("evaluation",
                                                        "bangfu.blob.v1.BlobService.GetBlob", get));
        *request.add_evidence() = EvidenceOf(blob);
        request.set_argument_id(a.argument);
        return context.Call<Evaluation>(M("ProposeOverride"), request);
      });
  step("approve", "批准人工调整", "", nothing, simple("ApproveOverride", ApproveOverrideRequest()));
  step("file", "市级备案", "", nothing, simple("FileOverride", FileOverrideRequest()));
  step(
      "reject", "不批准人工调整", " --reason 佐证材料与现状不符",
      [](CLI::App* sub, Arguments* a) {
        sub->add_option("--reason", a->reason, "理由")->required();
      },
      [](Context& context, const Arguments& a, const Evaluation& evaluation) {
        RejectOverrideRequest request;
        request.set_request_id(Context::NewRequestId());
        request.set_id(evaluation.id());
        request.set_etag(evaluation.etag());
        request.set_reason(a.reason);
        return context.Call<Evaluation>(M("RejectOverride"), request);
      });
  step(
      "sign", "一个部门签字（联合确认）", " --department FINANCE",
      [](CLI::App* sub, Arguments* a) {
        sub->add_option("--department", a->reason_code, "部门代码")->required();
      },
      [](Context& context, const Arguments& a, const Evaluation& evaluation) {
        SignJointlyRequest request;
        request.set_request_id(Context::NewRequestId());
        request.set_id(evaluation.id());
        request.set_etag(evaluation.etag());
        request.set_department(a.reason_code);
        return context.Call<Evaluation>(M("SignJointly"), request);
      });
  step(
      "publicise", "开始公示", " --channel 村务公开栏",
      [](CLI::App* sub, Arguments* a) {
        sub->add_option("--channel", a->ids, "公示渠道，可多个")->required();
      },
      [](Context& context, const Arguments& a, const Evaluation& evaluation) {
        StartClassPublicityRequest request;
        request.set_request_id(Context::NewRequestId());
        request.set_id(evaluation.id());
        request.set_etag(evaluation.etag());
        for (const auto& channel : a.ids) request.add_channels(channel);
        return context.Call<Evaluation>(M("StartClassPublicity"), request);
      });
  step("effective", "公示通过后生效", "", nothing, simple("MakeEffective", MakeEffectiveRequest()));
}

}  // namespace bangfu::ctl
