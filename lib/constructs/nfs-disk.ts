import { Construct } from "constructs";
import { ConfigurationError, type Problem, refuse } from "../model/problems";
import { type PropertyNames, readProperties, SIZE, TEXT } from "../model/properties";
import { Size } from "../units";
import { ownId } from "./own-id";

export interface NfsDiskProps {
  /**
   * How much it holds: at least 16 GiB. Not needed for a disk that exists already.
   *
   * @onChange live: grows the disk, but not the file system that is on it already (`resize2fs` on the master does); a smaller
   * size is refused by the cloud. Local disks have no size
   */
  readonly size?: Size;

  /**
   * Where every machine of the cluster has it.
   *
   * @default "/home"
   * @onChange replaces all machines on local clusters. Elsewhere it is mounted here, too, and stays where it was until machines
   * are rebooted, though nodes cannot use it there any more: end all jobs first. Users' homes are looked for here
   */
  readonly path?: string;

  /**
   * The vendor's id of a disk that exists already, with its data: it is mounted, never formatted unless it is blank,
   * and never deleted.
   *
   * @default - a new disk is made
   * @onChange replaces all machines on local clusters. Elsewhere end all jobs first: a machine that has a disk mounted there
   * already goes on with that, fails and says so, until it is rebooted. What is made of the one before says `whenRemoved`
   */
  readonly existing?: string;
}

export const DISK_NAMES = { size: SIZE, path: TEXT, existing: TEXT } satisfies PropertyNames<NfsDiskProps>;

/** A disk of less is full before the first package is unpacked on it. */
const SMALLEST = Size.gibibytes(16);

/** Directories that hold the system, or what this library keeps there; a disk on a parent of the latter would hide it. */
const SYSTEM = /^\/(bin|boot|dev|etc|lib|lib64|proc|root|run|sbin|(srv|opt)(\/ohpc|$)|sys|tmp|usr|var)(\/|$)/;

/**
 * A disk that every machine of the cluster shares; the master exports it over NFS where the platform does not do so itself.
 *
 * It only records what is wanted: the master that it is given to (`home`) makes it, in this construct's scope.
 */
export class NfsDisk extends Construct {
  readonly size: Size | undefined;
  readonly path: string;
  readonly existing: string | undefined;
  private used = false;

  /** @throws ConfigurationError naming everything that is wrong with it */
  constructor(scope: Construct, id: string, props: NfsDiskProps) {
    super(scope, ownId(scope, id, "NfsDisk"));
    const title = `NfsDisk "${this.node.path}"`;
    const given = readProperties(props, DISK_NAMES);
    if (!given.complete) throw new ConfigurationError(title, given.problems);
    const { size, path = "/home", existing } = given.usable;
    this.size = size;
    this.path = path;
    this.existing = existing;
    refuse(title, [...given.problems, ...diskProblems({ size, path, existing })]);
    this.node.addValidation({
      validate: () =>
        this.used ? [] : [`NfsDisk "${this.node.path}" belongs to no cluster: pass it to a master as home`],
    });
  }

  /** @internal Called by the master that makes it. */
  use(): void {
    this.used = true;
  }
}

function diskProblems({ size, path, existing }: { size?: Size; path: string; existing?: string }): readonly Problem[] {
  const problems: Problem[] = [];
  if (size === undefined && existing === undefined) {
    problems.push({ at: "size", got: undefined, want: "given, unless there is an existing disk" });
  }
  if (size?.isLessThan(SMALLEST) === true) {
    problems.push({ at: "size", got: size.toString(), want: `at least ${SMALLEST.toString()}` });
  }
  if (!/^(\/[A-Za-z0-9._-]+)+$/.test(path) || path.split("/").some((part) => part === "." || part === "..")) {
    problems.push({ at: "path", got: path, want: "an absolute path without a slash at its end, e.g. /home" });
  } else if (SYSTEM.test(path)) {
    problems.push({ at: "path", got: path, want: "outside the system's own directories" });
  }
  return problems;
}
