import { existsSync, writeFileSync } from "node:fs";
import { configure } from "../../../lib/operate/configure/configure";
import { HandMadeCluster } from "../../support/hand-made-cluster";
const cluster = new HandMadeCluster("dev");
const sketch = { pools: { cpu: 1 }, users: [{ name: "alice" }, { name: "bob" }] };
it("stays", async () => {
  await cluster.prepare();
  await cluster.startMaster();
  await cluster.startNode("cpu", 1);
  try {
    const r = await configure(cluster.view(sketch), cluster.remote());
    writeFileSync("/tmp/w/ports-dev", `${cluster.container("master")} ok ${r.changed.length}\n`);
  } catch (error) {
    writeFileSync("/tmp/w/ports-dev", `${cluster.container("master")} ${JSON.stringify((error as { details: unknown }).details)}\n`);
  }
  while (!existsSync("/tmp/w/ports-dev-stop")) await new Promise((r) => setTimeout(r, 500));
  await cluster.end();
}, 3_600_000);
