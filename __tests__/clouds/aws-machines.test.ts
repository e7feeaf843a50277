import { AwsMachine } from "cdktf-openhpc/aws";
import { synthesize } from "cdktf-openhpc/testing";
import { demo, machineOf } from "../support/aws";
import { blocks, only } from "../support/terraform";

describe("machines on AWS", () => {
  it("cost no construct each, also where there are a thousand", () => {
    const { instances, terraform } = synthesize(demo({ pool: { nodes: 1000 } }));
    expect(blocks(terraform, "aws_instance")).toHaveLength(2);
    expect([...instances.keys()].filter((address) => address.startsWith("aws_instance."))).toHaveLength(1001);
  });

  it("with a fabric have an adapter on every card, are near each other, and may talk past the network", () => {
    const machine = AwsMachine.of("hpc7a.96xlarge", { efa: true });
    const { terraform } = synthesize(demo({ pool: { machine } }));
    const interfaces = blocks(terraform, "aws_network_interface").filter(
      ({ tags }) => (tags as Record<string, string>)["ohpc:group"] === "cpu",
    );
    expect(interfaces.map((one) => [one["interface_type"], one["private_ips"]])).toEqual([
      ["efa-only", undefined],
      ["efa", ["${each.value}"]],
    ]);
    const instance = machineOf(terraform, "cpu");
    expect(instance["network_interface"]).toMatchObject([
      { device_index: 0 },
      { device_index: 1, network_card_index: 1 },
    ]);
    expect(only(terraform, "aws_placement_group")).toMatchObject({ strategy: "cluster", name: "demo-cpu" });
    const own = blocks(terraform, "aws_vpc_security_group_egress_rule").filter(
      (rule) => rule["referenced_security_group_id"] !== undefined,
    );
    expect(own).toHaveLength(1);
    expect(own[0]?.["referenced_security_group_id"]).toBe(own[0]?.["security_group_id"]);
  });

  it("warn when the master is spare capacity", () => {
    const warnings: string[] = [];
    synthesize((stack) => {
      demo({ master: { machine: AwsMachine.of("m7a.large", { spot: true }) } })(stack);
      const metadata = stack.node.findAll().flatMap(({ node }) => node.metadata);
      warnings.push(...metadata.filter(({ type }) => type === "@cdktf/warn").map(({ data }) => String(data)));
    });
    expect(warnings).toEqual([
      "the master is a spot machine: when AWS takes it back, the cluster stops, and all running jobs with it",
    ]);
  });
});
