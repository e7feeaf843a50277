import { S3Backend } from "cdktf";
import { instancesOf, synthesize } from "cdktf-openhpc/testing";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { TerraformData } from "../../lib/clouds/terraform-data";
import { smallCluster } from "../support/clusters";

describe("synthesize", () => {
  it("gives the text that the project itself would have, wherever it runs", () => {
    const { terraform, files } = synthesize((stack) => smallCluster(stack), "physics");
    expect(terraform.terraform?.["backend"]).toEqual({ local: { path: "../../../terraform.physics.tfstate" } });
    expect([...files.keys()]).toEqual(["stacks/physics/cdk.tf.json", "stacks/physics/cluster.json"]);
  });

  it("leaves a backend of the stack's own alone", () => {
    const { terraform } = synthesize((stack) => {
      smallCluster(stack);
      new S3Backend(stack, { bucket: "states", key: "demo", region: "eu-west-1" });
    });
    expect(Object.keys(terraform.terraform?.["backend"] ?? {})).toEqual(["s3"]);
  });

  it("takes stacks without a cluster, too", () => {
    const { spec, manifest, instances } = synthesize((stack) => new TerraformData(stack, "thing", { input: { a: 1 } }));
    expect({ spec, manifest }).toEqual({});
    expect([...instances.values()]).toMatchObject([{ body: { input: { a: 1 } }, each: undefined }]);
  });

  it("leaves nothing behind, not even when the stack is refused", () => {
    const folder = mkdtempSync(join(tmpdir(), "own-"));
    const before = process.env;
    process.env = { ...before, TMPDIR: folder };
    try {
      synthesize((stack) => smallCluster(stack));
      expect(() => synthesize((stack) => smallCluster(stack, { nodes: 0 }))).toThrow();
      expect(readdirSync(folder)).toEqual([]);
    } finally {
      process.env = before;
      rmSync(folder, { recursive: true });
    }
  });
});

describe("the instances of a stack", () => {
  it("have the addresses that Terraform gives them", () => {
    const { instances } = synthesize((stack) => {
      new TerraformData(stack, "many", {
        forEach: { "cpu-2": { n: 2 }, "cpu-1": { n: 1 } },
        input: { same: "${each.value.n}" },
      });
      new TerraformData(stack, "one", {});
    });
    expect([...instances.keys()].map((address) => address.replace(/_[0-9A-F]{8}/, ""))).toEqual([
      'terraform_data.many["cpu-1"]',
      'terraform_data.many["cpu-2"]',
      "terraform_data.one",
    ]);
    expect([...instances.values()].map(({ each }) => each)).toEqual([{ n: 1 }, { n: 2 }, undefined]);
  });

  it("cannot be told where for_each is known only to Terraform", () => {
    expect(() => instancesOf({ resource: { x: { y: { for_each: "${var.hosts}" } } } })).toThrow(
      "for_each of x.y is not known at synth",
    );
  });
});

describe("TerraformData", () => {
  it("keeps the names of hosts as they are, in JSON and in HCL", () => {
    const { terraform } = synthesize(
      (stack) => new TerraformData(stack, "machines", { forEach: { "cpu-1": "10.0.0.1" } }),
    );
    const [block] = Object.values(terraform.resource?.["terraform_data"] ?? {});
    expect(block?.["for_each"]).toEqual({ "cpu-1": "10.0.0.1" });
    synthesize((stack) => {
      new TerraformData(stack, "machines", { forEach: { "cpu-1": "10.0.0.1" }, input: { a: "b" } });
      const { hcl } = stack.toHclTerraform() as { hcl: string };
      expect(hcl.replace(/\s+/g, " ")).toMatch(/for_each = \{ "?cpu-1"? = "10\.0\.0\.1" \} input = \{ a = "b" \}/);
    });
  });
});
