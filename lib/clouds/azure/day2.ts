import { lazy } from "../../package/lazy";
import type { Day2 } from "../day2";
import type * as Cost from "./cost";
import type * as Power from "./power";
import { SDK } from "./sdk";

const cost = lazy(() => require("./cost") as typeof Cost);
const power = lazy(() => require("./power") as typeof Power, SDK);

export const day2: Day2 = {
  // Its locks are resources, which Terraform takes away before what they protect.
  protects: false,
  power: ({ cluster, place }) =>
    new (power().AzurePower)({
      cluster,
      resourceGroup: place("resourceGroup") ?? "",
      subscription: place("subscription"),
    }),
  cost: (terraform) => cost().azureCost(terraform),
};
