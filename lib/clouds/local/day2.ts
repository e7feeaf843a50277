import { lazy } from "../../package/lazy";
import type { Day2 } from "../day2";
import type * as Cost from "./cost";
import { engineNamed } from "./engine-prelude";
import type * as Power from "./power";

const cost = lazy(() => require("./cost") as typeof Cost);
const power = lazy(() => require("./power") as typeof Power);

export const day2: Day2 = {
  protects: false,
  power: ({ cluster, owner, place, env }) =>
    new (power().LocalPower)({ cluster, owner, env, engine: engineNamed(place("engine")) }),
  cost: (terraform) => cost().localCost(terraform),
};
