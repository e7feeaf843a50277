import { GpuComputePool, OpenHpcMaster } from "cdktf-openhpc";
import { AwsCloud } from "cdktf-openhpc/aws";
import { demo, KEY, PROPS, type Variant } from "../support/aws";
import { refusal, refusals } from "../support/clusters";

describe("what is wrong on AWS is told when it is written:", () => {
  const first = (variant: Variant) => refusals(demo(variant));

  it.each<[string, Variant, string | RegExp]>([
    [
      "a zone in another region",
      { cloud: { zone: "us-west-2a" } },
      'zone is "us-west-2a", but must be a zone of the region us-east-1, such as us-east-1a',
    ],
    [
      "a zone where a region belongs",
      { cloud: { region: "us-east-1b" } },
      'region is "us-east-1b", but must be a region of AWS such as us-east-1; did you mean region: "us-east-1", zone: "us-east-1b"?',
    ],
    ["an unknown type", { pool: { machine: "m7a.larg" } }, /^machine is "m7a\.larg".*did you mean "m7a\.large"\?/],
    [
      "an arm type with an x86 image",
      { pool: { machine: "m8g.large", image: "136693071363/debian-13-amd64-*" } },
      /^image is "136693071363\/debian-13-amd64-\*", but must be an image for arm64, which the machine is; this one is for x86_64/,
    ],
    [
      "an address that AWS keeps",
      { pool: { addresses: "10.78.128.3", nodes: 1 } },
      /10\.78\.128\.3 is reserved by the platform/,
    ],
    [
      "an address outside the pools' subnet",
      { pool: { addresses: "10.78.1.0/24" } },
      /^addresses is "10\.78\.1\.0.*must be inside the subnet 10\.78\.128\.0\/17/,
    ],
    [
      "an address of the master outside its subnet",
      { master: { address: "10.78.128.9" } },
      'address is "10.78.128.9", but must be inside the subnet 10.78.0.0/24',
    ],
    [
      "a subnet that is too small for the pool",
      { cloud: { cidr: "10.9.0.0/24" }, pool: { nodes: 200 } },
      /^addresses is missing, but must be given, because the subnet 10\.9\.0\.128\/25 has too few addresses/,
    ],
    [
      "gp2 with iops",
      { cloud: { disks: { home: { type: "gp2", iops: 6000 } } } },
      /^disks\.home\.iops is 6000, but must be left out for gp2/,
    ],
    [
      "everybody without a reason",
      { cloud: { access: { sshPublicKey: KEY, from: [{ cidr: "0.0.0.0/0", reason: " " }] } } },
      /^access\.from\[0\]\.reason is " ", but must be why SSH is open to it/,
    ],
    [
      "a private key",
      { cloud: { access: { sshPublicKey: "-----BEGIN OPENSSH PRIVATE KEY-----", from: "ssm" } } },
      /^access\.sshPublicKey is "a private key"/,
    ],
    [
      "a state disk on a file system",
      { master: { stateDisk: { existing: "fs-0123456789abcdef0" } } },
      /^existing is "fs-0123456789abcdef0", but must be a volume/,
    ],
    ["a disk by its name", { home: "my-volume" }, /^existing is "my-volume", but must be the id of an EBS volume/],
    [
      "user-data that are too large",
      { cloud: { firstBoot: { files: [{ path: "/opt/x", mode: "0644", content: "x".repeat(16_384) }] } } },
      /^firstBoot is "\d+ bytes", but must be at most 16384 bytes together with what the cluster needs.*put it into an image/,
    ],
    [
      "a boundary of a role that is not made",
      { cloud: { permissionsBoundary: "arn:aws:iam::123456789012:policy/edge" } },
      /^permissionsBoundary is "arn:.*but must be left out: a role is made only for the Session Manager/,
    ],
    ["an account that is no number", { cloud: { account: "mine" } }, 'account is "mine", but must be 12 digits'],
    [
      "security groups for only one side",
      {
        cloud: {
          network: {
            vpcId: "vpc-0123456789abcdef0",
            masterSubnet: { id: "subnet-0123456789abcdef1", cidr: "10.0.1.0/24" },
            securityGroups: { master: ["sg-0123456789abcdef0"], compute: [] },
          },
        },
      },
      /^network\.securityGroups is .*but must be at least one for the master and one for compute nodes/,
    ],
  ])("%s", (_, variant, message) => {
    expect(first(variant)).toEqual(
      expect.arrayContaining([typeof message === "string" ? message : expect.stringMatching(message)]),
    );
  });

  it("a GPU pool on machines without GPUs", () => {
    const message = refusal((stack) => {
      const master = new OpenHpcMaster(stack, "master", { cloud: new AwsCloud(PROPS) });
      new GpuComputePool(stack, "gpu", { master, nodes: 1, machine: "m7a.large" });
    });
    expect(message).toContain('machine is "m7a.large", but must be a machine with at least one GPU');
  });

  it("all of it at once", () => {
    expect(first({ cloud: { zone: "mars-1a", account: "1", tags: { Name: "x" }, cidr: "10.0.0.0/8" } })).toHaveLength(
      4,
    );
  });
});
