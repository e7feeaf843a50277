import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { script, type ScriptName } from "../../lib/clouds/local/script";

const FOLDER = join(__dirname, "../../lib/clouds/local");

/** What each script reads, as its first lines say. */
const VARIABLES: Readonly<Record<ScriptName, Readonly<Record<string, string | readonly string[]>>>> = {
  "network-up": {
    network: "n",
    spec: "s",
    subnet: "10.64.0.0/16",
    gateway: "g",
    internal: "",
    ssh_port: "1",
    guard_metric: "1",
  },
  "network-down": { subnet: "10.64.0.0/16", guard_metric: "1" },
  "sweep-up": {},
  "volume-up": { volume: "v" },
  "volume-down": { volume: "v" },
  "machine-up": {
    host: "h",
    address: "a",
    role: "master",
    network: "n",
    image: "i",
    made: ["image", "build"],
    spec: "s",
    run_flags: ["-e", "a=b"],
    volumes: ["v"],
    ssh_port: "1",
  },
  "machine-down": { host: "h", role: "master" },
  power: { owner: "o", action: "start", hosts: ["h"], guard_metric: "1" },
  mark: { owner: "o" },
  leftovers: { guard_metric: "1" },
};

it.each(Object.keys(VARIABLES) as ScriptName[])("shellcheck finds nothing wrong with %s", (name) => {
  const text = script(name, { cluster: "demo", site: "local" }, VARIABLES[name]);
  // Which of the shared variables and functions a script needs is its own affair; OHPC_HOSTS comes from Terraform.
  const options = ["--shell=bash", "--exclude=SC2034,SC2317", "--severity=style", "-"];
  const { stdout, status, error } = spawnSync("shellcheck", options, { input: text, encoding: "utf8" });
  expect({ stdout, status, error }).toEqual({ stdout: "", status: 0, error: undefined });
});

it("no script is forgotten here", () => {
  const parts = ["common", "recorded", "engine"];
  const files = readdirSync(FOLDER).filter((name) => /^(?!image).*\.sh$/.test(name));
  expect(files.map((name) => name.replace(".sh", "")).sort()).toEqual([...Object.keys(VARIABLES), ...parts].sort());
});
