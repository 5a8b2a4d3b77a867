// Who is signed in. The token proves the person; it is kept for this tab only.
import { Bangfu, type Area } from "@bangfu/client";
import { IdentityService, type WhoAmIResponse } from "@bangfu/client/gen/bangfu/identity/v1/identity_service";

const HOME: Area = "registry";  // where a person's grants are kept

let token: string | undefined;
let edge: Bangfu | undefined;
let person: WhoAmIResponse | undefined;

/** Signs in: the service says who it is, or throws why not. */
export async function signIn(given: string): Promise<void> {
  const config = await (await fetch("config.json")).json() as { edge: string };
  signOut();
  const candidate = new Bangfu({ baseUrl: config.edge, token: () => token });
  token = given.trim();
  try {
    person = await candidate.client(IdentityService, HOME).whoAmI({});
    edge = candidate;
  } catch (thrown) {
    signOut();
    throw thrown;
  }
}

export function signOut(): void { token = person = edge = undefined; }

export function who(): WhoAmIResponse | undefined { return person; }

export function bangfu(): Bangfu {
  if (!edge) throw new TypeError("nobody is signed in");
  return edge;
}

/** "县级经办 共青城市": what the person may do, and where. */
export function rolesInWords(): string {
  return person?.grants.map((each) => `${each.roleZh} ${each.regions.map((region) => region.name || region.regionPath).join("、")}`).join("；") ?? "";
}

/** The start for lists: the region of the person's first right. */
export function ownRegion(): string { return person?.grants[0]?.regions[0]?.regionPath ?? ""; }

