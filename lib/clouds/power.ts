import { setTimeout as sleep } from "node:timers/promises";
import type { Duration } from "../units";

/** What a vendor's machine is doing. `gone`: there is none of that name any more. */
export type PowerState = "starting" | "running" | "stopping" | "stopped" | "gone";

export interface PoweredMachine {
  readonly host: string;
  /** The vendor's own name of it, e.g. `i-0123456789abcdef0`. */
  readonly id: string;
  readonly role: "master" | "compute";
  readonly state: PowerState;
  /** Spare capacity: it can be ended, but not stopped. */
  readonly spot: boolean;
  /** The private one, which stays the same. */
  readonly address: string;
}

/**
 * Day 2 of one cluster's machines at one vendor: what Terraform has no word for. It changes nothing that Terraform
 * describes, so that a plan afterwards is empty. All methods ask for what is so, and are done when it was accepted;
 * `waitForState` waits until it is so.
 */
export interface Power {
  /** The machines of the cluster, in order of their names; what was ended long ago is not among them. @throws PowerError */
  list(): Promise<readonly PoweredMachine[]>;
  /** Starts machines that are stopped; running ones are left alone. @throws PowerError */
  start(hosts: readonly string[]): Promise<void>;
  /** Stops machines as if their power button were pressed. @throws PowerError for spot machines, and whatever the vendor says */
  stop(hosts: readonly string[]): Promise<void>;
  /** Lets machines be ended, which are protected from it; for `ohpc destroy` and for shrinking a pool on purpose. @throws PowerError */
  unprotect(hosts: readonly string[]): Promise<void>;
  /** Ends machines and what is on their own disks: the only way to stop paying for spot machines. @throws PowerError */
  end(hosts: readonly string[]): Promise<void>;
  /** What a machine printed on its console, as far as the vendor remembers; empty if nothing. @throws PowerError */
  console(host: string): Promise<string>;
  /** Host keys that a machine printed on its console when it was made, as lines for known_hosts without the name; none if it is forgotten. */
  hostKeys(host: string): Promise<readonly string[]>;
}

export type PowerFailure =
  /** The vendor has no such machine to give right now. */
  | "capacity"
  /** The account may not have more of them. */
  | "quota"
  /** There are no credentials. */
  | "credentials"
  /** There were, but their time is over. */
  | "expired"
  /** The credentials may not do that. */
  | "permission"
  /** Too many requests, also after waiting. */
  | "throttled"
  /** Spot machines cannot be stopped. */
  | "spot"
  /** It is on its way to be stopped, and can be started only when it is. */
  | "stopping"
  /** They are another Terraform state's. */
  | "another's"
  /** No machine of that name belongs to the cluster. */
  | "unknown host"
  /** It did not come to the wanted state in time. */
  | "timeout"
  /** Whatever else. */
  | "failed";

/** A vendor that did not do what was asked, told as what it is. */
export class PowerError extends Error {
  override readonly name = "PowerError";

  constructor(
    readonly failure: PowerFailure,
    /** The machines that it is about; none if it is about the account. */
    readonly hosts: readonly string[],
    readonly reason: string,
    /** What to do about it. */
    readonly remedy: string,
    options?: ErrorOptions,
  ) {
    super(`${hosts.length === 0 ? "" : `${hosts.join(", ")}: `}${reason}; ${remedy}`, options);
  }
}

export interface WaitOptions {
  readonly deadline: Duration;
  readonly pause: Duration;
  /** Told each time that machines are looked at. */
  readonly onProgress?: (machines: readonly PoweredMachine[]) => void;
}

/**
 * Looks until all of the hosts are in the wanted state, and returns them.
 *
 * @throws PowerError `timeout` naming those that are not, and what they are doing; `unknown host` at once
 */
export async function waitForState(
  power: Power,
  hosts: readonly string[],
  state: PowerState,
  { deadline, pause, onProgress }: WaitOptions,
): Promise<readonly PoweredMachine[]> {
  const end = Date.now() + deadline.toMilliseconds();
  for (;;) {
    const machines = await power.list();
    const asked = hosts.map((host) => machines.find((machine) => machine.host === host) ?? absent(host));
    onProgress?.(asked);
    if (asked.every((machine) => machine.state === state)) return asked;
    const gone = asked.filter((machine) => machine.state === "gone").map(({ host }) => host);
    if (gone.length > 0)
      throw new PowerError("unknown host", gone, "there is no such machine any more", "make it again: ohpc up");
    if (Date.now() + pause.toMilliseconds() >= end) throw late(asked, state, deadline);
    await sleep(pause.toMilliseconds());
  }
}

function late(machines: readonly PoweredMachine[], state: PowerState, deadline: Duration): PowerError {
  const others = machines.filter((machine) => machine.state !== state);
  const hosts = others.map((machine) => machine.host);
  const doing = [...new Set(others.map((machine) => machine.state))].join(", ");
  const reason = `still ${doing} after ${deadline.toSeconds()} s, but should be ${state}`;
  return new PowerError(
    "timeout",
    hosts,
    reason,
    "look at the machine in the vendor's console, then run the same command again",
  );
}

function absent(host: string): PoweredMachine {
  return { host, id: "", role: "compute", state: "gone", spot: false, address: "" };
}
