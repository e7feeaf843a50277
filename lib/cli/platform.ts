import type { Platform } from "../operate/deploy/platform";
import { vendorPlatform } from "../operate/deploy/vendor-platform";
import { sitesOf } from "../operate/stack/planned-sites";
import type { SynthesizedStack } from "../operate/stack/synthesis";
import { lazy } from "../package/lazy";
import type * as Local from "./local-platform";

/** Clusters elsewhere need nothing of it. */
const ours = lazy(() => require("./local-platform") as typeof Local);

/** What the stack's cloud does beside Terraform. */
export function platformFor(stack: SynthesizedStack, takeOver = false): Platform {
  const local = sitesOf(stack).find(({ cloud }) => cloud === "local");
  if (local === undefined) return vendorPlatform(process.env);
  return ours().localPlatform(stack, local.place["engine"], takeOver);
}
