/* eslint-disable @typescript-eslint/no-require-imports -- each cloud loads its own SDK only, and only where there is such a
   cluster; a dynamic import() would leave CommonJS */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type * as AwsCost from "../../clouds/aws/cost";
import type * as AwsPower from "../../clouds/aws/power";
import type * as AzureCost from "../../clouds/azure/cost";
import type * as AzurePower from "../../clouds/azure/power";
import type { Cost } from "../../clouds/cost";
import type * as LocalCost from "../../clouds/local/cost";
import type * as LocalPower from "../../clouds/local/power";
import type { Power } from "../../clouds/power";
import { Failure } from "../feedback/failure";

/** Where machines are, as manifests tell it. */
export interface VendorSite {
  readonly cloud: string;
  readonly place?: Readonly<Record<string, unknown>> | undefined;
}

interface Vendor {
  /** Packages that a project has to have for it, besides this one. */
  readonly peers: readonly string[];
  /** Whether the vendor itself refuses to end machines that are protected, until it is told otherwise. */
  readonly protects: boolean;
  power(cluster: string, place: (key: string) => string | undefined, env: NodeJS.ProcessEnv): Power;
  cost(terraform: unknown): Cost;
}

const VENDORS: Readonly<Record<string, Vendor>> = {
  aws: {
    peers: ["@aws-sdk/client-ec2"],
    protects: true,
    power: (cluster, place) => {
      const { AwsPower: Power } = require("../../clouds/aws/power") as typeof AwsPower;
      return new Power({ cluster, region: place("region") ?? "" });
    },
    cost: (terraform) => (require("../../clouds/aws/cost") as typeof AwsCost).awsCost(terraform),
  },
  azure: {
    peers: ["@azure/arm-compute", "@azure/identity"],
    // Its locks are resources, which Terraform takes away before what they protect.
    protects: false,
    power: (cluster, place) => {
      const { AzurePower: Power } = require("../../clouds/azure/power") as typeof AzurePower;
      const subscription = place("subscription");
      return new Power({
        cluster,
        resourceGroup: place("resourceGroup") ?? "",
        ...(subscription !== undefined && { subscription }),
      });
    },
    cost: (terraform) => (require("../../clouds/azure/cost") as typeof AzureCost).azureCost(terraform),
  },
  local: {
    peers: [],
    protects: false,
    power: (cluster, place, env) => {
      const { LocalPower: Power } = require("../../clouds/local/power") as typeof LocalPower;
      const engine = place("engine");
      return new Power({ cluster, env, ...((engine === "podman" || engine === "docker") && { engine }) });
    },
    cost: (terraform) => (require("../../clouds/local/cost") as typeof LocalCost).localCost(terraform),
  },
};

/**
 * Day 2 of a cluster's machines at one site.
 *
 * @throws Failure if nobody can switch machines there, or a package is missing
 */
export function powerAt({ cloud, place }: VendorSite, cluster: string, env: NodeJS.ProcessEnv): Power {
  const vendor = VENDORS[cloud];
  if (vendor === undefined) {
    throw new Failure(
      "usage",
      `machines of the cloud ${JSON.stringify(cloud)} cannot be switched on and off from here`,
      {
        code: "power.unsupported",
        remedy: `it is possible for ${Object.keys(VENDORS).join(", ")}; use their own power buttons`,
      },
    );
  }
  const text = (key: string) => {
    const value = place?.[key];
    return typeof value === "string" && value !== "" ? value : undefined;
  };
  try {
    return vendor.power(cluster, text, env);
  } catch (error) {
    throw withoutPeer(error, cloud, vendor.peers) ?? error;
  }
}

/** Whether machines there cannot be ended before their vendor was told that they may be. */
export function endsOnlyWhenTold({ cloud }: VendorSite): boolean {
  return VENDORS[cloud]?.protects ?? false;
}

/** What the part of a synthesized stack costs that is in one kind of cloud; `undefined` where nobody knows. */
export function costIn(cloud: string, terraform: unknown): Cost | undefined {
  return VENDORS[cloud]?.cost(terraform);
}

/** The SDKs are optional peers: who has no machines there needs none of them. Pure but for reading our package.json. */
function withoutPeer(error: unknown, cloud: string, peers: readonly string[]): Failure | undefined {
  if (!(error instanceof Error) || (error as NodeJS.ErrnoException).code !== "MODULE_NOT_FOUND") return undefined;
  const missing = peers.find((peer) => error.message.includes(`'${peer}'`));
  if (missing === undefined) return undefined;
  const { peerDependencies } = JSON.parse(readFileSync(join(__dirname, "../../../package.json"), "utf8")) as {
    peerDependencies: Readonly<Record<string, string>>;
  };
  return new Failure("usage", `machines on ${cloud} take the package ${missing}, which is not installed`, {
    code: "peer.missing",
    remedy: `npm install ${peers.map((peer) => `"${peer}@${peerDependencies[peer] ?? "*"}"`).join(" ")}`,
  });
}
