// Who is signed in. The token proves the person; it is kept for this tab only.
import { Bangfu } from "@bangfu/client";

export interface Person { name: string; subject: string; roles: { role: string; region: string }[] }

let token: string | undefined;
let edge: Bangfu | undefined;
let person: Person | undefined;

/** Signs in; a text that is no token is told at once, a bad one by the first call. */
export async function signIn(given: string): Promise<Person | undefined> {
  const config = await (await fetch("config.json")).json() as { edge: string };
  token = given.trim();
  person = whoIs(token);
  if (!person) { token = undefined; return undefined; }
  edge = new Bangfu({ baseUrl: config.edge, token: () => token });
  return person;
}

export function signOut(): void { token = person = edge = undefined; }

export function who(): Person | undefined { return person; }

export function bangfu(): Bangfu {
  if (!edge) throw new TypeError("nobody is signed in");
  return edge;
}

export function may(...roles: string[]): boolean {
  return person?.roles.some((each) => roles.includes(each.role)) ?? false;
}

/** The narrowest start for lists: the region of the first role. */
export function ownRegion(): string { return person?.roles[0]?.region ?? ""; }

function whoIs(text: string): Person | undefined {
  try {
    const payload = text.split(".")[1] ?? "";
    const bytes = Uint8Array.from(atob(payload.replaceAll("-", "+").replaceAll("_", "/")), (each) => each.charCodeAt(0));
    const claims = JSON.parse(new TextDecoder().decode(bytes)) as { sub: string; name?: string; grants?: { role: string; region: string }[] };
    return { subject: claims.sub, name: claims.name ?? claims.sub, roles: claims.grants ?? [] };
  } catch {
    return undefined;
  }
}
