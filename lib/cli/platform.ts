import { sitesOf } from "../operate/cluster/deployment";
import type { Groundwork } from "../operate/deploy/platform";
import type { SynthesizedStack } from "../operate/stack/project";
import { vendorGroundwork } from "../operate/deploy/vendor-platform";
import type * as Local from "./local-platform";

/** What the stack's cloud does beside Terraform. */
export function groundworkFor(stack: SynthesizedStack): Groundwork {
  const local = sitesOf(stack).find(({ cloud }) => cloud === "local");
  if (local === undefined) return vendorGroundwork(process.env);
  const { engine } = local.place;
  // eslint-disable-next-line @typescript-eslint/no-require-imports -- clusters elsewhere need nothing of it
  const { localGroundwork } = require("./local-platform") as typeof Local;
  return localGroundwork(stack, engine === "podman" || engine === "docker" ? engine : undefined);
}
