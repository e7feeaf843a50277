import { GpuComputePool, OpenHpcMaster, Size } from "cdktf-openhpc";
import { AwsCloud, AwsMachine } from "cdktf-openhpc/aws";
import { demo, KEY, PROPS, type Variant } from "../support/aws";
import { refusal, refusals } from "../support/clusters";

const SHAPE = {
  sockets: 1,
  coresPerSocket: 4,
  threadsPerCore: 1,
  memory: Size.gibibytes(8),
  architecture: "x86_64",
} as const;

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
      "a list of sources with nobody in it",
      { cloud: { access: { sshPublicKey: KEY, from: [] } } },
      'access.from is [], but must be at least one subnet: with none, nobody gets in, not even ohpc; "ssm" opens no port',
    ],
    [
      "a source with bits behind its prefix",
      { cloud: { access: { sshPublicKey: KEY, from: [{ cidr: "198.51.100.7/24", reason: "office" }] } } },
      'access.from[0].cidr is "198.51.100.7/24", but must be an IPv4 subnet such as 198.51.100.0/24; did you mean "198.51.100.0/24"?',
    ],
    [
      "a network that is nobody's own",
      { cloud: { cidr: "169.254.0.0/16" } },
      'cidr is "169.254.0.0/16", but must be apart from 169.254.0.0/16, which is no network of anybody\'s own',
    ],
    [
      "an id that no provider can have",
      { cloud: { id: "1st" } },
      /^id is "1st", but must be lower case letters, digits and hyphens, beginning with a letter/,
    ],
    [
      "more threads than a core has",
      { pool: { machine: AwsMachine.of("c7i.8xlarge", { cpuOptions: { threadsPerCore: 3 as 2 } }) } },
      "machine.cpuOptions.threadsPerCore is 3, but must be 1 or 2, or left out",
    ],
    [
      "a price without end",
      { pool: { machine: AwsMachine.of("m7a.large", { spot: { maxHourly: Infinity } }) } },
      "machine.spot.maxHourly is Infinity, but must be a price above 0, in US dollars",
    ],
    [
      "a shape that no machine has",
      {
        pool: { machine: AwsMachine.of("new.large", { shape: { ...SHAPE, sockets: 0, memory: Size.mebibytes(511) } }) },
      },
      "machine.shape.sockets is 0, but must be a whole number from 1 to 65533",
    ],
    [
      "an architecture that there is not",
      { pool: { machine: AwsMachine.of("new.large", { shape: { ...SHAPE, architecture: "amd64" as "arm64" } }) } },
      /^machine\.shape\.architecture is "amd64", but must be "x86_64" or "arm64"/,
    ],
    ["an image without a name", { pool: { image: "" } }, 'image is "", but must be the name of an image, or left out'],
    [
      "a key that AWS does not take",
      { cloud: { access: { sshPublicKey: "ecdsa-sha2-nistp256 AAAA me", from: "ssm" } } },
      'access.sshPublicKey is "ecdsa-sha2-nistp256", but must be a key that AWS takes: ssh-ed25519, or ssh-rsa of at least 2048 bits',
    ],
    [
      "a snapshot of a file system, of which there is none",
      { cloud: { disks: { home: { kind: "efs", whenRemoved: "snapshot" } as never } } },
      'disks.home.whenRemoved is "snapshot", but must be "refuse" or "delete" for an elastic file system',
    ],
    [
      "a volume's speed of a file system",
      { cloud: { disks: { home: { kind: "efs", iops: 6000 } as never } } },
      "disks.home.iops is 6000, but must be left out: an elastic file system has none",
    ],
    [
      "a file of the first boot without a way to it",
      { cloud: { firstBoot: { files: [{ path: "motd", mode: "0644", content: "" }] } } },
      'firstBoot.files[0].path is "motd", but must be an absolute path of a file, e.g. /etc/motd',
    ],
    [
      "a mode that is none",
      { cloud: { firstBoot: { files: [{ path: "/etc/motd", mode: "u=rw", content: "" }] } } },
      'firstBoot.files[0].mode is "u=rw", but must be octal digits such as "0644" or "0755"',
    ],
    [
      "a command of the first boot without a program",
      { cloud: { firstBoot: { commands: [["true"], []] } } },
      "firstBoot.commands[1] is [], but must be a program and its arguments",
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
    [
      "a boundary by its name",
      { cloud: { access: { sshPublicKey: KEY, from: "ssm" }, permissionsBoundary: "edge" } },
      'permissionsBoundary is "edge", but must be the ARN of a policy: arn:aws:iam::ACCOUNT:policy/NAME',
    ],
    [
      "an instance profile by its ARN",
      { cloud: { instanceProfile: "arn:aws:iam::123456789012:instance-profile/path/head" } },
      'instanceProfile is "arn:aws:iam::123456789012:instance-profile/path/head", but must be the name of an instance profile, not its ARN; did you mean "head"?',
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
