import { timestampDate, type Timestamp } from "@bufbuild/protobuf/wkt";
import type { Date as CivilDate } from "./gen/google/type/date_pb.js";

/** Money in 分 as 元 with two digits: 1234567n is "12,345.67". */
export function yuan(fen: bigint): string {
  const sign = fen < 0n ? "-" : "";
  const amount = fen < 0n ? -fen : fen;
  const whole = (amount / 100n).toString().replace(/\B(?=(\d{3})+$)/g, ",");
  return `${sign}${whole}.${(amount % 100n).toString().padStart(2, "0")}`;
}

/** 基点 as percent: 7533 is "75.33%". */
export function percent(bp: number): string {
  return `${(bp / 100).toFixed(2)}%`;
}

/** Points of a hundred, as scores are shown: 7533 is "75.33". */
export function points(bp: number): string {
  return (bp / 100).toFixed(2);
}

/** A civil day: "2026年10月3日". */
export function day(date: CivilDate | undefined): string {
  return date ? `${date.year}年${date.month}月${date.day}日` : "";
}

/** An instant in China's time. */
export function instant(at: Timestamp | undefined): string {
  if (!at) return "";
  return new Intl.DateTimeFormat("zh-CN", { dateStyle: "long", timeStyle: "short", timeZone: "Asia/Shanghai" }).format(timestampDate(at));
}
