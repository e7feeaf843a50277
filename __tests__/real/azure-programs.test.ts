import { ComputePool, NfsDisk, OpenHpcMaster, Size } from "cdktf-openhpc";
import { AzureCloud } from "cdktf-openhpc/azure";
import { synthesize, type TerraformBlock } from "cdktf-openhpc/testing";
import { type ChildProcess, execFileSync, spawn, spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { bastionProxy } from "../../lib/clouds/azure/bastion";
import type { AzureDisks } from "../../lib/clouds/azure/props";
import { SshRemote } from "../../lib/operate/exec/remote/ssh-remote";
import { operator } from "../../stacks/operator";
import { Place } from "../support/place";

const programs = join(__dirname, "../../lib/clouds/azure");
const scratch = mkdtempSync(join(tmpdir(), "azure-programs-"));
afterAll(() => {
  rmSync(scratch, { recursive: true, force: true });
});

/** Stands in for the Azure CLI: a program of that name which is found first. */
function fakeAz(text: string): string {
  const folder = mkdtempSync(join(scratch, "bin-"));
  writeFileSync(join(folder, "az"), text);
  chmodSync(join(folder, "az"), 0o755);
  return folder;
}

it.each([
  ["last-snapshot.sh", "sh"],
  ["bastion-proxy.sh", "bash"],
])("shellcheck finds nothing wrong with %s", (name, shell) => {
  const { stdout, status } = spawnSync("shellcheck", ["--shell", shell, join(programs, name)], { encoding: "utf8" });
  expect([stdout, status]).toEqual(["", 0]);
});

describe("the last snapshot of a disk, when Terraform deletes it", () => {
  const DISK =
    "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/ohpc-demo/providers/Microsoft.Compute/disks/ohpc-demo-home";
  let folder: string;

  /** What a real stack has for it, with a stand-in for the disk: it is only the order that matters. */
  function write(disks: AzureDisks, home: { readonly size: Size } | { readonly existing: string } | undefined): void {
    const { terraform } = synthesize((stack) => {
      const cloud = new AzureCloud({ location: "westeurope", access: operator, disks });
      const disk = home === undefined ? {} : { home: new NfsDisk(stack, "home", home) };
      const master = new OpenHpcMaster(stack, "master", { cloud, ...disk });
      new ComputePool(stack, "cpu", { master, nodes: 1 });
    }, "demo");
    const found = Object.values(terraform.resource?.["terraform_data"] ?? {}).filter(
      ({ input }) => (input as TerraformBlock)["name"] === "ohpc-demo-home",
    );
    const text = JSON.stringify(found).replaceAll(
      /\$\{azurerm_managed_disk\.[\w-]+\.id\}/g,
      "${terraform_data.disk.output}",
    );
    const snapshots = (JSON.parse(text) as TerraformBlock[]).map(({ "//": _, ...snapshot }) => ["snapshot", snapshot]);
    const made = home !== undefined && "size" in home && !("kind" in (disks.home ?? {}));
    const data = { ...(made && { disk: { input: DISK } }), ...Object.fromEntries(snapshots) } as object;
    const definition = Object.keys(data).length === 0 ? {} : { resource: { terraform_data: data } };
    writeFileSync(join(folder, "main.tf.json"), JSON.stringify(definition));
  }

  beforeEach(() => {
    folder = mkdtempSync(join(scratch, "stack-"));
    write({}, { size: Size.gibibytes(100) });
    terraformIn(folder, "init", "-input=false");
    terraformIn(folder, "apply", "-auto-approve", "-input=false");
  });

  function terraformIn(cwd: string, ...args: readonly string[]): string {
    return execFileSync("terraform", [...args], {
      cwd,
      encoding: "utf8",
      stdio: "pipe",
      env: { ...process.env, CHECKPOINT_DISABLE: "1" },
    });
  }

  function apply(path: string): string {
    const args = ["apply", "-auto-approve", "-input=false", "-no-color"];
    const env = { ...process.env, CHECKPOINT_DISABLE: "1", PATH: path };
    return execFileSync("terraform", args, { cwd: folder, encoding: "utf8", stdio: "pipe", env });
  }

  function destroy(path: string): { readonly status: number | null; readonly said: string } {
    const { status, stdout, stderr } = spawnSync(
      "terraform",
      ["destroy", "-auto-approve", "-input=false", "-no-color"],
      {
        cwd: folder,
        encoding: "utf8",
        env: { ...process.env, CHECKPOINT_DISABLE: "1", PATH: path },
      },
    );
    return { status, said: `${stdout}${stderr}` };
  }

  const left = () =>
    terraformIn(folder, "state", "list")
      .trim()
      .split("\n")
      .filter((line) => line !== "");

  it("is made in a resource group of its own, before the disk is deleted", () => {
    const log = join(folder, "az.log");
    const bin = fakeAz(`#!/bin/sh\nprintf '%s ' "$@" >>${log}; echo >>${log}\n`);
    const { status, said } = destroy(`${bin}:${process.env["PATH"] ?? ""}`);
    expect([status, left()]).toEqual([0, []]);
    const snapshot = /snapshot create .*--name (ohpc-demo-home-\d{14}) /.exec(readFileSync(log, "utf8"))?.[1] ?? "none";
    expect(readFileSync(log, "utf8").trim().split(/ ?\n/)).toEqual([
      "group create --subscription 00000000-0000-0000-0000-000000000001 --name ohpc-demo-snapshots --location westeurope --output none",
      `snapshot create --subscription 00000000-0000-0000-0000-000000000001 --resource-group ohpc-demo-snapshots --location westeurope --name ${snapshot} --source ${DISK} --incremental true --network-access-policy DenyAll --output none`,
    ]);
    expect(said).toContain(`are kept in the snapshot ${snapshot}`);
  });

  it.each([
    ["its disk leaves the stack", {}, undefined],
    ["another that was there before takes its place", {}, { existing: `${DISK}-of-old` }],
    ["a share takes its place", { home: { kind: "azure-files" } }, { size: Size.gibibytes(100) }],
  ] as const)("is made, too, when %s", (_, disks, home) => {
    const log = join(folder, "az.log");
    const bin = fakeAz(`#!/bin/sh\nprintf '%s ' "$@" >>${log}; echo >>${log}\n`);
    write(disks, home);
    apply(`${bin}:${process.env["PATH"] ?? ""}`);
    expect(readFileSync(log, "utf8")).toContain(`--source ${DISK} `);
    expect(left()).not.toContain("terraform_data.disk");
    // Nothing is left that could be kept once more.
    rmSync(log);
    expect(apply(`${bin}:${process.env["PATH"] ?? ""}`)).toContain("0 added, 0 changed, 0 destroyed");
    destroy("/nowhere:/usr/local/bin:/usr/bin:/bin");
    expect([existsSync(log), left()]).toEqual([false, []]);
  });

  it("is not made where the data may go, not even when that is said later", () => {
    const log = join(folder, "az.log");
    const path = `${fakeAz(`#!/bin/sh\necho "$@" >>${log}\n`)}:${process.env["PATH"] ?? ""}`;
    write({ home: { whenRemoved: "delete" } }, { size: Size.gibibytes(100) });
    apply(path);
    write({}, undefined);
    apply(path);
    expect([existsSync(log), left()]).toEqual([false, expect.not.arrayContaining(["terraform_data.disk"])]);
  });

  it("keeps the disk where it fails", () => {
    const bin = fakeAz('#!/bin/sh\n[ "$1" = group ] || { echo "Please run az login" >&2; exit 1; }\n');
    const { status, said } = destroy(`${bin}:${process.env["PATH"] ?? ""}`);
    expect(status).toBe(1);
    expect(said).toContain("Please run az login");
    expect(left()).toEqual(["terraform_data.disk", "terraform_data.snapshot"]);
  });

  it("says what to do where there is no Azure CLI, and keeps the disk", () => {
    const bin = mkdtempSync(join(scratch, "bin-"));
    for (const name of ["sh", "terraform", "cut", "date"])
      execFileSync("ln", ["-s", execFileSync("which", [name], { encoding: "utf8" }).trim(), join(bin, name)]);
    const { status, said } = destroy(bin);
    expect(status).toBe(1);
    expect(said.replaceAll(/\s+/g, " ")).toContain(
      "The Azure CLI (az) is needed for a last snapshot of ohpc-demo-home.",
    );
    expect(said).toContain('whenRemoved: "delete"');
    expect(left()).toContain("terraform_data.disk");
  });
});

describe("the way in through a Bastion", () => {
  const privateDirectory = join(scratch, "private");
  let sshd: ChildProcess;
  const place = Place.take("bastion");
  const sshPort = place.port();

  beforeAll(async () => {
    mkdirSync(privateDirectory, { mode: 0o700 });
    mkdirSync("/run/sshd", { recursive: true });
    for (const name of ["private/id_ed25519", "host_key"])
      execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", join(scratch, name)]);
    const config = [
      ...[
        `ListenAddress 127.0.0.1:${sshPort}`,
        `HostKey ${scratch}/host_key`,
        `AuthorizedKeysFile ${privateDirectory}/id_ed25519.pub`,
      ],
      ...["PermitRootLogin prohibit-password", "StrictModes no", "UsePAM no", "PidFile none", "SetEnv SHLVL=1"],
    ];
    writeFileSync(join(scratch, "sshd_config"), config.join("\n"));
    writeFileSync(join(privateDirectory, "known_hosts"), `* ${readFileSync(join(scratch, "host_key.pub"), "utf8")}`);
    sshd = spawn("/usr/sbin/sshd", ["-D", "-e", "-f", join(scratch, "sshd_config")], {
      stdio: ["ignore", "ignore", "pipe"],
    });
    await new Promise<void>((resolve) => {
      sshd.stderr?.on("data", (chunk: Buffer) => {
        if (chunk.toString().includes("Server listening")) resolve();
      });
    });
  });
  afterAll(() => {
    sshd.kill();
    place.release();
  });

  /** As `az network bastion tunnel`: listens where it is told, and carries everything to the machine. It takes its time to start. */
  const TUNNEL = `#!${process.execPath}
const net = require("node:net");
const fs = require("node:fs");
const args = process.argv.slice(2);
fs.appendFileSync(process.env.AZ_LOG, args.join(" ") + "\\n");
fs.writeFileSync(process.env.AZ_LOG + ".pid", String(process.pid));
const port = Number(args[args.indexOf("--port") + 1]);
setTimeout(() => net.createServer((here) => {
  const there = net.connect(Number(process.env.SSHD_PORT), "127.0.0.1");
  here.pipe(there).pipe(here);
  for (const end of [here, there]) end.on("error", () => undefined);
}).listen(port, "127.0.0.1"), 500);
`;

  function remote(az: string, log: string): SshRemote {
    process.env["PATH"] = `${fakeAz(az)}:${process.env["PATH"] ?? ""}`;
    Object.assign(process.env, { AZ_LOG: log, SSHD_PORT: String(sshPort) });
    const proxy = bastionProxy(
      { name: "ohpc-demo-bastion", resourceGroup: "ohpc-demo" },
      "/subscriptions/s/virtualMachines/ohpc-demo-master",
    );
    // Terraform has turned doubled signs into plain ones by then.
    const words = proxy.map((word) => word.replaceAll("$${", "${"));
    const access = { host: "10.79.0.10", port: 22, user: "root", identity: "cluster", proxy: words } as const;
    return SshRemote.to({ host: "master", access, privateDirectory });
  }

  it("carries real SSH, and leaves nothing behind when it is closed", async () => {
    const log = join(scratch, "tunnel.log");
    const master = remote(TUNNEL, log);
    expect(await master.run('printf "%s" "$1"', { args: ["100 % of ${it}"] })).toBe("100 % of ${it}");
    expect(await master.run("wc -c", { input: "x".repeat(300_000) })).toBe("300000\n");
    expect(readFileSync(log, "utf8").trim()).toMatch(
      /^network bastion tunnel --name ohpc-demo-bastion --resource-group ohpc-demo --target-resource-id \/subscriptions\/s\/virtualMachines\/ohpc-demo-master --resource-port 22 --port \d+$/,
    );
    await master.close();
    const tunnel = Number(readFileSync(`${log}.pid`, "utf8"));
    const until = Date.now() + 120_000;
    while (existsSync(`/proc/${tunnel}`) && Date.now() < until) await new Promise((resolve) => setTimeout(resolve, 50));
    expect(existsSync(`/proc/${tunnel}`)).toBe(false);
  });

  it("ends with what is missing where the Azure CLI does not open it", () => {
    const [, ...words] = bastionProxy({ name: "ohpc-demo-bastion", resourceGroup: "ohpc-demo" }, "vm");
    const args = words.map((word) => word.replaceAll("%%", "%"));
    const env = { ...process.env, PATH: `${fakeAz("#!/bin/sh\nexit 1\n")}:${process.env["PATH"] ?? ""}` };
    const { status, stderr } = spawnSync("bash", args, { env, encoding: "utf8", timeout: 240_000 });
    expect([status, stderr.trim()]).toEqual([
      1,
      "az network bastion tunnel to ohpc-demo-bastion did not open: is the Azure CLI installed and logged in?",
    ]);
  });
});
