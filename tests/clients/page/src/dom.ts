// The few things that every screen needs of the browser.
import { fieldError, type FieldDescription, type FormError } from "@bangfu/client";

type Attributes = Record<string, string | boolean | ((event: Event) => void)>;
type Child = Node | string | undefined | false;

/** An element: text is always text, never markup. */
export function h<K extends keyof HTMLElementTagNameMap>(tag: K, attributes: Attributes, ...children: Child[]): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") element.addEventListener(name, value);
    else if (value !== false) element.setAttribute(name, value === true ? "" : value);
  }
  for (const child of children) if (child !== undefined && child !== false) element.append(child);
  return element;
}

/** Shows a screen and tells where one is: to eyes by the title, to a screen reader by the focus. */
export function show(title: string, ...content: Child[]): void {
  const heading = h("h1", { tabindex: "-1" }, title);
  document.querySelector("#main")!.replaceChildren(heading, ...content.filter((each): each is Node | string => Boolean(each)));
  document.title = `${title} — 帮扶产业监管`;
  heading.focus();
}

export function tell(text: string): void {
  document.querySelector("#status")!.textContent = text;
}

export interface Column<Row> { title: string; number?: boolean; cell: (row: Row) => Child }

export function table<Row>(caption: string, columns: Column<Row>[], rows: Row[]): HTMLElement {
  if (rows.length === 0) return h("p", {}, "没有记录");
  const kind = (column: Column<Row>): Attributes => (column.number ? { class: "number" } : {});
  return h("table", {}, h("caption", {}, caption),
    h("thead", {}, h("tr", {}, ...columns.map((column) => h("th", { scope: "col", ...kind(column) }, column.title)))),
    h("tbody", {}, ...rows.map((row) => h("tr", {}, ...columns.map((column) => h("td", kind(column), column.cell(row)))))));
}

export function facts(pairs: [string, Child][]): HTMLElement {
  return h("dl", { class: "facts" }, ...pairs.flatMap(([name, value]) => [h("dt", {}, name), h("dd", {}, value || "—")]));
}

export interface Choice { value: string; text: string }

/** Fills a choice anew; what was chosen stays if it is still offered. */
export function offer(name: string, choices: Choice[]): void {
  const control = document.querySelector<HTMLSelectElement>(`#field-${name}`);
  if (!control) return;
  const chosen = control.value;
  control.replaceChildren(...choices.map((each) => h("option", { value: each.value }, each.text)));
  if (choices.some((each) => each.value === chosen)) control.value = chosen;
}

/** An input with what the contract says of it, what was remarked on it and what is wrong with it. */
export function input(field: FieldDescription, value: string, options: { long?: boolean; required?: boolean; remarks?: string[]; error?: FormError; choices?: Choice[] } = {}): HTMLElement {
  const id = `field-${field.name}`;
  const fault = fieldError(options.error, field.name);
  const required = options.required ?? field.required;
  const described = [field.help && `${id}-help`, options.remarks?.length && `${id}-remark`, fault && `${id}-fault`].filter(Boolean).join(" ");
  const attributes: Attributes = { id, name: field.name, ...(described ? { "aria-describedby": described } : {}),
    ...(field.maxLength ? { maxlength: String(field.maxLength) } : {}), ...(fault ? { "aria-invalid": "true" } : {}), ...(required ? { "aria-required": "true" } : {}) };
  const control = options.choices ? h("select", attributes, ...options.choices.map((each) => h("option", { value: each.value }, each.text)))
    : options.long ? h("textarea", attributes) : h("input", { type: "text", autocomplete: "off", ...attributes });
  control.value = value;
  return h("div", {},
    h("label", { for: id }, field.label, field.unit ? `（${field.unit}）` : "", required && h("span", { class: "required" }, " 必填")),
    field.help ? h("span", { class: "help", id: `${id}-help` }, field.help) : undefined,
    options.remarks?.length ? h("span", { class: "remark", id: `${id}-remark` }, `退回意见：${options.remarks.join("；")}`) : undefined,
    fault ? h("span", { class: "fault", id: `${id}-fault` }, fault) : undefined,
    control);
}

export function valueOf(name: string): string {
  return document.querySelector<HTMLInputElement | HTMLTextAreaElement | HTMLSelectElement>(`#field-${name}`)?.value ?? "";
}

/** What was refused, in words, with a way to each field. */
export function errorSummary(error: FormError | undefined, labels: ReadonlyMap<string, string>): HTMLElement | undefined {
  if (!error) return undefined;
  const items = [...error.fields].map(([path, text]) => {
    const name = path.split(".").at(-1) ?? path;
    const go = (event: Event) => { event.preventDefault(); document.querySelector<HTMLElement>(`#field-${name}`)?.focus(); };
    return h("li", {}, labels.has(name) ? h("a", { href: `#field-${name}`, click: go }, `${labels.get(name)}：${text}`) : text);
  });
  return h("div", { class: "errors", role: "alert", tabindex: "-1", id: "errors" }, h("h2", {}, error.message), items.length > 0 && h("ul", {}, ...items));
}

/** A button for an action. One that is not allowed can still be reached, and says why. */
export function action(label: string, act: () => void, options: { main?: boolean; refusal?: string } = {}): HTMLElement {
  const reason = options.refusal ? h("span", { class: "help", id: `why-${label}` }, options.refusal) : undefined;
  const button = h("button", { type: "button", ...(options.main ? { class: "main" } : {}), click: () => { if (!options.refusal) act(); },
    ...(reason ? { "aria-disabled": "true", "aria-describedby": reason.id } : {}) }, label);
  return h("span", {}, button, reason);
}
