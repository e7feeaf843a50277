import type { ServerResponse } from "node:http";

export const SUBSCRIPTION = "11111111-2222-3333-4444-555555555555";

export interface ArmMachine {
  readonly group: string;
  readonly name: string;
  readonly tags: Readonly<Record<string, string>>;
  /** As in `PowerState/…`. */
  power: string;
}

export interface ArmError {
  readonly status: number;
  readonly code: string;
  readonly message: string;
}

export function idOf({ group, name }: ArmMachine): string {
  return `/subscriptions/${SUBSCRIPTION}/resourceGroups/${group.toUpperCase()}/providers/Microsoft.Compute/virtualMachines/${name}`;
}

export function viewOf({ power }: ArmMachine) {
  return {
    statuses: [{ code: "ProvisioningState/succeeded" }, ...(power === "" ? [] : [{ code: `PowerState/${power}` }])],
  };
}

export function modelOf({ name }: ArmMachine) {
  return { storageProfile: { osDisk: { name: `${name}-os`, createOption: "FromImage" } } };
}

/** The part of a list that was asked for, with the address of the next part. */
export function sendPage(response: ServerResponse, url: URL, all: readonly unknown[], size: number): void {
  const from = Number(url.searchParams.get("$skiptoken") ?? 0);
  const next = from + size;
  const link = new URL(url);
  link.searchParams.set("$skiptoken", String(next));
  send(response, 200, { value: all.slice(from, next), ...(next < all.length && { nextLink: link.toString() }) });
}

export function fail(response: ServerResponse, { status, code, message }: ArmError): void {
  send(response, status, { error: { code, message } });
}

export function send(
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): void {
  response.writeHead(status, { "content-type": "application/json", ...headers });
  response.end(JSON.stringify(body));
}
