import type { Construct } from "constructs";
import { nodeImage, stockImage } from "../../images/image";
import { NEUTRAL_SIZES, type VendorMachine } from "../../model/machine";
import type { CloudFacts } from "../../model/manifest";
import type { Problem } from "../../model/problems";
import { type Given, readProperties } from "../../model/properties";
import type {
  Cloud,
  Disk,
  DiskSpec,
  MachinesSpec,
  NetworkSpec,
  RulesSpec,
  ShapeAnswer,
  Site,
  WantedMachine,
} from "../cloud";
import { MACHINE_WORDS, shapeOf } from "./catalogue";
import { defaultSshPort, defaultSubnet } from "./defaults";
import { makeDisk } from "./disk";
import { LocalMachines, STOCK } from "./machines";
import { DEFAULT_SITE } from "./names";
import { makeNetwork } from "./network";
import { LOCAL_CLOUD_NAMES, type LocalCloudProps } from "./props";
import { propsProblems } from "./props-problems";
import { makeRules } from "./rules";

/** Clusters on this machine: each machine is a container with systemd as its first process. */
export class LocalCloud implements Cloud<LocalMachines> {
  readonly kind = "local";
  readonly id: string;
  readonly sizes = NEUTRAL_SIZES;
  readonly defaultMachine = "small";
  readonly machineWords = MACHINE_WORDS;
  readonly facts: CloudFacts = { slurmdTimeout: 30, cgroups: false, configOverrides: true };

  private readonly given: Given<LocalCloudProps>;

  constructor(props: LocalCloudProps = {}) {
    this.given = readProperties(props, LOCAL_CLOUD_NAMES);
    this.id = this.props.id ?? DEFAULT_SITE;
  }

  network(scope: Construct, id: string, spec: NetworkSpec): Site {
    const { engine, subnet = defaultSubnet(spec.cluster, this.id), internet = true } = this.props;
    return makeNetwork(scope, id, spec, { cloud: this, engine, subnet, internet, sshPort: this.sshPort(spec.cluster) });
  }

  machines(scope: Construct, id: string, spec: MachinesSpec): LocalMachines {
    const { engine } = this.props;
    const image = { node: nodeImage, stock: stockImage };
    return new LocalMachines(scope, id, spec, { engine, sshPort: this.sshPort(spec.site.cluster), image });
  }

  disk(scope: Construct, id: string, spec: DiskSpec): Disk {
    return makeDisk(scope, id, spec, this.props.engine);
  }

  rules(scope: Construct, id: string, spec: RulesSpec): void {
    makeRules(scope, id, spec);
  }

  shapeOf(machine: string | VendorMachine, { image }: Pick<WantedMachine, "image"> = {}): ShapeAnswer {
    const answer = shapeOf(machine);
    const { internet = true } = this.props;
    if (internet || image !== STOCK) return answer;
    const want = "left out where internet is false: a stock machine has no way to fetch its software then";
    return { problems: [...answer.problems, { at: "image", got: image, want }] };
  }

  problems(): readonly Problem[] {
    return [...this.given.problems, ...propsProblems(this.props)];
  }

  private get props(): LocalCloudProps {
    return this.given.usable;
  }

  /** A bridge without a way out publishes no ports. */
  private sshPort(cluster: string): number | undefined {
    const { internet = true, sshPort = defaultSshPort(cluster, this.id) } = this.props;
    return internet ? sshPort : undefined;
  }
}
