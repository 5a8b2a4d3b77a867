// 待办: what waits for the person who is signed in.
import { day, labelOf } from "@bangfu/client";
import { CampaignState, UnitReportState, UnitReportStateSchema, type InventoryUnitReport } from "@bangfu/client/gen/bangfu/registry/v1/inventory";
import { InventoryService } from "@bangfu/client/gen/bangfu/registry/v1/inventory_service";
import { h, show, table } from "./dom";
import { bangfu, may, ownRegion } from "./session";

interface Item { title: string; step: string; due: string; link: string }

/** Village reports that this person has to act upon. */
async function waiting(): Promise<Item[]> {
  const inventory = bangfu().client(InventoryService);
  const states = [
    ...(may("ROLE_VILLAGE_REPORTER") ? [UnitReportState.RETURNED, UnitReportState.DRAFT, UnitReportState.NOT_STARTED] : []),
    ...(may("ROLE_TOWNSHIP_REVIEWER") ? [UnitReportState.SUBMITTED] : []),
  ];
  if (states.length === 0) return [];
  const { campaigns } = await inventory.listCampaigns({ state: CampaignState.OPEN, pageSize: 10 });
  const pages = await Promise.all(campaigns.map((campaign) =>
    inventory.listUnitReports({ campaignId: campaign.id, regionCode: ownRegion(), states, pageSize: 50 })));
  return pages.flatMap((page) => page.unitReports).map(item);
}

function item(report: InventoryUnitReport): Item {
  return { title: `${report.regionName} 摸排报告`, step: labelOf(UnitReportStateSchema, report.state), due: day(report.currentReturn?.dueOn), link: `#/report/${report.id}` };
}

export async function showWork(): Promise<void> {
  const items = await waiting();
  show("待办事项", table(`共 ${items.length} 项`, [
    { title: "事项", cell: (row) => h("a", { href: row.link }, row.title) },
    { title: "状态", cell: (row) => row.step },
    { title: "时限", cell: (row) => row.due },
  ], items));
}
