import type * as Compute from "@azure/arm-compute";
import type * as Identity from "@azure/identity";
import { lazy } from "../../package/lazy";

/** What speaks to Azure. A stack is synthesized without it. */
export const SDK = ["@azure/arm-compute", "@azure/identity"] as const;

export const computeSdk = lazy(() => require("@azure/arm-compute") as typeof Compute, SDK);
export const identitySdk = lazy(() => require("@azure/identity") as typeof Identity, SDK);
