import { sitesOf } from "../operate/deployment";
import type { Groundwork } from "../operate/groundwork";
import type { SynthesizedStack } from "../operate/project";
import { vendorGroundwork } from "../operate/vendor-groundwork";
import type * as Local from "./local-groundwork";

/** What the stack's cloud does beside Terraform. */
export function groundworkFor(stack: SynthesizedStack): Groundwork {
  const local = sitesOf(stack).find(({ cloud }) => cloud === "local");
  if (local === undefined) return vendorGroundwork(process.env);
  const { engine } = local.place;
  // eslint-disable-next-line @typescript-eslint/no-require-imports -- clusters elsewhere need nothing of it
  const { localGroundwork } = require("./local-groundwork") as typeof Local;
  return localGroundwork(stack, engine === "podman" || engine === "docker" ? engine : undefined);
}
