import type { Diagnostic } from "../../../lib/operate/terraform/events";
import { terraformFailure, wantsInit } from "../../../lib/operate/terraform/failure";

describe("what Terraform complains about", () => {
  const provisioner = (output: string, host = "master"): Diagnostic => ({
    severity: "error",
    summary: "local-exec provisioner error",
    detail: `Error running command 'host='master'\nlots of script': exit status 1. Output: ${output}`,
    address: `terraform_data.x["${host}"]`,
  });

  it("names the machine, the cause and the remedy that our scripts print, and shows no script", () => {
    const failure = terraformFailure(
      "apply",
      [
        provisioner(
          'Port 20000 on 127.0.0.1, the way in to the cluster "demo", is taken by another program.\nChoose another: new LocalCloud({ sshPort: 20001 })\n',
        ),
      ],
      "",
    );
    expect(failure.message).toBe("terraform apply failed at master");
    expect(failure.details).toMatchObject({
      code: "local.port-taken",
      cause: 'Port 20000 on 127.0.0.1, the way in to the cluster "demo", is taken by another program',
      remedy: "Choose another: new LocalCloud({ sshPort: 20001 })",
    });
    expect(failure.details.output?.join("\n")).not.toContain("lots of script");
  });

  it.each([
    [
      'The subnet 10.77.0.0/16 of the cluster "demo" is taken: 10.77.0.0/16 is the podman network "clnet".',
      "local.subnet-taken",
      "failed",
    ],
    ["No container engine: neither podman nor docker is installed.", "local.engine-missing", "usage"],
    [
      "you have no permission to use docker: permission denied while trying to connect",
      "local.engine-permission",
      "usage",
    ],
    ['The image localhost/ohpc-node:abc is not in podman: "ohpc up" builds it.', "local.image-missing", "failed"],
    [
      'The container engine does not answer: "podman run" took more than 30 seconds and was ended.',
      "local.engine-silent",
      "failed",
    ],
    ['The cluster "demo" on this machine belongs to another Terraform state.', "cluster.another-state", "usage"],
    ["write /x: no space left on device", "disk-full", "failed"],
    [
      "Error: IPAM error: requested ip address 10.108.10.1 is already allocated to container ID 17e381bf6794",
      "local.address-held",
      "failed",
    ],
  ])("recognizes %j", (line, code, kind) => {
    const failure = terraformFailure("apply", [provisioner(`${line}\nDo this.`)], "");
    expect(failure).toMatchObject({ kind, details: { code } });
  });

  it("names only some of very many machines", () => {
    const many = Array.from({ length: 40 }, (_, k) => provisioner("no", `cpu-${k + 1}`));
    expect(terraformFailure("apply", many, "").message).toBe(
      "terraform apply failed at cpu-1, cpu-2, cpu-3, cpu-4, cpu-5 and 35 more",
    );
  });

  it("says that somebody else is at work when the state is locked", () => {
    const locked = {
      severity: "error",
      summary: "Error acquiring the state lock",
      detail: "Lock Info:\n  Who: root@host",
    } as const;
    expect(terraformFailure("plan", [locked], "")).toMatchObject({
      kind: "busy",
      details: { code: "terraform.locked" },
    });
  });

  it("shows what a command without JSON wrote", () => {
    expect(terraformFailure("init", [], "\nError: no such provider\n").details.output).toEqual([
      "Error: no such provider",
    ]);
  });

  it("knows when only `terraform init` is wanted", () => {
    const wants = (summary: string) => wantsInit([{ severity: "error", summary, detail: "" }]);
    expect(wants('Backend initialization required, please run "terraform init"')).toBe(true);
    expect(wants("Inconsistent dependency lock file")).toBe(true);
    expect(wants("Invalid reference")).toBe(false);
  });
});
