import { Construct } from "constructs";
import { type Problem, refuse } from "../model/problems";
import { Size } from "../units";
import { scopeWithFree } from "./free-id";

export interface NfsDiskProps {
  /**
   * How much it holds: at least 16 GiB. Not needed for a disk that exists already.
   *
   * @onChange grows the disk; a smaller size is refused by the cloud
   */
  readonly size?: Size;

  /**
   * Where every machine of the cluster has it.
   *
   * @default "/home"
   * @onChange unmounts it there and mounts it here, with all jobs drained
   */
  readonly path?: string;

  /**
   * The vendor's id of a disk that exists already, with its data: it is mounted, never formatted unless it is blank,
   * and never deleted.
   *
   * @default - a new disk is made
   * @onChange the cluster sees the other disk's data
   */
  readonly existing?: string;
}

/** A disk of less is full before the first package is unpacked on it. */
const SMALLEST = Size.gibibytes(16);

/** Directories that hold the system, or what this library keeps there. */
const SYSTEM = /^\/(bin|boot|dev|etc|lib|lib64|proc|root|run|sbin|srv\/ohpc|sys|tmp|usr|var)(\/|$)/;

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
  constructor(scope: Construct, id: string, { size, path = "/home", existing }: NfsDiskProps) {
    super(scopeWithFree(id, scope, "NfsDisk"), id);
    this.size = size;
    this.path = path;
    this.existing = existing;
    refuse(`NfsDisk "${this.node.path}"`, diskProblems({ size, path, existing }));
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
