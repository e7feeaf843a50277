import { lazy } from "../../package/lazy";
import type { Day2 } from "../day2";
import type * as Cost from "./cost";
import type * as Power from "./power";
import { SDK } from "./sdk";

const cost = lazy(() => require("./cost") as typeof Cost);
const power = lazy(() => require("./power") as typeof Power, SDK);

export const day2: Day2 = {
  protects: true,
  power: ({ cluster, place }) => new (power().AwsPower)({ cluster, region: place("region") ?? "" }),
  cost: (terraform) => cost().awsCost(terraform),
};
