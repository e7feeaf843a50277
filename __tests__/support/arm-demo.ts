import { AzurePower } from "../../lib/clouds/azure/power";
import type { Arm } from "./arm";

/** The power button of a cluster `demo`, whose four machines run among machines of others; nothing else is left in `arm`. */
export function demoPower(arm: Arm): AzurePower {
  arm.reset();
  arm.add("master", "running");
  for (const host of ["cpu-1", "cpu-2", "cpu-10"]) arm.add(host, "running");
  arm.add("cpu-1", "running", { cluster: "other" });
  arm.add("cpu-1", "deallocated", { group: "elsewhere" });
  return new AzurePower({ cluster: "demo", resourceGroup: "ohpc-demo", ...arm.props });
}
