import { COMPUTE, demo, KEY, SUBNETS, SUBSCRIPTION, type Variant } from "../support/azure";
import { refusals } from "../support/clusters";

describe("what is wrong on Azure is told when it is written:", () => {
  const first = (variant: Variant) => refusals(demo(variant));
  const network = (cidr: string) => ({ masterSubnet: { id: `${SUBNETS}/login`, cidr } });

  it.each<[string, Variant, string | RegExp]>([
    [
      "an arm size with an x86 image",
      { pool: { machine: "Standard_D8ps_v5", image: "Debian:debian-13:13-gen2" } },
      'image is "Debian:debian-13:13-gen2", but must be an image for arm64, which the machine is; this one is for x86_64; choose another image, or a machine of x86_64',
    ],
    [
      "an x86 size with an arm image",
      { pool: { image: "Debian:debian-13:13-arm64" } },
      /^image is "Debian:debian-13:13-arm64", but must be an image for x86_64, which the machine is; this one is for arm64/,
    ],
    [
      "a list of sources with nobody in it",
      { cloud: { access: { sshPublicKey: KEY, from: [] } } },
      'access.from is [], but must be at least one subnet: with none, nobody gets in, not even ohpc; "bastion" opens no port',
    ],
    [
      "an id that no provider can have",
      { cloud: { id: "1st" } },
      /^id is "1st", but must be lower case letters, digits and hyphens, beginning with a letter/,
    ],
    [
      "a snapshot of a share, which would end with it",
      { cloud: { disks: { home: { kind: "azure-files", whenRemoved: "snapshot" } as never } } },
      'disks.home.whenRemoved is "snapshot", but must be "refuse" or "delete" for a share of Azure Files',
    ],
    [
      "a disk's cache of a share",
      { cloud: { disks: { home: { kind: "azure-files", caching: "None" } as never } } },
      'disks.home.caching is "None", but must be left out: a share of Azure Files has none',
    ],
    [
      "a share's account of a disk",
      { cloud: { disks: { home: { storageAccount: "ours" } as never } } },
      'disks.home.storageAccount is "ours", but must be left out: a managed disk has none',
    ],
    [
      "a file of the first boot without a way to it",
      { cloud: { firstBoot: { files: [{ path: "/etc/", mode: "0644", content: "" }] } } },
      'firstBoot.files[0].path is "/etc/", but must be an absolute path of a file, e.g. /etc/motd',
    ],
    [
      "an address that Azure keeps",
      { pool: { addresses: "10.79.128.3", nodes: 1 } },
      /10\.79\.128\.3 is reserved by the platform/,
    ],
    [
      "the last address of a subnet",
      { pool: { addresses: "10.79.255.255", nodes: 1 } },
      /10\.79\.255\.255 is the broadcast address/,
    ],
    [
      "an address of the master that Azure keeps",
      { master: { address: "10.79.0.1" } },
      /^address is "10\.79\.0\.1", but must be another address: it is reserved by the platform/,
    ],
    [
      "an address outside the pools' subnet",
      { pool: { addresses: "10.79.1.0/24" } },
      /^addresses is "10\.79\.1\.0.*must be inside the subnet 10\.79\.128\.0\/17/,
    ],
    [
      "a subnet that is too small for the pool",
      { cloud: { cidr: "10.9.0.0/24" }, pool: { nodes: 200 } },
      /^addresses is missing, but must be given, because the subnet 10\.9\.0\.128\/25 has too few addresses/,
    ],
    [
      "a network that is too small",
      { cloud: { cidr: "10.9.0.0/25" } },
      'cidr is "10.9.0.0/25", but must be from /8 to /24, which is what Azure takes and our subnets need',
    ],
    [
      "a subnet that Azure makes none of",
      { cloud: { network: network("10.0.1.0/30") } },
      /^network\.masterSubnet\.cidr is "10\.0\.1\.0\/30", but must be at least a \/29: Azure keeps five addresses/,
    ],
    [
      "a subnet by its name",
      { cloud: { network: { masterSubnet: { id: "login", cidr: "10.0.1.0/24" } } } },
      /^network\.masterSubnet\.id is "login", but must be an id \/subscriptions\/SUBSCRIPTION\/.*virtualNetworks\/NAME\/subnets\/NAME/,
    ],
    [
      "a subnet of which nothing is known",
      { cloud: { network: { masterSubnet: { id: `${SUBNETS}/login` } } } },
      /^network\.masterSubnet\.cidr is missing.*pinAzure\(/,
    ],
    [
      "subnets of two networks",
      {
        cloud: {
          network: {
            ...network("10.0.1.0/24"),
            poolSubnet: { id: `${SUBNETS.replace("campus", "other")}/x`, cidr: "10.0.2.0/24" },
          },
        },
      },
      /^network\.poolSubnet\.id is .*must be a subnet of the virtual network that the master's subnet is in/,
    ],
    [
      "a Bastion in somebody else's network",
      { cloud: { network: network("10.0.1.0/24"), access: { sshPublicKey: KEY, from: "bastion" } } },
      /^access\.from is "bastion", but must be with network\.bastion/,
    ],
    [
      "a host name that is too long for a virtual machine",
      { pool: { hostnames: `${"x".repeat(55)}-{}` } },
      /^hostnames is "x{55}-\d", but must be a host name of at most 54 characters: Azure allows 64/,
    ],
    [
      "a site's name that leaves too little room",
      { cloud: { id: "x".repeat(48) } },
      /^id is "x{48}", but must be at most 46 characters: Azure allows 64 for the name of a virtual network, which is "ohpc-demo-x{48}-network"/,
    ],
    [
      "a pool's name that leaves too little room, whatever its hosts are called",
      {
        cloud: { id: "x".repeat(46) },
        pool: { id: "y".repeat(40), hostnames: "n{}", machine: "Standard_HB120rs_v3" },
      },
      /^name is "y{40}", but must be at most 23 characters: Azure allows 80 for the name of a proximity placement group/,
    ],
    [
      "a resource group's name",
      { cloud: { resourceGroup: "my group" } },
      /^resourceGroup is "my group", but must be the name of a resource group/,
    ],
    [
      "a storage account's name",
      { cloud: { disks: { home: { kind: "azure-files", storageAccount: "My_Home" } as never } } },
      'disks.home.storageAccount is "My_Home", but must be the name of a storage account: 3 to 24 lower case letters and digits; did you mean "myhome"?',
    ],
    [
      "Premium SSD v2 with a cache",
      { cloud: { zone: "1", disks: { home: { type: "PremiumV2_LRS", caching: "ReadOnly" } } } },
      'disks.home.caching is "ReadOnly", but must be left out: Premium SSD v2 has no cache on the host',
    ],
    [
      "Premium SSD v2 outside zones",
      { cloud: { disks: { home: { type: "PremiumV2_LRS" } } } },
      /^disks\.home\.type is "PremiumV2_LRS", but must be another type, or in a zone.*give the cloud a zone/,
    ],
    [
      "a speed for a disk that has its own",
      { cloud: { disks: { home: { iops: 6000 } } } },
      /^disks\.home\.iops is 6000, but must be left out for Premium_LRS/,
    ],
    [
      "a subscription by its name",
      { cloud: { subscriptionId: "Pay-As-You-Go" } },
      /^subscriptionId is "Pay-As-You-Go", but must be the id of a subscription.*az account show/,
    ],
    [
      "an image whose terms nobody accepted",
      { cloud: { image: "resf:rockylinux-x86_64:9-base" } },
      'image is "resf:rockylinux-x86_64:9-base", but must be an image without a purchase plan, or one whose terms you accept; read them (az vm image terms show --urn resf:rockylinux-x86_64:9-base:latest), then give the cloud acceptTerms: ["resf:rockylinux-x86_64:9-base"]',
    ],
    [
      "terms with a version",
      { cloud: { acceptTerms: ["resf:rockylinux-x86_64"] } },
      'acceptTerms[0] is "resf:rockylinux-x86_64", but must be PUBLISHER:OFFER:SKU, without a version',
    ],
    [
      "an unknown image",
      { cloud: { image: "debian-12" } },
      /^image is "debian-12", but must be debian-13, azure-hpc, PUBLISHER:OFFER:SKU.*did you mean "debian-13"\?/,
    ],
    [
      "an id of something else than an image",
      { cloud: { image: `${COMPUTE}/disks/x` } },
      /^image is .*the id is one of no image/,
    ],
    [
      "a region as people write it",
      { cloud: { location: "West Europe" } },
      'location is "West Europe", but must be a region of Azure such as westeurope; did you mean "westeurope"?',
    ],
    ["a region with a slip in it", { cloud: { location: "westeuropa" } }, /did you mean "westeurope"\?$/],
    [
      "a zone of another cloud",
      { cloud: { zone: "westeurope-1" } },
      'zone is "westeurope-1", but must be "1", "2" or "3"',
    ],
    [
      "everybody without a reason",
      { cloud: { access: { sshPublicKey: KEY, from: [{ cidr: "0.0.0.0/0", reason: " " }] } } },
      /^access\.from\[0\]\.reason is " ", but must be why SSH is open to it/,
    ],
    [
      "more subnets than a firewall has rules for",
      {
        cloud: {
          access: {
            sshPublicKey: KEY,
            from: Array.from({ length: 901 }, () => ({ cidr: "192.0.2.0/24", reason: "a test" })),
          },
        },
      },
      /^access\.from is 901, but must be at most 900 subnets: a network security group holds 1000 rules/,
    ],
    [
      "a private key",
      { cloud: { access: { sshPublicKey: "-----BEGIN OPENSSH PRIVATE KEY-----", from: "bastion" } } },
      /^access\.sshPublicKey is "a private key"/,
    ],
    [
      "a kind of key that Azure does not take",
      { cloud: { access: { sshPublicKey: KEY.replace("ssh-ed25519", "ecdsa-sha2-nistp256"), from: "bastion" } } },
      /^access\.sshPublicKey is "ecdsa-sha2-nistp256", but must be a key that Azure takes/,
    ],
    [
      "a state disk on a file system",
      {
        master: {
          stateDisk: {
            existing: `${SUBSCRIPTION}/resourceGroups/d/providers/Microsoft.Storage/storageAccounts/a/fileServices/default/shares/s`,
          },
        },
      },
      /^existing is .*but must be a managed disk: a database does not belong/,
    ],
    ["a disk by its name", { home: "my-disk" }, /^existing is "my-disk", but must be the id of a managed disk/],
    [
      "user-data that are too large",
      { cloud: { firstBoot: { files: [{ path: "/opt/x", mode: "0644", content: "x".repeat(65_536) }] } } },
      /^firstBoot is "\d+ bytes", but must be at most 65535 bytes together with what the cluster needs/,
    ],
    [
      "a tag that is ours",
      { cloud: { tags: { "ohpc:cluster": "x" } } },
      /^tags\["ohpc:cluster"\] is "x", but must be a tag of your own/,
    ],
    [
      "an identity by its name",
      { cloud: { identity: "slurm" } },
      /^identity is "slurm", but must be an id \/subscriptions\//,
    ],
  ])("%s", (_, variant, message) => {
    expect(first(variant)).toEqual(
      expect.arrayContaining([typeof message === "string" ? message : expect.stringMatching(message)]),
    );
  });

  it("all of it at once", () => {
    expect(first({ cloud: { zone: "4", subscriptionId: "x", tags: { "a/b": "x" }, cidr: "10.0.0.0/4" } })).toHaveLength(
      4,
    );
  });
});
