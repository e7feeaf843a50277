import type { Construct } from "constructs";
import type { Disk, DiskSpec } from "../cloud";
import { TerraformData } from "../terraform-data";
import type { EngineName } from "./engine-prelude";
import { volumeName } from "./names";
import { networkOf } from "./network";
import { ownedBy, whenDestroyed, whenMade } from "./provisioners";
import { script } from "./script";

/** A named volume of the engine. */
export class LocalVolume {
  constructor(
    readonly name: string,
    /** Absent for a volume that was there before us, which we neither make nor remove. */
    readonly volume: TerraformData | undefined,
  ) {}
}

/**
 * A named volume, which the engine mounts. It has no size of its own: it grows with what is in it.
 * Nothing but its name replaces it, so that no change of size, image or network can cost data.
 */
export function makeDisk(scope: Construct, id: string, spec: DiskSpec, engine: EngineName | undefined): Disk {
  const { site, purpose, path, existing } = spec;
  const manifest = { kind: "mounted", path } as const;
  if (existing !== undefined) return { purpose, manifest, handle: new LocalVolume(existing, undefined), dependsOn: [] };

  const { cluster } = site;
  const { owner, network } = networkOf(site);
  const name = volumeName(cluster, purpose);
  const context = { cluster, site: site.name, engine };
  const volume = new TerraformData(scope, id, {
    input: {
      kind: "volume",
      cluster,
      name,
      owner,
      down: ownedBy(owner, script("volume-down", context, { volume: name })),
    },
    triggersReplace: { name },
    provisioners: [
      whenMade("make the volume", ownedBy(owner, script("volume-up", context, { volume: name }))),
      whenDestroyed("remove the volume"),
    ],
    // Not after the sweep, which is about machines.
    dependsOn: [network],
  });
  return { purpose, manifest, handle: new LocalVolume(name, volume), dependsOn: [volume] };
}
