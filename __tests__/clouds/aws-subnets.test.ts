import { divideNetwork, existingPlan, networkCidrProblems } from "../../lib/clouds/aws/subnets";
import { type PinFile, withFacts } from "../../lib/clouds/pins";
import { reservedAddresses } from "../../lib/clouds/subnets";
import { claimAddresses } from "../../lib/model/addresses";
import { parseCidr } from "../../lib/model/cidr";
import { told } from "../support/told";

describe("subnets", () => {
  it("divide a VPC into a small public one and an upper half for pools", () => {
    expect(divideNetwork("10.78.0.0/16")).toEqual({
      cidr: "10.78.0.0/16",
      masterCidr: "10.78.0.0/24",
      poolCidr: "10.78.128.0/17",
    });
    expect(divideNetwork("192.168.4.0/24")).toEqual({
      cidr: "192.168.4.0/24",
      masterCidr: "192.168.4.0/26",
      poolCidr: "192.168.4.128/25",
    });
  });

  it("keep the addresses that AWS keeps from pools: the first four and the last of each", () => {
    const cidr = parseCidr("10.0.8.0/24")!;
    const space = { cidr, reserved: reservedAddresses(["10.0.8.0/24"]), masterAddress: "10.0.0.10", taken: [] };
    const problems = (addresses: string, nodes: number) =>
      told(claimAddresses({ pool: "cpu", nodes, addresses }, space).problems);
    expect(problems("10.0.8.4-10.0.8.254", 251)).toEqual([]);
    for (const [address, whose] of [
      ["10.0.8.0", "the network address of the subnet"],
      ["10.0.8.1", "reserved by the platform"],
      ["10.0.8.3", "reserved by the platform"],
      ["10.0.8.255", "the broadcast address of the subnet"],
    ] as const) {
      expect(problems(address, 1)[0]).toContain(
        `addresses is "${address}", but must be addresses that are free (${address} is ${whose})`,
      );
    }
    expect(problems("10.0.9.4", 1)[0]).toContain("must be inside the subnet 10.0.8.0/24");
    expect(problems("10.0.8.4-10.0.8.254", 252)[0]).toContain("must be enough for 252 nodes (it is enough for 251)");
  });

  it.each([
    ["10.0.0.0/8", ['cidr is "10.0.0.0/8", but must be from /16 to /24, which is what AWS takes and two subnets need']],
    [
      "10.0.0.1/16",
      [
        'cidr is "10.0.0.1/16", but must be an IPv4 subnet such as 10.77.0.0/16, with no bit set behind its prefix; did you mean "10.0.0.0/16"?',
      ],
    ],
    ["10.0.0.0/24", []],
  ])("of a VPC of %s: %j", (cidr, problems) => {
    expect(told(networkCidrProblems(cidr, "cidr"))).toEqual(problems);
  });

  const network = {
    vpcId: "vpc-0123456789abcdef0",
    masterSubnet: { id: "subnet-0123456789abcdef1", cidr: "10.0.1.0/24" },
    poolSubnet: { id: "subnet-0123456789abcdef2" },
  };
  const around = { region: "eu-west-1", zone: "eu-west-1a", pins: {} as PinFile };

  it("that exist already have their range from the pin file where the stack does not say it", () => {
    const pins = withFacts({}, "aws", "eu-west-1", {
      [network.poolSubnet.id]: { cidr: "10.0.8.0/21", zone: "eu-west-1a" },
    });
    expect(existingPlan(network, { ...around, pins }).plan).toMatchObject({
      pools: { id: network.poolSubnet.id, cidr: "10.0.8.0/21" },
    });
    expect(told(existingPlan(network, around).problems)).toEqual([
      'network.poolSubnet.cidr is missing, but must be given, or looked up once and written to the pin file; pinAws({ region: "eu-west-1", subnets: ["subnet-0123456789abcdef2"] }) does that',
    ]);
  });

  it("that exist already have to be in the cluster's zone, apart from each other, and real ids", () => {
    const pins = withFacts({}, "aws", "eu-west-1", {
      [network.poolSubnet.id]: { cidr: "10.0.1.128/25", zone: "eu-west-1b" },
    });
    expect(told(existingPlan({ ...network, vpcId: "mine" }, { ...around, pins }).problems)).toEqual([
      'network.vpcId is "mine", but must be the id of a VPC: vpc-…',
      'zone is "eu-west-1a", but must be the zone of the subnet subnet-0123456789abcdef2, which is eu-west-1b',
      'network.poolSubnet.cidr is "10.0.1.128/25", but must be apart from the master\'s subnet 10.0.1.0/24',
    ]);
  });

  it("that exist already have to be in the VPC, as far as the pin file knows", () => {
    const pinsOf = (vpc: string) =>
      withFacts({}, "aws", "eu-west-1", {
        [network.masterSubnet.id]: { cidr: "10.0.1.0/24", zone: "eu-west-1a" },
        [network.poolSubnet.id]: { cidr: "10.0.8.0/21", zone: "eu-west-1a", vpc },
      });
    const problemsIn = (vpc: string, vpcId = network.vpcId) =>
      told(existingPlan({ ...network, vpcId }, { ...around, pins: pinsOf(vpc) }).problems);
    expect(problemsIn(network.vpcId)).toEqual([]);
    expect(problemsIn("vpc-0123456789abcdef9")).toEqual([
      'network.poolSubnet.id is "subnet-0123456789abcdef2", but must be a subnet of the VPC vpc-0123456789abcdef0; this one is in vpc-0123456789abcdef9',
    ]);
    // What is no VPC at all is told once.
    expect(problemsIn("vpc-0123456789abcdef9", "mine")).toEqual([expect.stringContaining("network.vpcId")]);
  });
});
