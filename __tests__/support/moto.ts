import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Place } from "./place";
import { pythonPrograms } from "./python";

/** A real HTTP server that speaks the APIs of AWS and keeps everything in memory. */
export class Moto {
  /** @param images what it shall know besides its own */
  static async start(images: readonly MotoImage[] = [...DEBIAN, GPU]): Promise<Moto> {
    const programs = await pythonPrograms("moto", ["moto[server]==5.2.5"]);
    const folder = mkdtempSync(join(tmpdir(), "moto-"));
    writeFileSync(join(folder, "amis.json"), JSON.stringify(images.map(imageEntry)));
    const place = Place.take("moto");
    const port = place.port();
    const server = spawn(join(programs, "moto_server"), ["-H", "127.0.0.1", "-p", String(port)], {
      env: { ...process.env, MOTO_AMIS_PATH: join(folder, "amis.json"), MOTO_IAM_LOAD_MANAGED_POLICIES: "true" },
      stdio: "ignore",
    });
    const moto = new Moto(`http://127.0.0.1:${port}`, server, folder, place);
    await moto.ready();
    return moto;
  }

  private constructor(
    readonly endpoint: string,
    private readonly server: ChildProcess,
    private readonly folder: string,
    private readonly place: Place,
  ) {}

  /** For the AWS provider of Terraform, and for the SDK. Nobody's credentials. */
  get env(): Readonly<Record<string, string>> {
    return {
      AWS_ENDPOINT_URL: this.endpoint,
      AWS_ACCESS_KEY_ID: "testing",
      AWS_SECRET_ACCESS_KEY: "testing",
      AWS_EC2_METADATA_DISABLED: "true",
    };
  }

  /** What a client of the SDK needs to talk to it. */
  get client() {
    return { endpoint: this.endpoint, credentials: { accessKeyId: "testing", secretAccessKey: "testing" } };
  }

  /** Forgets everything. */
  async reset(): Promise<void> {
    await fetch(`${this.endpoint}/moto-api/reset`, { method: "POST" });
  }

  async stop(): Promise<void> {
    if (this.server.exitCode === null) {
      this.server.kill("SIGTERM");
      await once(this.server, "exit");
    }
    this.place.release();
    rmSync(this.folder, { recursive: true, force: true });
  }

  private async ready(): Promise<void> {
    const deadline = Date.now() + 240_000;
    while (Date.now() < deadline && this.server.exitCode === null) {
      if (
        await fetch(`${this.endpoint}/moto-api/`).then(
          ({ ok }) => ok,
          () => false,
        )
      )
        return;
      await sleep(200);
    }
    throw new Error("moto does not answer");
  }
}

export interface MotoImage {
  readonly id: string;
  readonly name: string;
  readonly architecture: "x86_64" | "arm64";
  readonly owner: string;
  /** ISO 8601. */
  readonly created: string;
}

const DEBIAN_ACCOUNT = "136693071363";
/** Whose credentials everybody has here. */
const OWN_ACCOUNT = "123456789012";

/** Debian's images, as Debian names them. */
export const DEBIAN: readonly MotoImage[] = [
  image("ami-0deb13a64000000a1", "debian-13-amd64-20250814-2204", "x86_64", "2025-08-14T00:00:00.000Z"),
  image("ami-0deb13a64000000b2", "debian-13-amd64-20260911-2600", "x86_64", "2026-09-11T00:00:00.000Z"),
  image("ami-0deb13ae4000000b3", "debian-13-arm64-20260911-2600", "arm64", "2026-09-11T00:00:00.000Z"),
];

/** For GPUs, of one's own. */
const GPU: MotoImage = {
  ...image("ami-09b0000000000000c", "gpu-node-20260901", "x86_64", "2026-09-01T00:00:00.000Z"),
  owner: OWN_ACCOUNT,
};

function image(id: string, name: string, architecture: MotoImage["architecture"], created: string): MotoImage {
  return { id, name, architecture, owner: DEBIAN_ACCOUNT, created };
}

function imageEntry({ id, name, architecture, owner, created }: MotoImage) {
  return {
    ami_id: id,
    name,
    architecture,
    owner_id: owner,
    creation_date: created,
    state: "available",
    public: true,
    image_type: "machine",
    image_location: `${owner}/${name}`,
    description: name,
    hypervisor: "xen",
    platform: null,
    root_device_name: "/dev/xvda",
    root_device_type: "ebs",
    sriov: "simple",
    virtualization_type: "hvm",
  };
}
