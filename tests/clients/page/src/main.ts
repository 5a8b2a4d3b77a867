// Which screen, and who is signed in.
import { toFormError } from "@bangfu/client";
import { showClass, showClasses } from "./classes";
import { action, h, input, show, tell, valueOf } from "./dom";
import { showLedger } from "./ledger";
import { showReport } from "./report";
import { rolesInWords, signIn, signOut, who } from "./session";
import { showWork } from "./work";

const MENU: [string, string][] = [["#/work", "待办"], ["#/classes", "评估"], ["#/ledger", "台账"]];

const SCREENS: [RegExp, (id: string) => Promise<void>][] = [
  [/^#\/work$/, showWork], [/^#\/report\/(\w+)$/, showReport],
  [/^#\/classes$/, showClasses], [/^#\/class\/(\w+)$/, showClass], [/^#\/ledger$/, showLedger],
];

function drawMenu(): void {
  const person = who();
  document.querySelector("#menu")!.replaceChildren(...(person ? MENU : []).map(([link, name]) =>
    h("a", { href: link, ...(location.hash === link ? { "aria-current": "page" } : {}) }, name)));
  document.querySelector("#who")!.replaceChildren(...(person ? [`${person.personName}（${rolesInWords()}）`, h("button", { type: "button", click: leave }, "退出")] : []));
}

function leave(): void {
  signOut();
  go("#/signin");
  tell("已退出");
}

function go(hash: string): void {
  if (location.hash === hash) void draw();
  else location.hash = hash;
}

function showSignIn(fault = ""): void {
  const enter = async () => {
    tell("");
    try {
      await signIn(valueOf("token"));
    } catch (thrown) {
      showSignIn(toFormError(thrown).message);
      return;
    }
    go("#/work");
  };
  show("登录",
    fault && h("div", { class: "errors", role: "alert" }, fault),
    h("form", { novalidate: true, submit: (event) => { event.preventDefault(); void enter(); } },
      input({ name: "token", label: "令牌", unit: "", help: "试用环境：粘贴 bangfuctl token 给出的令牌", required: true, number: false }, ""),
      h("p", { class: "actions" }, action("登录", () => void enter(), { main: true }))));
}

async function draw(): Promise<void> {
  drawMenu();
  if (!who()) { showSignIn(); return; }
  for (const [pattern, screen] of SCREENS) {
    const match = pattern.exec(location.hash);
    if (!match) continue;
    try {
      await screen(match[1] ?? "");
    } catch (thrown) {
      const error = toFormError(thrown);
      if (error.signIn) { signOut(); drawMenu(); showSignIn(error.message); } else show("无法显示", h("p", { class: "fault" }, error.message));
    }
    return;
  }
  location.hash = "#/work";
}

window.addEventListener("hashchange", () => { tell(""); void draw(); });
void draw();
