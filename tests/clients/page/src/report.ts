// 村级摸排报告: what was returned and why, correcting it, reporting again, passing it.
import { day, describeField, Drafts, instant, labelOf, newRequestId, offeredFields, toFormError, type FieldDescription, type FormError } from "@bangfu/client";
import type { Draft } from "@bangfu/client/gen/bangfu/draft/v1/draft_service";
import { UnitReportState, UnitReportStateSchema, type InventoryUnitReport } from "@bangfu/client/gen/bangfu/registry/v1/inventory";
import { InventoryService, PassUnitReportRequestSchema, SubmitUnitReportRequestSchema } from "@bangfu/client/gen/bangfu/registry/v1/inventory_service";
import { ProjectSchema, type Project } from "@bangfu/client/gen/bangfu/registry/v1/project";
import { ProjectService } from "@bangfu/client/gen/bangfu/registry/v1/project_service";
import { ReturnReasonSchema } from "@bangfu/client/gen/bangfu/type/v1/common";
import { action, errorSummary, facts, h, input, offer, show, tell, valueOf, type Choice } from "./dom";
import { bangfu } from "./session";

const signatory = describeField(SubmitUnitReportRequestSchema, "signatory");
const note = describeField(SubmitUnitReportRequestSchema, "note");
const answer = describeField(SubmitUnitReportRequestSchema, "answer");
const opinion = describeField(PassUnitReportRequestSchema, "opinion");
const [about, meant, remark] = ["subject_id", "field", "text"].map((name) => describeField(ReturnReasonSchema, name)) as [FieldDescription, FieldDescription, FieldDescription];
const labels = new Map([signatory, note, answer, opinion, about, meant, remark].map((each) => [each.name, each.label]));

const EDITABLE = [UnitReportState.RETURNED, UnitReportState.DRAFT, UnitReportState.NOT_STARTED];
const drafts = () => new Drafts(bangfu(), InventoryService.method.submitUnitReport, "registry");

export async function showReport(id: string): Promise<void> {
  const report = await bangfu().client(InventoryService).getUnitReport({ id });
  const ids = [...new Set(report.currentReturn?.reasons.map((reason) => reason.subjectId).filter(Boolean) ?? [])];
  const service = bangfu().client(ProjectService);
  const reviewed = report.state === UnitReportState.SUBMITTED && report.allowedActions.some((each) => each.action === "return");
  const projects = reviewed ? (await service.listProjects({ regionCode: report.regionCode, pageSize: 200 })).projects
    : ids.length ? (await service.batchGetProjects({ ids })).projects : [];
  const mine = report.allowedActions.some((each) => each.action === "submit") && EDITABLE.includes(report.state);
  const held = mine ? await drafts().find(report.id) : undefined;
  const typed = held && { signatory: held.filled.signatory, note: held.filled.note, answer: held.filled.answer };
  draw(report, projects, held?.draft, undefined, typed);
}

function draw(report: InventoryUnitReport, projects: Project[], draft?: Draft, error?: FormError, typed: Record<string, string | undefined> = {}): void {
  const allowed = (name: string) => report.allowedActions.find((each) => each.action === name);
  const [submit, pass, back] = [allowed("submit"), allowed("pass"), allowed("return")];
  const remarks = (field: string) => report.currentReturn?.reasons.filter((each) => !each.subjectId && each.field === field).map((each) => each.text) ?? [];
  const fixes = corrections(report, projects);
  const names = new Map([...labels, ...fixes.flatMap((each) => each.fields.map((one): [string, string] => [one.field.name, one.field.label]))]);
  const again = (thrown: unknown) => {
    const failure = toFormError(thrown);
    draw(report, projects, draft, failure, Object.fromEntries([...names.keys()].map((name) => [name, valueOf(name)])));
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
  const fix = (project: Project, fields: Correction[]) => run("已更正", () => bangfu().client(ProjectService).updateProject({
    requestId: newRequestId(), id: project.id, etag: project.etag, reason: fields.flatMap((each) => each.remarks).join("；"),
    updateMask: { paths: fields.map((each) => each.field.name) },
    project: Object.fromEntries(fields.map((each) => [each.key, each.field.number ? Number(valueOf(each.field.name)) : valueOf(each.field.name)])) }));
  const approve = run("已审核通过", () => inventory.passUnitReport({ requestId: newRequestId(), id: report.id, etag: report.etag, opinion: valueOf("opinion") }));
  const sendBack = run("已退回", () => inventory.returnUnitReport({ requestId: newRequestId(), id: report.id, etag: report.etag,
    reasons: [{ subjectId: valueOf("subject_id"), field: valueOf("field"), text: valueOf("text") }] }));

  const editable = submit !== undefined && EDITABLE.includes(report.state);
  show(`${report.regionName} 摸排报告`,
    errorSummary(error, names),
    returned(report, projects),
    facts([["状态", labelOf(UnitReportStateSchema, report.state)], ["项目数", String(report.projectCount)],
      ["签字人", report.signatory], ["上报", report.submittedBy ? `${report.submittedBy.name}，${instant(report.submittedAt)}` : ""]]),
    editable && h("form", { novalidate: true, submit: (event) => { event.preventDefault(); void resubmit(); } },
      h("h2", {}, "填报"),
      input(signatory, typed.signatory ?? report.signatory, { required: true, remarks: remarks("signatory"), ...(error ? { error } : {}) }),
      input(note, typed.note ?? report.note, { long: true, remarks: remarks("note"), ...(error ? { error } : {}) }),
      report.state === UnitReportState.RETURNED && input(answer, typed.answer ?? "", { long: true, ...(error ? { error } : {}) }),
      h("p", { class: "actions" }, action("上报", () => void resubmit(), { main: true, ...(submit.allowed || submit.refusalReason === "SIGNATORY_REQUIRED" ? {} : { refusal: submit.refusalZh }) }), action("暂存", () => void keep()))),
    ...(editable ? fixes : []).map(({ project, fields }) => h("form", { novalidate: true, submit: (event) => { event.preventDefault(); void fix(project, fields)(); } },
      h("h2", {}, `更正项目「${project.name}」`),
      ...fields.map((each) => input(each.field, typed[each.field.name] ?? each.value, { remarks: each.remarks, ...(error ? { error } : {}) })),
      h("p", { class: "actions" }, action("更正项目", () => void fix(project, fields)())))),
    !editable && pass && report.state === UnitReportState.SUBMITTED && h("form", { novalidate: true, submit: (event) => { event.preventDefault(); void approve(); } },
      h("h2", {}, "审核"),
      report.note && facts([["备注", report.note]]),
      input(opinion, typed.opinion ?? "", { long: true, ...(error ? { error } : {}) }),
      h("p", { class: "actions" }, action("审核通过", () => void approve(), { main: true, ...(pass.allowed ? {} : { refusal: pass.refusalZh }) }))),
    !editable && back && report.state === UnitReportState.SUBMITTED && h("form", { novalidate: true, submit: (event) => { event.preventDefault(); void sendBack(); },
      change: (event) => { if ((event.target as HTMLElement).id === "field-subject_id") offer("field", fieldsOf(valueOf("subject_id") !== "")); } },
      h("h2", {}, "退回"),
      input(about, typed.subject_id ?? "", { choices: [{ value: "", text: "整份报告" }, ...projects.map((each) => ({ value: each.id, text: each.name }))], ...(error ? { error } : {}) }),
      input(meant, typed.field ?? "", { choices: fieldsOf(Boolean(typed.subject_id)), ...(error ? { error } : {}) }),
      input(remark, typed.text ?? "", { long: true, ...(error ? { error } : {}) }),
      h("p", { class: "actions" }, action("退回报告", () => void sendBack(), back.allowed ? {} : { refusal: back.refusalZh }))));
}

interface Correction { field: FieldDescription; key: string; value: string; remarks: string[] }

/**
 * What was remarked on single texts and numbers of a project, to be put right here: the first project that has such
 * remarks, since fields are known by their names, and no field that the report has itself. The rest needs the project's
 * own form.
 */
function corrections(report: InventoryUnitReport, projects: Project[]): { project: Project; fields: Correction[] }[] {
  const shown = (project: Project, name: string) => ["string", "number", "undefined"].includes(typeof project[name as keyof Project]);
  return projects.map((project) => {
    const remarks = (name: string) => report.currentReturn?.reasons.filter((each) => each.subjectId === project.id && each.field === name).map((each) => each.text) ?? [];
    return { project, fields: ProjectSchema.fields.filter((each) => each.fieldKind === "scalar" && !labels.has(each.name) && shown(project, each.localName) && remarks(each.name).length > 0).map((each) => ({
      field: describeField(ProjectSchema, each.name), key: each.localName, value: String(project[each.localName as keyof Project] ?? ""),
      remarks: remarks(each.name) })) };
  }).filter((each) => each.fields.length > 0).slice(0, 1);
}

/** The fields that a remark may be about, by their names. */
function fieldsOf(project: boolean): Choice[] {
  return [{ value: "", text: project ? "整个项目" : "整份报告" },
    ...offeredFields(project ? ProjectSchema : SubmitUnitReportRequestSchema).filter((each) => each.path !== "id").map((each) => ({ value: each.path, text: each.label }))];
}

/** The return that stands, by field, in the person's words. */
function returned(report: InventoryUnitReport, projects: Project[]): HTMLElement | undefined {
  const standing = report.currentReturn;
  if (report.state !== UnitReportState.RETURNED || !standing) return undefined;
  const names = new Map(projects.map((project) => [project.id, project.name]));
  return h("section", { class: "returned", "aria-label": "退回意见" },
    h("h2", {}, `${standing.returnedBy?.name ?? "上级"}退回，请于${day(standing.dueOn)}前整改`),
    h("ul", {}, ...standing.reasons.map((reason) => {
      const record = reason.subjectId ? `项目「${names.get(reason.subjectId) ?? reason.subjectId}」` : "本报告";
      return h("li", {}, `${record}${reason.fieldLabelZh ? `的「${reason.fieldLabelZh}」` : ""}：${reason.text}`);
    })));
}

const filled = () => ({ signatory: valueOf("signatory"), note: valueOf("note"), answer: valueOf("answer") });
