import { synthesize } from "cdktf-openhpc/testing";
import { parse } from "yaml";
import { demo, machineOf } from "../support/aws";

describe("machines on AWS", () => {
  it("have user-data that are equal for all of a group, name no host of it, and parse as cloud-config", () => {
    const { terraform } = synthesize(demo({ pool: { nodes: 3 } }));
    const text = machineOf(terraform, "cpu")["user_data"] as string;
    expect(text.startsWith("#cloud-config\n")).toBe(true);
    expect(text).not.toContain("cpu-1");
    const { write_files: files, runcmd } = parse(text) as {
      write_files: { path: string; content: string }[];
      runcmd: string[][];
    };
    expect(files.find(({ path }) => path === "/etc/ohpc/boot.env")?.content.split("\n")).toEqual([
      ...["OHPC_CLUSTER=demo", "OHPC_ROLE=compute", "OHPC_MASTER_HOST=master", "OHPC_MASTER_ADDRESS=10.78.0.10"],
      ...["OHPC_BUNDLE=nfs:10.78.0.10:/srv/ohpc/bundle", ""],
    ]);
    // When the machine has its name: it starts what asks the master for everything else.
    expect(runcmd.at(-1)).toEqual(["systemctl", "enable", "--now", "ohpc-node.timer", "ohpc-node-answer.socket"]);
  });

  it("do at their first boot what the user adds", () => {
    const firstBoot = {
      files: [{ path: "/etc/motd", mode: "0644", content: "hello ${name}\n\nbye\n" }],
      commands: [["echo", 'a "b"']],
    };
    const { terraform } = synthesize(demo({ cloud: { firstBoot } }));
    const text = machineOf(terraform, "cpu")["user_data"] as string;
    // Terraform takes the doubled sign for a plain one.
    const { write_files: files, runcmd } = parse(text.replaceAll("$${", "${")) as {
      write_files: { path: string; content: string }[];
      runcmd: string[][];
    };
    expect(files.at(-1)).toMatchObject({ path: "/etc/motd", content: "hello ${name}\n\nbye\n" });
    expect(runcmd.at(-2)).toEqual(["echo", 'a "b"']);
  });

  it("close the metadata service to users at the master's first boot, before anything else", () => {
    const { terraform } = synthesize(demo());
    const { write_files: files, runcmd } = parse(machineOf(terraform, "master")["user_data"] as string) as {
      write_files: { path: string; content: string }[];
      runcmd: string[][];
    };
    expect(files.find(({ path }) => path === "/usr/lib/ohpc/metadata-guard.nft")?.content).toContain("meta skuid 0");
    expect(runcmd.slice(0, 2)).toEqual([
      ["systemctl", "enable", "--now", "ohpc-metadata-guard.timer"],
      ["systemctl", "enable", "--now", "ohpc-metadata-guard.service"],
    ]);
  });

  it("leave three of the sixteen KB that AWS takes to the user", () => {
    const { terraform } = synthesize(demo());
    for (const group of ["master", "cpu"])
      expect(Buffer.byteLength(machineOf(terraform, group)["user_data"] as string)).toBeLessThan(13 * 1024);
  });
});
