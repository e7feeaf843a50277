import { cidrProblems, contains, parseCidr } from "../../model/cidr";
import { hostNameProblems } from "../../model/names";
import type { Problem } from "../../model/problems";
import { ENGINE_NAMES } from "./engine-prelude";
import type { LocalCloudProps } from "./props";

/** RFC 1918: nothing else may be hidden behind a bridge without hiding somebody's machines. */
const PRIVATE = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"];

/** Four blocks of 256 addresses: one for the master, two for pools, one to spare. */
const LONGEST_PREFIX = 22;

/** What is wrong with the properties of `LocalCloud`. */
export function propsProblems({ engine, subnet, internet = true, sshPort, id }: LocalCloudProps): readonly Problem[] {
  return [
    ...(engine === undefined || ENGINE_NAMES.includes(engine)
      ? []
      : [{ at: "engine", got: engine, want: ENGINE_NAMES.join(" or ") }]),
    ...(subnet === undefined ? [] : subnetProblems(subnet)),
    ...(sshPort === undefined ? [] : portProblems(sshPort, internet)),
    ...(id === undefined ? [] : hostNameProblems(id, "id")),
  ];
}

function subnetProblems(subnet: string): readonly Problem[] {
  const cidr = parseCidr(subnet);
  if (cidr === undefined) return cidrProblems("subnet", subnet);
  const isPrivate = PRIVATE.some((text) => {
    const range = parseCidr(text);
    return range !== undefined && contains(range, cidr.first) && contains(range, cidr.last);
  });
  if (!isPrivate)
    return [{ at: "subnet", got: subnet, want: `inside one of the private networks ${PRIVATE.join(", ")}` }];
  if (cidr.prefix <= LONGEST_PREFIX) return [];
  const want = `at least a /${LONGEST_PREFIX}: every pool has a block of 256 addresses`;
  return [{ at: "subnet", got: subnet, want }];
}

function portProblems(sshPort: number, internet: boolean): readonly Problem[] {
  if (!Number.isInteger(sshPort) || sshPort < 1 || sshPort > 65_535) {
    return [{ at: "sshPort", got: sshPort, want: "a whole number from 1 to 65535" }];
  }
  if (internet) return [];
  const want =
    "left out where internet is false: such a bridge publishes no port, the master is reached by its own address";
  return [{ at: "sshPort", got: sshPort, want }];
}
