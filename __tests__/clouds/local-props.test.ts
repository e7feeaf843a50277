import fc from "fast-check";
import { LocalCloud, type LocalCloudProps } from "../../lib/clouds/local";
import { defaultSshPort, defaultSubnet } from "../../lib/clouds/local/defaults";
import { contains, parseCidr } from "../../lib/model/cidr";
import { describeProblem } from "../../lib/model/problems";

describe("properties of LocalCloud", () => {
  const said = (props: LocalCloudProps) => new LocalCloud(props).problems().map(describeProblem);

  it("are accepted where they can be built", () => {
    expect(said({})).toEqual([]);
    expect(said({ engine: "docker", subnet: "172.20.0.0/22", internet: true, sshPort: 65_535, id: "left" })).toEqual(
      [],
    );
  });

  it.each<[LocalCloudProps, string]>([
    [{ engine: "lxc" as "podman" }, 'engine is "lxc", but must be podman or docker'],
    [
      { subnet: "10.77.1.0/16" },
      'subnet is "10.77.1.0/16", but must be an IPv4 subnet such as 10.77.0.0/16, with no bit set behind its prefix; did you mean "10.77.0.0/16"?',
    ],
    [
      { subnet: "8.8.0.0/16" },
      'subnet is "8.8.0.0/16", but must be inside one of the private networks 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16',
    ],
    [
      { subnet: "172.16.0.0/8" },
      'subnet is "172.16.0.0/8", but must be an IPv4 subnet such as 10.77.0.0/16, with no bit set behind its prefix; did you mean "172.0.0.0/8"?',
    ],
    [
      { subnet: "10.0.0.0/24" },
      'subnet is "10.0.0.0/24", but must be at least a /22: every pool has a block of 256 addresses',
    ],
    [{ sshPort: 65_536 }, "sshPort is 65536, but must be a whole number from 1 to 65535"],
    [
      { sshPort: 4022, internet: false },
      "sshPort is 4022, but must be left out where internet is false: such a bridge publishes no port, the master is reached by its own address",
    ],
  ])("%j is refused", (props, message) => {
    expect(said(props)).toEqual([message]);
  });

  it("are by default a private subnet and a port that depend on the cluster's name alone", () => {
    const whole = parseCidr("10.64.0.0/10")!;
    fc.assert(
      fc.property(fc.stringMatching(/^[a-z][a-z0-9-]{0,39}$/), (cluster) => {
        const subnet = parseCidr(defaultSubnet(cluster, "local"))!;
        expect(contains(whole, subnet.first) && contains(whole, subnet.last)).toBe(true);
        const port = defaultSshPort(cluster, "local");
        expect(port >= 20_000 && port < 30_000).toBe(true);
      }),
    );
    // Another answer would move clusters that exist.
    expect([defaultSubnet("demo", "local"), defaultSshPort("demo", "local")]).toEqual(["10.108.0.0/16", 29_852]);
    expect(defaultSubnet("demo", "left")).not.toBe(defaultSubnet("demo", "local"));
  });
});
