// 待办: what waits for the person who is signed in, in every service.
import { day, labelOf, type Area } from "@bangfu/client";
import { DueStateSchema, InboxService, type WorkItem } from "@bangfu/client/gen/bangfu/inbox/v1/inbox";
import { h, show, table } from "./dom";
import { bangfu } from "./session";

const SERVICES: Area[] = ["registry", "asset", "evaluation"];

/** Where an item is worked on; this page knows reports and evaluations. */
function linkOf(item: WorkItem): string | undefined {
  if (item.subjectType === "unit_report") return `#/report/${item.subjectId}`;
  if (item.subjectType === "evaluation") return `#/class/${item.subjectId}`;
  return undefined;
}

const sortKey = (item: WorkItem) => (item.dueOn ? item.dueOn.year * 10_000 + item.dueOn.month * 100 + item.dueOn.day : Number.MAX_SAFE_INTEGER);

export async function showWork(): Promise<void> {
  const pages = await Promise.all(SERVICES.map((area) => bangfu().client(InboxService, area).listMyWork({ pageSize: 20 })));
  const items = pages.flatMap((page) => page.items).sort((a, b) => sortKey(a) - sortKey(b));
  const more = pages.some((page) => page.nextPageToken);
  show("待办事项", table(more ? `最急的 ${items.length} 项` : `共 ${items.length} 项`, [
    { title: "事项", cell: (row) => { const link = linkOf(row); return link ? h("a", { href: link }, row.title) : row.title; } },
    { title: "要办什么", cell: (row) => row.kindZh },
    { title: "时限", cell: (row) => day(row.dueOn) },
    { title: "时限状态", cell: (row) => labelOf(DueStateSchema, row.dueState) },
    { title: "督办", cell: (row) => row.lastUrge?.note ?? "" },
  ], items));
}
