import { synthesize, type TerraformBlock, type TerraformJson } from "cdktf-openhpc/testing";
import { readManifest } from "../../lib/model/manifest";
import { demo } from "../support/aws";
import { blocks, only } from "../support/terraform";

/** EFS speaks NFS 4.1, and no newer. */
const MOUNT = {
  version: "4.1",
  mountOptions: ["rsize=1048576", "wsize=1048576", "timeo=600", "retrans=2", "noresvport"],
} as const;

describe("disks on AWS: machines", () => {
  it("have their disks by the volumes' own ids, attached only to a master that is stopped before they are taken away", () => {
    const { terraform, manifest } = synthesize(demo());
    const { state, home } = readManifest(manifest).disks;
    const device =
      /^\/dev\/disk\/by-id\/nvme-Amazon_Elastic_Block_Store_\$\{replace\(aws_ebs_volume\.\w+\.id, "-", ""\)\}$/;
    expect([state, home]).toEqual([
      { kind: "block", device: expect.stringMatching(device) as unknown, path: "/srv/ohpc/state" },
      { kind: "block", device: expect.stringMatching(device) as unknown, path: "/home" },
    ]);
    expect(
      blocks(terraform, "aws_volume_attachment").map((one) => [
        one["device_name"],
        one["stop_instance_before_detaching"],
      ]),
    ).toEqual([
      ["/dev/sdg", true],
      ["/dev/sdf", true],
    ]);
    expect(blocks(terraform, "aws_ebs_volume").every((volume) => volume["final_snapshot"] === true)).toBe(true);
  });

  it("keep, lose or refuse to lose a disk's data, as the user chose", () => {
    const volume = (whenRemoved: "snapshot" | "delete" | "refuse") => {
      const { terraform } = synthesize(demo({ cloud: { disks: { home: { whenRemoved } } } }));
      const found = blocks(terraform, "aws_ebs_volume").find(
        ({ tags }) => (tags as Record<string, string>)["Name"] === "demo-home",
      );
      return [found?.["final_snapshot"], (found?.["lifecycle"] as TerraformBlock | undefined)?.["prevent_destroy"]];
    };
    expect(volume("snapshot")).toEqual([true, undefined]);
    expect(volume("delete")).toEqual([false, undefined]);
    expect(volume("refuse")).toEqual([false, true]);
  });

  it("may be an elastic file system, which is mounted as AWS recommends and kept unless the user says otherwise", () => {
    const synthesized = (whenRemoved?: "refuse" | "delete") =>
      synthesize(
        demo({ cloud: { disks: { home: { kind: "efs", ...(whenRemoved !== undefined && { whenRemoved }) } } } }),
      );
    const { terraform, manifest } = synthesized();
    expect(readManifest(manifest).disks.home).toEqual({
      kind: "nfs",
      path: "/home",
      export: "/",
      server: expect.stringMatching(/^\$\{aws_efs_file_system\..*\.dns_name\}$/) as string,
      ...MOUNT,
    });
    const kept = (of: TerraformJson) =>
      (only(of, "aws_efs_file_system")["lifecycle"] as TerraformBlock | undefined)?.["prevent_destroy"];
    expect([kept(terraform), kept(synthesized("refuse").terraform), kept(synthesized("delete").terraform)]).toEqual([
      true,
      true,
      undefined,
    ]);
    const before = synthesize(demo({ home: "fs-0123456789abcdef0" }));
    expect(readManifest(before.manifest).disks.home).toMatchObject(MOUNT);
  });
});
