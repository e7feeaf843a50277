import { groupName, inventory, inventoryList } from "../../../lib/operate/access/inventory";
import { sampleCluster } from "../../support/sample-cluster";

const manifest = sampleCluster().manifest;
const source = { manifest, privateDirectory: "/home/op/.local/state/ohpc/demo" };

describe("the Ansible inventory", () => {
  const { all } = inventory(source);

  it("has the groups master and compute, and one per pool with its hosts", () => {
    expect(Object.keys(all.children ?? {})).toEqual(["master", "compute"]);
    expect(all.children?.["master"]?.hosts).toEqual({ master: { ansible_host: "127.0.0.1", ansible_port: 29852 } });
    const pools = all.children?.["compute"]?.children ?? {};
    expect(Object.keys(pools)).toEqual(["cpu", "gpu"]);
    expect(pools["cpu"]?.hosts).toEqual({
      "cpu-1": { ansible_host: "10.108.250.1" },
      "cpu-2": { ansible_host: "10.108.250.2" },
      "cpu-3": { ansible_host: "10.108.250.3" },
      "cpu-4": { ansible_host: "10.108.250.4" },
    });
  });

  it("logs in with the cluster's own key, and accepts only its own host keys", () => {
    expect(all.vars).toMatchObject({
      ansible_user: "root",
      ansible_ssh_private_key_file: "/home/op/.local/state/ohpc/demo/id_ed25519",
    });
    const words = String(all.children?.["master"]?.vars?.["ansible_ssh_common_args"]);
    expect(words).toContain("StrictHostKeyChecking=yes");
    expect(words).toContain(`'UserKnownHostsFile="/home/op/.local/state/ohpc/demo/known_hosts"'`);
    expect(words).not.toContain("ProxyCommand");
  });

  it("reaches nodes through the master only", () => {
    const words = String(all.children?.["compute"]?.vars?.["ansible_ssh_common_args"]);
    expect(words).toMatch(/ProxyCommand=.*-W \[%h\]:%p/);
    expect(words).toContain("29852");
    expect(words).toContain("127.0.0.1");
  });

  it("leaves to Ansible what Ansible sets by itself", () => {
    const words = String(all.children?.["master"]?.vars?.["ansible_ssh_common_args"]);
    for (const own of ["ControlPath", "ControlMaster", "IdentityFile", "BatchMode"]) expect(words).not.toContain(own);
  });

  it("has no connection shared on the way to nodes: nobody looks after its socket while Ansible runs", () => {
    const words = String(all.children?.["compute"]?.vars?.["ansible_ssh_common_args"]);
    expect(words.match(/Control\w+=\w+/g)).toEqual(["ControlMaster=no", "ControlPath=none"]);
  });

  it("leaves the key to the agent where the operator uses his own", () => {
    const { manifest: own } = sampleCluster({ access: { identity: "agent" } });
    expect(inventory({ ...source, manifest: own }).all.vars).not.toHaveProperty("ansible_ssh_private_key_file");
  });

  it("tells the same as a dynamic inventory", () => {
    const list = inventoryList(inventory(source)) as Record<string, { hosts?: string[]; children?: string[] }> & {
      _meta: { hostvars: Record<string, object> };
    };
    expect(list["all"]?.children).toEqual(["master", "compute"]);
    expect(list["compute"]?.children).toEqual(["cpu", "gpu"]);
    expect(list["gpu"]?.hosts).toEqual(["gpu-1", "gpu-2"]);
    expect(list._meta.hostvars["gpu-2"]).toEqual({ ansible_host: "10.108.10.2" });
    expect(Object.keys(list._meta.hostvars)).toHaveLength(7);
  });

  it.each([
    ["cpu", "cpu"],
    ["big-mem", "big_mem"],
    ["compute", "pool_compute"],
    ["master", "pool_master"],
    ["all", "pool_all"],
    ["4way", "pool_4way"],
  ])("calls the group of pool %s %s", (pool, group) => {
    expect(groupName(pool)).toBe(group);
  });
});
