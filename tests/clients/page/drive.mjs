// Drives the page in headless Chromium by keyboard alone, in zh-CN, and prints "ok NAME" or "failed NAME".
// Environment: EDGE, PORT (the origin that the edge allows), VILLAGE_TOKEN, TOWNSHIP_TOKEN, COUNTY_TOKEN,
// EXPIRED_TOKEN; SHOTS, a directory for pictures.
import { createServer } from "node:http";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";

const { EDGE, VILLAGE_TOKEN, TOWNSHIP_TOKEN, COUNTY_TOKEN, EXPIRED_TOKEN, SHOTS } = process.env;
const dist = path.join(path.dirname(fileURLToPath(import.meta.url)), "dist");
const types = { ".html": "text/html; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8" };

const server = createServer(async (request, response) => {
  const name = request.url === "/" ? "/index.html" : request.url.split("?")[0];
  if (name === "/config.json") { response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify({ edge: EDGE })); return; }
  try {
    const bytes = await readFile(path.join(dist, path.normalize(name)));
    // The page runs no script but its own, and speaks to nobody but the edge.
    response.writeHead(200, { "content-type": types[path.extname(name)] ?? "application/octet-stream",
      "content-security-policy": `default-src 'self'; connect-src 'self' ${EDGE}; img-src 'self' data:` }).end(bytes);
  } catch { response.writeHead(404).end(); }
});
await new Promise((resolve) => server.listen(Number(process.env.PORT), "127.0.0.1", resolve));
const home = `http://127.0.0.1:${process.env.PORT}/`;

const profile = await mkdtemp(path.join(tmpdir(), "bangfu-chromium-"));
const context = await chromium.launchPersistentContext(profile, {
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  headless: true,
  args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync"],
  locale: "zh-CN",
  timezoneId: "Asia/Shanghai",
  ignoreHTTPSErrors: true,  // the certificate of the development CA
  viewport: { width: 1180, height: 900 },
});
const page = context.pages()[0] ?? await context.newPage();
page.setDefaultTimeout(15_000);
const complaints = [];
page.on("pageerror", (error) => complaints.push(String(error)));

let bad = 0;
async function check(name, steps) {
  try {
    await steps();
    console.log(`ok ${name}`);
  } catch (error) {
    bad += 1;
    console.log(`failed ${name}`);
    console.log(String(error).slice(0, 800));
    console.log((await page.locator("main").innerText().catch(() => "")).slice(0, 300));
  }
}
let shots = 0;
async function shot(name) { if (SHOTS) await page.screenshot({ path: path.join(SHOTS, `${++shots}-${name}.png`), fullPage: true }); }
function must(condition, text) { if (!condition) throw new Error(text); }

// ---- the keyboard is all there is

/** Tabs on until what has the focus carries this text or label. */
async function tabTo(text) {
  for (let i = 0; i < 200; ++i) {
    await page.keyboard.press("Tab");
    const focused = await page.evaluate(() => {
      const element = document.activeElement;
      const label = element.id ? document.querySelector(`label[for="${CSS.escape(element.id)}"]`) : null;
      const style = getComputedStyle(element);
      return { text: (label ?? element).textContent.trim(), visible: style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0, body: element === document.body };
    });
    if (!focused.body) must(focused.visible, `the focus is not seen on 「${focused.text}」`);
    if (focused.text.startsWith(text)) return;
  }
  throw new Error(`the keyboard does not reach 「${text}」`);
}
async function press(text) { await tabTo(text); await page.keyboard.press("Enter"); }
async function write(label, text) {
  await tabTo(label);
  await page.keyboard.press("Control+A");
  await page.keyboard.press("Delete");
  await page.keyboard.insertText(text);
}
async function heading(text) { await page.locator("h1", { hasText: text }).waitFor(); }
async function text() { return page.locator("main").innerText(); }
async function says(...wanted) {
  for (const each of wanted) await page.locator("main", { hasText: each }).waitFor();
}
async function choose(label, wanted) {
  await tabTo(label);
  for (let i = 0; i < 200; ++i) {
    const chosen = await page.evaluate(() => document.activeElement.selectedOptions?.[0]?.textContent ?? "");
    if (chosen === wanted) return;
    await page.keyboard.press("ArrowDown");
  }
  throw new Error(`「${label}」 does not offer 「${wanted}」`);
}
/** Label and description of every field that is filled here, as a screen reader tells them. */
async function fields() {
  return page.evaluate(() => Object.fromEntries([...document.querySelectorAll("main input, main textarea, main select")].map((each) => {
    const described = (each.getAttribute("aria-describedby") ?? "").split(" ").filter(Boolean).map((id) => document.getElementById(id));
    if (described.some((one) => one === null)) throw new Error(`${each.id} is described by what is not there`);
    return [each.labels[0]?.textContent.replace(" 必填", ""), described.filter((one) => one.checkVisibility()).map((one) => one.textContent).join("；")];
  })));
}
async function signIn(token) {
  await heading("登录");
  await write("令牌", token);
  await press("登录");
}
async function signOut() { await press("退出"); await heading("登录"); }

await page.goto(home);

await check("a_text_that_is_no_token_is_told_in_words", async () => {
  await signIn("nonsense");
  await page.getByRole("alert").filter({ hasText: "登录信息无效，请重新登录" }).waitFor();
});
await check("an_expired_token_is_told_in_words", async () => {
  await signIn(EXPIRED_TOKEN);
  await page.getByRole("alert").filter({ hasText: "登录已过期，请重新登录" }).waitFor();
});
await check("R002_a_village_reporter_signs_in_and_sees_what_waits", async () => {
  await signIn(VILLAGE_TOKEN);
  await heading("待办事项");
  await says("摸排报告");
  must((await page.locator("#who").innerText()).includes("村级填报员"), "the page does not say who is signed in");
  await shot("work");
});
let report = "";  // as the work item names it
await check("R016_a_returned_report_shows_its_reasons_at_its_fields", async () => {
  const title = await page.locator("main table a", { hasText: "摸排报告" }).first().innerText();
  report = title.slice(0, title.indexOf("摸排报告") + 4);  // what follows says where it stands
  await press(report);
  await heading("摸排报告");
  await says("退回，请于", "本报告的「签字人」：签字人应为村党组织书记", "实施单位名称与资金文件不一致");
  const remark = await page.locator("#field-signatory").getAttribute("aria-describedby");
  must(remark.includes("field-signatory-remark"), "the remark does not belong to its field");
  await shot("returned");
});
await check("R016_each_field_says_what_it_asks_for_and_in_which_unit", async () => {
  const told = await fields();
  must(JSON.stringify(Object.keys(told)) === JSON.stringify(["签字人", "备注", "整改说明", "实施单位", "务工人数（人）"]), JSON.stringify(told));
  for (const [label, help] of Object.entries({ 签字人: "村干部姓名", 备注: "不填沿用草稿中的备注", 整改说明: "针对退回意见做了哪些整改",
    实施单位: "负责实施的单位全称", "务工人数（人）": "摸排表所印的务工人数" })) must(told[label].includes(help), `「${label}」 says 「${told[label]}」`);
  must(told["务工人数（人）"].includes("务工人数与用工台账不一致"), "the remark is not told with its field");
});
await check("R016_a_field_of_a_project_is_put_right", async () => {
  await write("务工人数", "-1");
  await press("更正项目");
  await page.getByRole("alert").waitFor();
  must(await page.locator("#field-workers").getAttribute("aria-invalid") === "true", "the field is not marked");
  await write("务工人数（人）", "23");
  await press("更正项目");
  await page.getByRole("status").filter({ hasText: "已更正" }).waitFor();
  must(await page.locator("#field-workers").inputValue() === "23", "it is not put right");
});
await check("R129_what_was_filled_in_is_there_again_for_its_owner", async () => {
  await write("备注", "村文书变动");
  await press("暂存");
  await page.getByRole("status").filter({ hasText: "已暂存" }).waitFor();
  await signOut();
  await signIn(VILLAGE_TOKEN);
  await heading("待办事项");
  await press(report);
  await heading("摸排报告");
  must(await page.locator("#field-note").inputValue() === "村文书变动", "what was filled in is lost");
});
await check("a_missing_field_is_named_at_the_field", async () => {
  await write("签字人", "");
  await write("备注", "村文书变动，迟报三日");
  await press("上报");
  await says("须填写村级签字人");
  must(await page.locator("#field-signatory").getAttribute("aria-invalid") === "true", "the field is not marked");
  must(await page.locator("#field-note").inputValue() === "村文书变动，迟报三日", "what was typed is lost");
  must(await page.evaluate(() => document.activeElement.id) === "errors", "the focus is not on what is wrong");
  await shot("refused");
  await press("签字人：");
  must(await page.evaluate(() => document.activeElement.id) === "field-signatory", "the summary does not lead to the field");
});
await check("R016_the_report_is_corrected_and_reported_again", async () => {
  await page.keyboard.insertText("赵书记");
  await write("整改说明", "已由村党组织书记签字，说明迟报原因，实施单位名称已核对");
  await press("上报");
  await page.getByRole("status").filter({ hasText: "已上报" }).waitFor();
  await says("已上报", "赵书记");
  await shot("resubmitted");
});
await check("what_is_done_no_longer_waits", async () => {
  await press("待办");
  await heading("待办事项");
  must(!(await text()).includes(report), "it still waits");
  await signOut();
});
await check("R016_the_township_returns_it_by_the_name_of_a_field", async () => {
  await signIn(TOWNSHIP_TOKEN);
  await heading("待办事项");
  await press(report);
  await heading("摸排报告");
  const told = await fields();
  must(Object.values(told).every((help) => help.length > 0), JSON.stringify(told));
  await choose("所指字段", "备注");
  await press("退回报告");
  await page.getByRole("alert").waitFor();
  must(await page.locator("#field-text").getAttribute("aria-invalid") === "true", "the missing text is not marked");
  await choose("所指字段", "备注");
  await write("退回意见", "请写明迟报的起止日期");
  await shot("return");
  await press("退回报告");
  await page.getByRole("status").filter({ hasText: "已退回" }).waitFor();
  await says("本报告的「备注」：请写明迟报的起止日期");
  await signOut();
  await signIn(VILLAGE_TOKEN);
  await heading("待办事项");
  await press(report);
  await heading("摸排报告");
  must((await fields())["备注"].includes("退回意见：请写明迟报的起止日期"), "the remark is not at its field");
  await write("整改说明", "已写明");
  await press("上报");
  await page.getByRole("status").filter({ hasText: "已上报" }).waitFor();
  await signOut();
});
await check("R016_the_township_passes_it", async () => {
  await signIn(TOWNSHIP_TOKEN);
  await heading("待办事项");
  await press(report);
  await heading("摸排报告");
  await says("村文书变动，迟报三日");
  await write("审核意见", "同意");
  await shot("review");
  await press("审核通过");
  await page.getByRole("status").filter({ hasText: "已审核通过" }).waitFor();
  await says("乡镇已审");
  await signOut();
});
await check("a_class_comes_with_its_explanation", async () => {
  await signIn(COUNTY_TOKEN);
  await heading("待办事项");
  await press("评估");
  await heading("四类评估");
  await shot("classes");
  await press(await page.locator("main table a").first().innerText());
  await says("五个维度", "门槛", "依据", "个月");
  must(/(巩固|升级|盘活|调整|数据不足|暂不分类|人工研判)/.test(await page.locator(".conclusion").innerText()), "no conclusion");
  must(await page.locator("tbody tr").count() > 8, "no figures");
  await shot("class");
});
await check("the_ledger_shows_classes_sums_and_signatures", async () => {
  await press("台账");
  await heading("四个一批台账");
  await says("巩固类", "升级类", "盘活类", "调整类", "共青城市");
  await shot("ledger");
});
await check("the_page_is_in_chinese_and_made_no_errors", async () => {
  must(await page.locator("html").getAttribute("lang") === "zh-CN", "no language");
  must(!/undefined|NaN|_STATE_|\[object/.test(await text()), await text());
  must(complaints.length === 0, complaints.join("\n"));
});
await check("a_page_of_a_foreign_origin_reads_nothing", async () => {
  // The same page under another name is another origin.
  await page.goto(home.replace("127.0.0.1", "localhost"));
  await signIn(COUNTY_TOKEN);
  await page.getByRole("alert").filter({ hasText: "暂时无法连接" }).waitFor();
});

await context.close();
server.close();
await rm(profile, { recursive: true, force: true });
process.exit(bad === 0 ? 0 : 1);
