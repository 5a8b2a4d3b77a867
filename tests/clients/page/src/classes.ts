// 评估结论 and why.
import { instant, labelOf, percent, points, yuan } from "@bangfu/client";
import { EvaluationResultSchema, EvaluationStateSchema, type Evaluation } from "@bangfu/client/gen/bangfu/evaluation/v1/evaluation";
import { EvaluationService } from "@bangfu/client/gen/bangfu/evaluation/v1/evaluation_service";
import { FourClassSchema, SubjectType } from "@bangfu/client/gen/bangfu/type/v1/common";
import { facts, h, show, table } from "./dom";
import { bangfu, ownRegion } from "./session";

const result = (value: number) => h("span", { class: `tag class-${value}` }, labelOf(EvaluationResultSchema, value));
const score = (evaluation: Evaluation) => (evaluation.totalBp === undefined ? "—" : points(evaluation.totalBp));

export async function showClasses(): Promise<void> {
  const { evaluations } = await bangfu().client(EvaluationService).listEvaluations({ regionCode: ownRegion(), subjectType: SubjectType.PROJECT, pageSize: 20 });
  show("四类评估", table("最近的评估", [
    { title: "项目", cell: (row) => h("a", { href: `#/class/${row.id}` }, row.subjectName) },
    { title: "编码", cell: (row) => row.subjectCode },
    { title: "结论", cell: (row) => result(row.result) },
    { title: "总分", number: true, cell: score },
    { title: "状态", cell: (row) => labelOf(EvaluationStateSchema, row.state) },
  ], evaluations));
}

export async function showClass(id: string): Promise<void> {
  const service = bangfu().client(EvaluationService);
  const [evaluation, why] = await Promise.all([service.getEvaluation({ id }), service.explainEvaluation({ id })]);
  show(evaluation.subjectName,
    h("div", { class: "conclusion" }, result(evaluation.result), h("p", {}, why.summaryZh)),
    facts([["编码", evaluation.subjectCode], ["评估期", evaluation.period], ["总分", score(evaluation)], ["投入（元）", yuan(evaluation.investedFen)],
      ["状态", labelOf(EvaluationStateSchema, evaluation.state)], ["标准", `第 ${why.criteriaVersion} 版`], ["测算时间", instant(evaluation.computedAt)]]),
    h("h2", {}, "五个维度"),
    table("得分与权重", [
      { title: "维度", cell: (row) => row.nameZh },
      { title: "得分", number: true, cell: (row) => (row.scoreBp === undefined ? "无数据" : points(row.scoreBp)) },
      { title: "权重", number: true, cell: (row) => percent(row.weightBp) },
    ], why.dimensions),
    h("h2", {}, "门槛"),
    table("分类看门槛，不看总分", [
      { title: "门槛", cell: (row) => row.nameZh },
      { title: "要求", number: true, cell: (row) => row.thresholdZh },
      { title: "实际", number: true, cell: (row) => row.actualZh },
      { title: "结果", cell: (row) => row.outcomeZh },
    ], why.gates),
    h("h2", {}, "依据"),
    table("每个数都说明来源", [
      { title: "指标", cell: (row) => row.nameZh },
      { title: "数值", number: true, cell: (row) => row.valueZh },
      { title: "来源", cell: (row) => row.sourceZh },
      { title: "截至", cell: (row) => row.asOf },
      { title: "得分", number: true, cell: (row) => (row.scoreBp === undefined ? "—" : points(row.scoreBp)) },
    ], why.indicators),
    why.nearestBetter && h("section", {}, h("h2", {}, `怎样成为${labelOf(FourClassSchema, why.nearestBetter.class)}`),
      h("ul", {}, ...why.nearestBetter.conditionsZh.map((each) => h("li", {}, each)))));
}
