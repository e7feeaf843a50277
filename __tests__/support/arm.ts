import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { AzurePowerProps } from "../../lib/clouds/azure/power";
import {
  type ArmError,
  type ArmMachine,
  fail,
  idOf,
  modelOf,
  send,
  sendPage,
  SUBSCRIPTION,
  viewOf,
} from "./arm-answers";

const HOST = "https://management.test";
const COMPUTE = `/subscriptions/${SUBSCRIPTION}/resourceGroups/([^/]+)/providers/Microsoft.Compute`;

interface Operation {
  looks: number;
  readonly error: ArmError | undefined;
  readonly done: () => void;
}

/**
 * As much of Azure Resource Manager as virtual machines need, over real HTTP: pages, long-running operations (202 with
 * Azure-AsyncOperation and Location), throttling (429 with Retry-After), conflicts (409), and errors that come later.
 */
export class Arm {
  static async start(): Promise<Arm> {
    const arm = new Arm();
    await new Promise<void>((resolve) => arm.server.listen(0, "127.0.0.1", resolve));
    return arm;
  }

  machines: ArmMachine[] = [];
  disks: string[] = [];
  console = "";
  /** Refused at once, by `METHOD last part of the path`, e.g. `POST start`; `POST vm-1/start` for one machine. */
  refuse = new Map<string, ArmError>();
  /** Accepted, but failed in the end. */
  failLater = new Map<string, ArmError>();
  /** How often the next requests of that kind are answered with 429 and Retry-After, in seconds. */
  throttle = new Map<string, { times: number; readonly seconds: number }>();
  /** What whoever asks about the whole subscription is told. */
  forbidStatusOnly: ArmError | undefined;
  /** Versions of every image. */
  versions: string[] = [];
  readonly subnets = new Map<string, string>();
  /** Operations that were going on at the same time, at most. */
  mostAtOnce = 0;
  /** What was asked, `METHOD path`, and when. */
  readonly asked: { readonly what: string; readonly at: number }[] = [];
  /** At how many looks an operation is done. */
  looks = 2;
  pageSize = 2;
  private readonly operations: Operation[] = [];
  private readonly server: Server = createServer((request, response) => {
    this.answer(request, response);
  });

  get base(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** The real SDK's client, which speaks to us behind its own authentication and retries. */
  get props(): Pick<AzurePowerProps, "subscription" | "client" | "credential"> {
    const toUs = {
      name: "to the test's server",
      sendRequest: (
        request: { url: string; allowInsecureConnection?: boolean },
        next: (request: never) => Promise<never>,
      ) => {
        request.url = request.url.replace(HOST, this.base);
        request.allowInsecureConnection = true;
        return next(request as never);
      },
    };
    return {
      subscription: SUBSCRIPTION,
      client: { endpoint: HOST, additionalPolicies: [{ position: "perRetry", policy: toUs }] },
      credential: {
        getToken: () => Promise.resolve({ token: "nobody's", expiresOnTimestamp: Date.now() + 3_600_000 }),
      },
    };
  }

  reset(): void {
    this.machines = [];
    this.disks = [];
    this.console = "";
    this.looks = 2;
    this.pageSize = 2;
    this.mostAtOnce = 0;
    this.forbidStatusOnly = undefined;
    this.versions = [];
    this.asked.length = 0;
    for (const map of [this.refuse, this.failLater, this.throttle, this.subnets]) map.clear();
  }

  add(host: string, power: string, more: Partial<ArmMachine> & { readonly cluster?: string } = {}): ArmMachine {
    const { cluster = "demo", group = "ohpc-demo", name = `ohpc-${cluster}-${host}` } = more;
    const role = host === "master" ? "master" : "compute";
    const tags = {
      "ohpc:cluster": cluster,
      "ohpc:role": role,
      "ohpc:group": host.replace(/-\d+$/, ""),
      "ohpc:host": host,
      "ohpc:address": "10.79.0.10",
    };
    const machine = { group, name, tags, power };
    this.machines.push(machine);
    this.disks.push(`${name}-os`);
    return machine;
  }

  /** How often something was asked. */
  count(what: RegExp): number {
    return this.asked.filter((one) => what.test(one.what)).length;
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private answer(request: IncomingMessage, response: ServerResponse): void {
    const url = new URL(request.url ?? "", HOST);
    const method = request.method ?? "";
    this.asked.push({ what: `${method} ${url.pathname}${url.search}`, at: Date.now() });
    if (url.pathname === "/console") {
      response.end(this.console);
      return;
    }
    if (request.headers.authorization !== "Bearer nobody's") {
      send(response, 401, { error: { code: "AuthenticationFailed", message: "Authentication failed." } });
      return;
    }
    const parts = url.pathname.split("/");
    for (const key of [`${method} ${parts.at(-1) ?? ""}`, `${method} ${parts.slice(-2).join("/")}`]) {
      const throttled = this.throttle.get(key);
      if (throttled !== undefined && throttled.times > 0) {
        throttled.times -= 1;
        send(
          response,
          429,
          { error: { code: "TooManyRequests", message: "The request is being throttled." } },
          { "retry-after": String(throttled.seconds) },
        );
        return;
      }
      const refused = this.refuse.get(key);
      if (refused !== undefined) {
        fail(response, refused);
        return;
      }
    }
    this.route(method, url, response);
  }

  private route(method: string, url: URL, response: ServerResponse): void {
    const path = url.pathname;
    const operation = /^\/operations\/(\d+)$/.exec(path)?.[1];
    if (operation !== undefined) {
      this.lookAt(Number(operation), response);
      return;
    }
    if (
      path === `/subscriptions/${SUBSCRIPTION}/providers/Microsoft.Compute/virtualMachines` &&
      url.searchParams.get("statusOnly") === "true"
    ) {
      if (this.forbidStatusOnly !== undefined) fail(response, this.forbidStatusOnly);
      else
        sendPage(
          response,
          url,
          this.machines.map((machine) => ({
            id: idOf(machine),
            name: machine.name,
            properties: { instanceView: viewOf(machine) },
          })),
          this.pageSize,
        );
      return;
    }
    if (/\/publishers\/[^/]+\/artifacttypes\/vmimage\/offers\/[^/]+\/skus\/[^/]+\/versions/i.test(path)) {
      const [, sku = "", version] = /\/skus\/([^/]+)\/versions(?:\/(.+))?$/i.exec(path) ?? [];
      const architecture = sku.includes("arm64") ? "Arm64" : "x64";
      send(
        response,
        200,
        version === undefined
          ? this.versions.map((name) => ({ name, location: "westeurope" }))
          : { name: version, location: "westeurope", properties: { architecture } },
      );
      return;
    }
    const cidr = this.subnets.get(path);
    if (cidr !== undefined) {
      send(response, 200, { id: path, properties: { addressPrefix: cidr } });
      return;
    }
    const [, group = "", kind = "", name, action] =
      new RegExp(`^${COMPUTE}/(virtualMachines|disks)(?:/([^/]+))?(?:/([^/]+))?$`, "i").exec(path) ?? [];
    if (kind === "virtualMachines" && name === undefined) {
      const own = this.machines.filter((machine) => machine.group === group);
      sendPage(
        response,
        url,
        own.map((machine) => ({
          id: idOf(machine),
          name: machine.name,
          tags: machine.tags,
          properties: modelOf(machine),
        })),
        this.pageSize,
      );
      return;
    }
    if (kind === "disks" && method === "DELETE") {
      this.accept(response, path, () => {
        this.disks = this.disks.filter((disk) => disk !== name);
      });
      return;
    }
    const machine = this.machines.find((one) => one.group === group && one.name === name);
    if (machine === undefined) {
      send(response, 404, { error: { code: "ResourceNotFound", message: `The Resource ${path} was not found.` } });
    } else if (action === "instanceView") {
      send(response, 200, viewOf(machine));
    } else if (action === "retrieveBootDiagnosticsData") {
      send(response, 200, { serialConsoleLogBlobUri: `${this.base}/console` });
    } else if (method === "POST" && (action === "start" || action === "deallocate")) {
      const [during, after] = action === "start" ? ["starting", "running"] : ["deallocating", "deallocated"];
      machine.power = during;
      this.accept(response, path, () => {
        machine.power = after;
      });
    } else if (method === "DELETE") {
      this.accept(response, path, () => {
        this.machines = this.machines.filter((one) => one !== machine);
      });
    } else {
      send(response, 404, { error: { code: "NotFound", message: `${method} ${path}` } });
    }
  }

  private accept(response: ServerResponse, path: string, done: () => void): void {
    const last = path.split("/");
    const error = this.failLater.get(last.at(-1) ?? "") ?? this.failLater.get(last.slice(-2).join("/"));
    const number = this.operations.push({ looks: this.looks, error, done }) - 1;
    this.mostAtOnce = Math.max(this.mostAtOnce, this.operations.filter(({ looks }) => looks > 0).length);
    response.writeHead(202, {
      "azure-asyncoperation": `${HOST}/operations/${number}?api-version=2024-07-01`,
      location: `${HOST}/operations/${number}?monitor=true&api-version=2024-07-01`,
      "retry-after": "0",
    });
    response.end();
  }

  private lookAt(number: number, response: ServerResponse): void {
    const operation = this.operations[number];
    if (operation === undefined) {
      send(response, 404, { error: { code: "NotFound", message: "There is no such operation." } });
      return;
    }
    operation.looks -= 1;
    if (operation.looks > 0) {
      send(response, 200, { name: String(number), status: "InProgress" }, { "retry-after": "0" });
    } else if (operation.error === undefined) {
      operation.done();
      send(response, 200, { name: String(number), status: "Succeeded" });
    } else {
      const { code, message } = operation.error;
      send(response, 200, { name: String(number), status: "Failed", error: { code, message } });
    }
  }
}
