import { Code, ConnectError } from "@connectrpc/connect";
import { durationMs } from "@bufbuild/protobuf/wkt";
import { BadRequestSchema, ErrorInfoSchema, LocalizedMessageSchema, RetryInfoSchema } from "./gen/google/rpc/error_details_pb.js";

/** An error as a form shows it. */
export interface FormError {
  code: Code;
  /** For programs: "FIELD_INVALID", "ETAG_MISMATCH" …; unique within `domain`. */
  reason: string;
  domain: string;
  /** For the person, zh-CN. */
  message: string;
  /** What is wrong with which field, zh-CN; keys are paths in the request: "report.revenue_fen". */
  fields: ReadonlyMap<string, string>;
  metadata: Readonly<Record<string, string>>;
  /** When trying again makes sense, in milliseconds; 0: it does not say. */
  retryAfterMs: number;
  /** The person has to sign in (again). */
  signIn: boolean;
  /** Somebody else changed the record: read it again. */
  stale: boolean;
}

/** Whatever a call threw; also a broken connection becomes something that a person can read. */
export function toFormError(thrown: unknown): FormError {
  const error = ConnectError.from(thrown);
  const info = error.findDetails(ErrorInfoSchema)[0];
  const text = error.findDetails(LocalizedMessageSchema).find((each) => each.locale === "zh-CN");
  const retry = error.findDetails(RetryInfoSchema)[0]?.retryDelay;
  const fields = new Map<string, string>();
  for (const request of error.findDetails(BadRequestSchema)) {
    for (const violation of request.fieldViolations) {
      const before = fields.get(violation.field);
      fields.set(violation.field, before ? `${before}；${violation.description}` : violation.description);
    }
  }
  return {
    code: error.code,
    reason: info?.reason ?? Code[error.code].toUpperCase(),
    domain: info?.domain ?? "",
    message: text?.message ?? (error.code === Code.DeadlineExceeded ? "处理超时，请稍后重试" : "暂时无法连接，请稍后重试"),
    fields,
    metadata: info?.metadata ?? {},
    retryAfterMs: retry ? durationMs(retry) : 0,
    signIn: error.code === Code.Unauthenticated,
    stale: info?.reason === "ETAG_MISMATCH",
  };
}

/** The violation of a field, whether the path names it alone or within the request's message. */
export function fieldError(error: FormError | undefined, field: string): string | undefined {
  if (!error) return undefined;
  for (const [path, text] of error.fields) {
    if (path === field || path.endsWith(`.${field}`)) return text;
  }
  return undefined;
}
