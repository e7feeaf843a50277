import { siteIdProblems } from "../../model/names";
import type { Problem } from "../../model/problems";
import { keyKindProblems, noSourceProblems, sshKeyProblems, sshSourceProblems } from "../access";
import type { PinFile } from "../pins";
import { firstBootProblems } from "../user-data";
import { diskProblems } from "./disk";
import { DEFAULT_IMAGE, imageNameProblems } from "./image-choice";
import type { AwsCloudProps, AwsNetworkReference } from "./props";
import { existingPlan, networkCidrProblems } from "./subnets";
import { tagProblems } from "./tags";

/** What is wrong with the properties of `AwsCloud`. */
export function propsProblems(
  props: AwsCloudProps,
  { zone, pins }: { readonly zone: string; readonly pins: () => PinFile },
): readonly Problem[] {
  const { region, access, cidr, network, image = DEFAULT_IMAGE, disks = {}, tags = {}, id, account, firstBoot } = props;
  return [
    ...placeProblems(region, zone),
    ...(account === undefined || /^\d{12}$/.test(account) ? [] : [{ at: "account", got: account, want: "12 digits" }]),
    ...sshKeyProblems(access.sshPublicKey, "access.sshPublicKey"),
    ...keyKindProblems(access.sshPublicKey, "access.sshPublicKey", "AWS"),
    ...(access.from === "ssm" ? [] : sshSourceProblems(access.from, "access.from")),
    ...(access.from === "ssm" || network?.securityGroups !== undefined
      ? []
      : noSourceProblems(access.from, "access.from", "ssm")),
    ...(cidr === undefined ? [] : networkCidrProblems(cidr, "cidr")),
    ...(network === undefined ? [] : networkProblems(network, cidr, { region, zone, pins: pins() })),
    ...imageNameProblems(image),
    ...diskProblems(disks.state ?? {}, "disks.state"),
    ...diskProblems(disks.home ?? {}, "disks.home"),
    ...publicAddressProblems(props),
    ...(props.instanceProfile === undefined ? [] : profileProblems(props.instanceProfile)),
    ...boundaryProblems(props),
    ...(firstBoot === undefined ? [] : firstBootProblems(firstBoot)),
    ...tagProblems(tags, "tags"),
    ...(id === undefined ? [] : siteIdProblems(id, "id")),
  ];
}

/** In a network of its own, the master is in the public subnet, whose way out is a public address. */
function publicAddressProblems({ access, network, publicAddress }: AwsCloudProps): readonly Problem[] {
  if (publicAddress !== false || network !== undefined) return [];
  const want = "true, or left out, in a VPC that is made for the cluster: without one the master has no way in or out";
  const hint =
    access.from === "ssm"
      ? "no port of it is open; a master without any is one in a network that is there, with a way out of its own"
      : 'access: { from: "ssm" } opens no port; a private master is one in a network that is there, with a way in and out';
  return [{ at: "publicAddress", got: publicAddress, want, hint }];
}

/** The name alone: an ARN is what the console shows first. */
function profileProblems(profile: string): readonly Problem[] {
  if (/^[\w+=,.@-]{1,128}$/.test(profile)) return [];
  const name = /^arn:[^:]*:iam::\d*:instance-profile\/(?:.*\/)?([\w+=,.@-]+)$/.exec(profile)?.[1];
  const hint = name === undefined ? undefined : `did you mean "${name}"?`;
  return [{ at: "instanceProfile", got: profile, want: "the name of an instance profile, not its ARN", hint }];
}

function boundaryProblems({ access, instanceProfile, permissionsBoundary }: AwsCloudProps): readonly Problem[] {
  if (permissionsBoundary === undefined) return [];
  if (access.from === "ssm" && instanceProfile === undefined) {
    if (/^arn:aws[a-z-]*:iam::(\d{12}|aws):policy\/.+$/.test(permissionsBoundary)) return [];
    const arn = "the ARN of a policy: arn:aws:iam::ACCOUNT:policy/NAME";
    return [{ at: "permissionsBoundary", got: permissionsBoundary, want: arn }];
  }
  const want = "left out: a role is made only for the Session Manager, and only where no instanceProfile is given";
  return [{ at: "permissionsBoundary", got: permissionsBoundary, want }];
}

function placeProblems(region: string, zone: string): readonly Problem[] {
  if (!/^[a-z]{2}(-[a-z]+)+-\d$/.test(region)) {
    const zoneGiven = /^(.*-\d)[a-z]$/.exec(region)?.[1];
    const hint = zoneGiven === undefined ? undefined : `did you mean region: "${zoneGiven}", zone: "${region}"?`;
    return [{ at: "region", got: region, want: "a region of AWS such as us-east-1", hint }];
  }
  if (zone.startsWith(region) && zone.length > region.length) return [];
  return [{ at: "zone", got: zone, want: `a zone of the region ${region}, such as ${region}a` }];
}

function networkProblems(
  network: AwsNetworkReference,
  cidr: string | undefined,
  around: { readonly region: string; readonly zone: string; readonly pins: PinFile },
): readonly Problem[] {
  const { master = [], compute = [] } = network.securityGroups ?? {};
  const ids = [...master, ...compute].filter((id) => !/^sg-[0-9a-f]{8,17}$/.test(id));
  const missing = network.securityGroups !== undefined && (master.length === 0 || compute.length === 0);
  return [
    ...existingPlan(network, around).problems,
    ...ids.map((id) => ({ at: "network.securityGroups", got: id, want: "ids of security groups: sg-…" })),
    ...(missing
      ? [
          {
            at: "network.securityGroups",
            got: network.securityGroups,
            want: "at least one for the master and one for compute nodes",
          },
        ]
      : []),
    ...(cidr === undefined
      ? []
      : [{ at: "cidr", got: cidr, want: "left out: the network is there already, and has its own" }]),
  ];
}
