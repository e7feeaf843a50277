import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { script } from "../../lib/clouds/local/script";

/** A project as Terraform finds it, with an engine that has no image and an `ohpc` that makes one. */
describe("a machine of a local cluster whose image is missing", () => {
  const IMAGE = "localhost/ohpc-node:0123";
  let project: string;
  const calls = () => join(project, "calls");

  beforeEach(() => {
    project = mkdtempSync(join(tmpdir(), "image-"));
    mkdirSync(join(project, "cdktf.out/stacks/demo"), { recursive: true });
    mkdirSync(join(project, "state/ohpc/demo"), { recursive: true });
    mkdirSync(join(project, "node_modules/.bin"), { recursive: true });
    for (const key of ["id_ed25519.pub", "host_ed25519_key"]) writeFileSync(join(project, "state/ohpc/demo", key), "");
    writeFileSync(join(project, "state/ohpc/demo/engine"), "podman\n");
    program(
      "podman",
      `[ "$1" != --cgroup-manager ] || shift 2; [ "$1" != --runtime ] || shift 2
       case "$1 $2" in
         "image inspect") [ -e ${project}/image ] ;;
         "container "*) exit 1 ;;
         "run "*) [ -e ${project}/image ] && touch ${project}/machine ;;
       esac`,
    );
  });
  afterEach(() => {
    rmSync(project, { recursive: true });
  });

  function program(name: string, text: string): void {
    writeFileSync(join(project, name), `#!/bin/bash\n${text}\n`);
    chmodSync(join(project, name), 0o755);
  }

  function run(made: readonly string[]) {
    const machine = { host: "cpu-1", address: "192.0.2.1", role: "compute", network: "n", ssh_port: "", user_data: "" };
    const text = script(
      "machine-up",
      { cluster: "demo", site: "local" },
      { ...machine, image: IMAGE, made, spec: "s", run_flags: ["-e", "A=b"], volumes: [] },
    );
    const env = {
      PATH: [project, process.env["PATH"]].join(delimiter),
      HOME: project,
      XDG_STATE_HOME: join(project, "state"),
    };
    const cwd = join(project, "cdktf.out/stacks/demo");
    const { status, stderr } = spawnSync("bash", ["-c", text], { env, cwd, encoding: "utf8" });
    return { status, stderr, machine: existsSync(join(project, "machine")) };
  }

  it("has it made by the project's own ohpc, as ohpc up would have", () => {
    program(
      "node_modules/.bin/ohpc",
      `[ "$OHPC_ENGINE $*" = "podman image build" ] && touch ${project}/image ${calls()}`,
    );
    const { status, stderr, machine } = run(["image", "build"]);
    expect({ status, machine }).toEqual({ status: 0, machine: true });
    expect(stderr).toContain(`note: the image ${IMAGE} was not in podman yet and was made first`);
  });

  it("says in a sentence what to run where it cannot be made", () => {
    program("node_modules/.bin/ohpc", "exit 1");
    const { status, stderr, machine } = run(["image", "build", "--stock"]);
    expect({ status, machine }).toEqual({ status: 1, machine: false });
    expect(stderr).toContain(
      `The image ${IMAGE} is not in podman, and could not be made here.\nMake it, then run the same command again: npx ohpc image build --stock\n`,
    );
  });

  it("that is the user's own is made by nobody", () => {
    program("node_modules/.bin/ohpc", `touch ${calls()}`);
    const { status, stderr } = run([]);
    expect(status).toBe(1);
    expect(stderr).toContain(`The image ${IMAGE} is not in podman`);
    expect(existsSync(calls())).toBe(false);
  });
});
