import { getOption, hasOption, ScalarType, type DescEnum, type DescField, type DescMessage } from "@bufbuild/protobuf";
import { label, value_label } from "./gen/bangfu/options/v1/labels_pb.js";
import { rules } from "./gen/bangfu/options/v1/rules_pb.js";

/** What the contract says of a field: everything that an input needs. */
export interface FieldDescription {
  /** Path within the request, as errors name it. */
  name: string;
  label: string;
  unit: string;
  help: string;
  required: boolean;
  minLength?: number;
  maxLength?: number;
  pattern?: string;
  /** A number is asked for, not a text. */
  number: boolean;
}

export function describeField(message: DescMessage, name: string): FieldDescription {
  const field = message.fields.find((each) => each.localName === name || each.name === name);
  if (!field) throw new TypeError(`${message.typeName} has no field ${name}`);
  return describe(field);
}

/** A field that a form offers: its path, and its label with those of its groups before it (资金构成 / 金额). */
export interface OfferedField { path: string; label: string }

/** The fields of a message that a person fills, each group followed by the fields in it: for a choice of fields. */
export function offeredFields(message: DescMessage): OfferedField[] {
  return offered(message, "", "", [message]);
}

function offered(message: DescMessage, path: string, group: string, entered: DescMessage[]): OfferedField[] {
  return message.fields.flatMap((field) => {
    const own = hasOption(field, label) ? getOption(field, label).zh : "";
    if (hasOption(field, rules) && getOption(field, rules).outputOnly) return [];
    const named = [group, own].filter(Boolean).join(" / ");
    const at = `${path}${field.name}`;
    const inner = field.message;
    const below = inner && !entered.includes(inner)
      ? offered(inner, `${at}${field.fieldKind === "list" ? "[]" : ""}.`, named, [...entered, inner]) : [];
    return own ? [{ path: at, label: named }, ...below] : below;
  });
}

function describe(field: DescField): FieldDescription {
  const text = hasOption(field, label) ? getOption(field, label) : undefined;
  const rule = hasOption(field, rules) ? getOption(field, rules) : undefined;
  return {
    name: field.name,
    label: text?.zh ?? field.name,
    unit: text?.unit ?? "",
    help: text?.help ?? "",
    required: rule?.required ?? false,
    ...(rule?.minLength ? { minLength: rule.minLength } : {}),
    ...(rule?.maxLength ? { maxLength: rule.maxLength } : {}),
    ...(rule?.pattern ? { pattern: rule.pattern } : {}),
    number: field.fieldKind === "scalar" && ![ScalarType.STRING, ScalarType.BYTES, ScalarType.BOOL].includes(field.scalar),
  };
}

/** The zh-CN label of an enum's value: labelOf(FourClassSchema, FourClass.UPGRADE) is 升级类. */
export function labelOf(descriptor: DescEnum, value: number): string {
  const found = descriptor.value[value];
  if (!found) return String(value);
  return hasOption(found, value_label) ? getOption(found, value_label).zh : found.name;
}

/** Every value but the unspecified one, for a choice in a form. */
export function choices(descriptor: DescEnum): { value: number; label: string }[] {
  return descriptor.values.filter((each) => each.number !== 0).map((each) => ({ value: each.number, label: labelOf(descriptor, each.number) }));
}
