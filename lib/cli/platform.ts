import type { SynthesizedStack } from "../operate/stack/synthesis";
import { sitesOf } from "../operate/stack/spec";
import type { Platform } from "../operate/deploy/platform";
import { vendorPlatform } from "../operate/deploy/vendor-platform";
import type * as Local from "./local-platform";

/** What the stack's cloud does beside Terraform. */
export function platformFor(stack: SynthesizedStack): Platform {
  const local = sitesOf(stack).find(({ cloud }) => cloud === "local");
  if (local === undefined) return vendorPlatform(process.env);
  const { engine } = local.place;
  // eslint-disable-next-line @typescript-eslint/no-require-imports -- clusters elsewhere need nothing of it
  const { localPlatform } = require("./local-platform") as typeof Local;
  return localPlatform(stack, engine === "podman" || engine === "docker" ? engine : undefined);
}
