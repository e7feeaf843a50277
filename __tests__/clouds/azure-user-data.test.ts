import { synthesize } from "cdktf-openhpc/testing";
import { parse } from "yaml";
import { demo, userDataOf } from "../support/azure";
import { expectGolden } from "../support/golden";

describe("the first boot on Azure: machines", () => {
  it("have user-data that are equal for all of a group, name no host of it, and parse as cloud-config", () => {
    const { terraform } = synthesize(demo({ pool: { nodes: 3 } }));
    const text = userDataOf(terraform, "cpu");
    expect(text.startsWith("#cloud-config\n")).toBe(true);
    expect(text).not.toContain("cpu-1");
    const { write_files: files, runcmd } = parse(text) as {
      write_files: { path: string; content: string }[];
      runcmd: string[][];
    };
    expect(files.find(({ path }) => path === "/etc/ohpc/boot.env")?.content.split("\n")).toEqual([
      ...["OHPC_CLUSTER=demo", "OHPC_ROLE=compute", "OHPC_MASTER_HOST=master", "OHPC_MASTER_ADDRESS=10.79.0.10"],
      ...["OHPC_BUNDLE=nfs:10.79.0.10:/srv/ohpc/bundle", ""],
    ]);
    // When the machine has its name: it starts what asks the master for everything else.
    expect(runcmd.at(-1)).toEqual(["systemctl", "enable", "--now", "ohpc-node.timer", "ohpc-node-answer.socket"]);
    expectGolden("azure/user-data-master.yaml", userDataOf(terraform, "master"));
  });

  it("do at their first boot what the user adds", () => {
    const firstBoot = {
      files: [{ path: "/etc/motd", mode: "0644", content: "hello ${name}\n\nbye\n" }],
      commands: [["echo", 'a "b"']],
    };
    const text = userDataOf(synthesize(demo({ cloud: { firstBoot } })).terraform, "cpu");
    const { write_files: files, runcmd } = parse(text) as {
      write_files: { path: string; content: string }[];
      runcmd: string[][];
    };
    expect(files.at(-1)).toMatchObject({ path: "/etc/motd", content: "hello ${name}\n\nbye\n" });
    expect(runcmd.at(-2)).toEqual(["echo", 'a "b"']);
  });
});
