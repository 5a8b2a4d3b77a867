export * from "./bangfu.js";
export * from "./describe.js";
export * from "./drafts.js";
export * from "./errors.js";
export * from "./format.js";
