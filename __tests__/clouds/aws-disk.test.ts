import { synthesize, type TerraformBlock } from "cdktf-openhpc/testing";
import { readManifest } from "../../lib/model/manifest";
import { demo } from "../support/aws";
import { blocks } from "../support/terraform";

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
});
