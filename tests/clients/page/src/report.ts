// 村级摸排报告: what was returned and why, correcting it, reporting again, passing it.
import { day, describeField, Drafts, instant, labelOf, newRequestId, toFormError, type FormError } from "@bangfu/client";
import type { Draft } from "@bangfu/client/gen/bangfu/draft/v1/draft_service";
import { UnitReportState, UnitReportStateSchema, type InventoryUnitReport } from "@bangfu/client/gen/bangfu/registry/v1/inventory";
import { InventoryService, PassUnitReportRequestSchema, SubmitUnitReportRequestSchema } from "@bangfu/client/gen/bangfu/registry/v1/inventory_service";
import { ProjectSchema, type Project } from "@bangfu/client/gen/bangfu/registry/v1/project";
import { ProjectService } from "@bangfu/client/gen/bangfu/registry/v1/project_service";
import { action, errorSummary, facts, h, input, show, tell, valueOf } from "./dom";
import { bangfu } from "./session";

const signatory = describeField(SubmitUnitReportRequestSchema, "signatory");
const note = describeField(SubmitUnitReportRequestSchema, "note");
const answer = describeField(SubmitUnitReportRequestSchema, "answer");
const opinion = describeField(PassUnitReportRequestSchema, "opinion");
const labels = new Map([signatory, note, answer, opinion].map((each) => [each.name, each.label]));

const EDITABLE = [UnitReportState.RETURNED, UnitReportState.DRAFT, UnitReportState.NOT_STARTED];
const drafts = () => new Drafts(bangfu(), InventoryService.method.submitUnitReport, "registry");

export async function showReport(id: string): Promise<void> {
  const report = await bangfu().client(InventoryService).getUnitReport({ id });
  const ids = [...new Set(report.currentReturn?.reasons.map((reason) => reason.subjectId).filter(Boolean) ?? [])];
  const projects = ids.length ? (await bangfu().client(ProjectService).batchGetProjects({ ids })).projects : [];
  const mine = report.allowedActions.some((each) => each.action === "submit") && EDITABLE.includes(report.state);
  const held = mine ? await drafts().find(report.id) : undefined;
  const typed = held && { signatory: held.filled.signatory, note: held.filled.note, answer: held.filled.answer };
  draw(report, projects, held?.draft, undefined, typed);
}

function draw(report: InventoryUnitReport, projects: Project[], draft?: Draft, error?: FormError, typed: Record<string, string | undefined> = {}): void {
  const allowed = (name: string) => report.allowedActions.find((each) => each.action === name);
  const [submit, pass] = [allowed("submit"), allowed("pass")];
  const remarks = (field: string) => report.currentReturn?.reasons.filter((each) => !each.subjectId && each.field === field).map((each) => each.text) ?? [];
  const again = (thrown: unknown) => {
    const failure = toFormError(thrown);
    draw(report, projects, draft, failure, Object.fromEntries([...labels.keys()].map((name) => [name, valueOf(name)])));
    document.querySelector<HTMLElement>("#errors")?.focus();
  };
  const run = (done: string, call: () => Promise<unknown>) => async () => {
    tell("");
    try {
      await call();
      await showReport(report.id);
      tell(done);
    } catch (thrown) { again(thrown); }
  };
  const inventory = bangfu().client(InventoryService);
  const resubmit = run("已上报", async () => {
    await inventory.submitUnitReport({ requestId: newRequestId(), id: report.id, etag: report.etag,
      ...filled(), isNil: report.isNil });
    if (draft) await drafts().remove(draft);
  });
  const keep = run("已暂存", () => drafts().save({ id: report.id, etag: report.etag, ...filled(), isNil: report.isNil },
    { title: `${report.regionName} 摸排报告`, subjectId: report.id, last: draft }));
  const approve = run("已审核通过", () => inventory.passUnitReport({ requestId: newRequestId(), id: report.id, etag: report.etag, opinion: valueOf("opinion") }));

  const editable = submit !== undefined && EDITABLE.includes(report.state);
  show(`${report.regionName} 摸排报告`,
    errorSummary(error, labels),
    returned(report, projects),
    facts([["状态", labelOf(UnitReportStateSchema, report.state)], ["项目数", String(report.projectCount)],
      ["签字人", report.signatory], ["上报", report.submittedBy ? `${report.submittedBy.name}，${instant(report.submittedAt)}` : ""]]),
    editable && h("form", { novalidate: true, submit: (event) => { event.preventDefault(); void resubmit(); } },
      h("h2", {}, "填报"),
      input(signatory, typed.signatory ?? report.signatory, { required: true, remarks: remarks("signatory"), ...(error ? { error } : {}) }),
      input(note, typed.note ?? report.note, { long: true, remarks: remarks("note"), ...(error ? { error } : {}) }),
      report.state === UnitReportState.RETURNED && input(answer, typed.answer ?? "", { long: true, ...(error ? { error } : {}) }),
      h("p", { class: "actions" }, action("上报", () => void resubmit(), { main: true, ...(submit.allowed || submit.refusalReason === "SIGNATORY_REQUIRED" ? {} : { refusal: submit.refusalZh }) }), action("暂存", () => void keep()))),
    !editable && pass && report.state === UnitReportState.SUBMITTED && h("form", { novalidate: true, submit: (event) => { event.preventDefault(); void approve(); } },
      h("h2", {}, "审核"),
      report.note && facts([["备注", report.note]]),
      input(opinion, typed.opinion ?? "", { long: true, ...(error ? { error } : {}) }),
      h("p", { class: "actions" }, action("审核通过", () => void approve(), { main: true, ...(pass.allowed ? {} : { refusal: pass.refusalZh }) }))));
}

/** The return that stands, by field, in the person's words. */
function returned(report: InventoryUnitReport, projects: Project[]): HTMLElement | undefined {
  const standing = report.currentReturn;
  if (report.state !== UnitReportState.RETURNED || !standing) return undefined;
  const names = new Map(projects.map((project) => [project.id, project.name]));
  return h("section", { class: "returned", "aria-label": "退回意见" },
    h("h2", {}, `${standing.returnedBy?.name ?? "上级"}退回，请于${day(standing.dueOn)}前整改`),
    h("ul", {}, ...standing.reasons.map((reason) => {
      const about = reason.subjectId ? `项目「${names.get(reason.subjectId) ?? reason.subjectId}」` : "本报告";
      return h("li", {}, `${about}${reason.field ? `的「${fieldName(reason.subjectId !== "", reason.field)}」` : ""}：${reason.text}`);
    })));
}

const filled = () => ({ signatory: valueOf("signatory"), note: valueOf("note"), answer: valueOf("answer") });

function fieldName(ofProject: boolean, path: string): string {
  const name = path.split(/[.[]/)[0] ?? path;
  const message = ofProject ? ProjectSchema : SubmitUnitReportRequestSchema;
  return message.fields.some((each) => each.name === name) ? describeField(message, name).label : path;
}
