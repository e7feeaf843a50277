import { type Cost, costOf, countOf, resourcesOf } from "../cost";

type Block = Readonly<Record<string, unknown>>;

/** What the local part of a synthesized stack costs: nothing. Pure. */
export function localCost(terraform: unknown): Cost {
  const containers = resourcesOf(terraform, "terraform_data").filter((block) => inputOf(block)["kind"] === "machine");
  const count = containers.reduce((sum, block) => sum + countOf(block), 0);
  if (count === 0) return costOf([]);
  return costOf([{ what: "container", count, hourly: 0, whenStopped: false, note: "on this computer: free" }]);
}

function inputOf({ input }: Block): Block {
  return typeof input === "object" && input !== null ? (input as Block) : {};
}
