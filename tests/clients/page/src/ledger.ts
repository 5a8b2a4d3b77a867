// 台账: what is classified in a region, who has signed it, and the sums.
import { instant, labelOf, points, yuan } from "@bangfu/client";
import { LedgerService } from "@bangfu/client/gen/bangfu/evaluation/v1/ledger_service";
import { FourClass, FourClassSchema } from "@bangfu/client/gen/bangfu/type/v1/common";
import { facts, h, show, table } from "./dom";
import { bangfu, ownRegion } from "./session";

export async function showLedger(): Promise<void> {
  const ledger = bangfu().client(LedgerService);
  const regionCode = ownRegion();
  const [status, page, rollup] = await Promise.all([
    ledger.getLedgerStatus({ regionCode }), ledger.listLedgerEntries({ regionCode, pageSize: 20 }), ledger.getRollup({ regionCode })]);
  const classes = [FourClass.CONSOLIDATE, FourClass.UPGRADE, FourClass.REVITALIZE, FourClass.ADJUST];
  const sums = classes.map((each) => rollup.cells.filter((cell) => cell.class === each)
    .reduce((sum, cell) => ({ class: each, count: sum.count + cell.count, fen: sum.fen + cell.investedFen }), { class: each, count: 0n, fen: 0n }));
  show("四个一批台账",
    facts([["填报单位", status.regionName], ["条目", String(status.rows)],
      ["签字", status.signature ? `${status.signature.signedBy?.name}，${instant(status.signature.signedAt)}` : "未签"], ["说明", status.draftNote]]),
    table("汇总", [
      { title: "类别", cell: (row) => labelOf(FourClassSchema, row.class) },
      { title: "数量", number: true, cell: (row) => String(row.count) },
      { title: "投入（元）", number: true, cell: (row) => yuan(row.fen) },
    ], sums),
    table("条目（前 20 条）", [
      { title: "编码", cell: (row) => row.subjectCode },
      { title: "名称", cell: (row) => h("a", { href: `#/class/${row.evaluationId}` }, row.subjectName) },
      { title: "类别", cell: (row) => h("span", { class: `tag class-${row.class}` }, labelOf(FourClassSchema, row.class)) },
      { title: "总分", number: true, cell: (row) => (row.totalBp === undefined ? "—" : points(row.totalBp)) },
      { title: "投入（元）", number: true, cell: (row) => yuan(row.investedFen) },
    ], page.entries));
}
