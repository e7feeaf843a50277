import type * as Aws from "../../clouds/aws/day2";
import type * as Azure from "../../clouds/azure/day2";
import type { Cost } from "../../clouds/cost";
import type { Day2 } from "../../clouds/day2";
import type * as Local from "../../clouds/local/day2";
import type { Power } from "../../clouds/power";
import { lazy, MissingPackage } from "../../package/lazy";
import { Failure } from "../feedback/failure";

/** Where machines are, as manifests tell it. */
export interface VendorSite {
  readonly cloud: string;
  readonly place?: Readonly<Record<string, unknown>> | undefined;
}

/** Each is loaded only where there is such a cluster. */
const CLOUDS: Readonly<Record<string, () => Day2>> = {
  aws: lazy(() => (require("../../clouds/aws/day2") as typeof Aws).day2),
  azure: lazy(() => (require("../../clouds/azure/day2") as typeof Azure).day2),
  local: lazy(() => (require("../../clouds/local/day2") as typeof Local).day2),
};

/**
 * Day 2 of a cluster's machines at one site.
 *
 * @throws Failure if nobody can switch machines there, or a package is missing
 */
export function powerAt(
  { cloud, place }: VendorSite,
  { cluster, owner }: { readonly cluster: string; readonly owner?: string | undefined },
  env: NodeJS.ProcessEnv,
): Power {
  const day2 = day2Of(cloud);
  if (day2 === undefined) {
    throw new Failure(
      "usage",
      `machines of the cloud ${JSON.stringify(cloud)} cannot be switched on and off from here`,
      {
        code: "power.unsupported",
        remedy: `it is possible for ${Object.keys(CLOUDS).join(", ")}; use their own power buttons`,
      },
    );
  }
  const text = (key: string) => {
    const value = place?.[key];
    return typeof value === "string" && value !== "" ? value : undefined;
  };
  try {
    return day2.power({ cluster, owner, place: text, env });
  } catch (error) {
    if (!(error instanceof MissingPackage)) throw error;
    throw new Failure("usage", `machines on ${cloud} take the package ${error.missing}, which is not installed`, {
      code: "peer.missing",
      remedy: error.install,
    });
  }
}

/** Whether machines there cannot be ended before their vendor was told that they may be. */
export function endsOnlyWhenTold({ cloud }: VendorSite): boolean {
  return day2Of(cloud)?.protects ?? false;
}

/** What the part of a synthesized stack costs that is in one kind of cloud; `undefined` where nobody knows. */
export function costIn(cloud: string, terraform: unknown): Cost | undefined {
  return day2Of(cloud)?.cost(terraform);
}

function day2Of(cloud: string): Day2 | undefined {
  return Object.hasOwn(CLOUDS, cloud) ? CLOUDS[cloud]?.() : undefined;
}
