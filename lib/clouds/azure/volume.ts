import type { Problem } from "../../model/problems";
import type { Size } from "../../units";
import { resourceIdProblems } from "./names";
import { NUMBER, oneOf, type PropertyNames, TEXT } from "../../model/properties";

/** What a managed disk is made of. */
export interface VolumeOptions {
  /**
   * @default "Premium_LRS"
   * @onChange restarts the machine it is attached to; replaces it for the disk of its operating system
   */
  readonly type?: VolumeType;

  /**
   * Operations per second, for `PremiumV2_LRS`; for the other types they follow from the size.
   *
   * @default - 3000
   * @onChange live
   */
  readonly iops?: number;

  /**
   * MB per second, for `PremiumV2_LRS`.
   *
   * @default - 125
   * @onChange live
   */
  readonly throughput?: number;

  /**
   * What the host keeps of it in its memory. `PremiumV2_LRS` takes none.
   *
   * @default - ReadWrite for the disk of the operating system, None for data
   * @onChange restarts the machine for the disk of its operating system; another disk Azure takes off and puts back: stop the
   * cluster first
   */
  readonly caching?: "None" | "ReadOnly" | "ReadWrite";

  /**
   * The id of a disk encryption set with a key of your own. Nothing is ever left unencrypted.
   *
   * @default - the platform's keys
   * @onChange restarts the machine it is attached to; leaving it out again is refused
   */
  readonly encryptionSet?: string;
}

export const VOLUME_NAMES = {
  type: TEXT,
  iops: NUMBER,
  throughput: NUMBER,
  caching: oneOf("None", "ReadOnly", "ReadWrite"),
  encryptionSet: TEXT,
} satisfies PropertyNames<VolumeOptions>;

const VOLUME_TYPES = [
  "Premium_LRS",
  "PremiumV2_LRS",
  "StandardSSD_LRS",
  "Standard_LRS",
  "Premium_ZRS",
  "StandardSSD_ZRS",
] as const;
export type VolumeType = (typeof VOLUME_TYPES)[number];

/** What `PremiumV2_LRS` has without asking for more; Azure makes none that is slower. */
const FREE = { iops: 3000, throughput: 125 } as const;
const CACHING = ["None", "ReadOnly", "ReadWrite"];

/** What is wrong with a disk that the user described. `zone`: where it is to be. */
export function volumeProblems(volume: VolumeOptions, at: string, zone: string | undefined): readonly Problem[] {
  const { type = "Premium_LRS", iops, throughput, caching, encryptionSet } = volume;
  const problems: Problem[] = [];
  if (!VOLUME_TYPES.includes(type)) {
    return [{ at: `${at}.type`, got: type, want: `one of ${VOLUME_TYPES.join(", ")}` }];
  }
  if (type === "PremiumV2_LRS") {
    if (zone === undefined) {
      const want = "another type, or in a zone: Premium SSD v2 can be attached only to machines in a zone";
      problems.push({ at: `${at}.type`, got: type, want, hint: 'give the cloud a zone: "1", "2" or "3"' });
    }
    if (caching !== undefined && caching !== "None") {
      problems.push({ at: `${at}.caching`, got: caching, want: "left out: Premium SSD v2 has no cache on the host" });
    }
    problems.push(...speedProblems(iops, FREE.iops, `${at}.iops`, "operations per second"));
    problems.push(...speedProblems(throughput, FREE.throughput, `${at}.throughput`, "MB per second"));
  } else {
    for (const [name, value] of Object.entries({ iops, throughput })) {
      if (value === undefined) continue;
      const want = `left out for ${type}, whose speed follows from its size`;
      problems.push({ at: `${at}.${name}`, got: value, want, hint: 'type: "PremiumV2_LRS" takes it' });
    }
  }
  if (caching !== undefined && !CACHING.includes(caching)) {
    problems.push({ at: `${at}.caching`, got: caching, want: `one of ${CACHING.join(", ")}` });
  }
  if (encryptionSet !== undefined) {
    problems.push(...resourceIdProblems(encryptionSet, "Microsoft.Compute/diskEncryptionSets", `${at}.encryptionSet`));
  }
  return problems;
}

/** The disk of the operating system: Azure boots from no Premium SSD v2. */
export function rootVolumeProblems(volume: VolumeOptions, at: string): readonly Problem[] {
  if (volume.type !== "PremiumV2_LRS") return volumeProblems(volume, at, undefined);
  return [
    {
      at: `${at}.type`,
      got: volume.type,
      want: "another type: Azure boots from no Premium SSD v2",
      hint: 'did you mean "Premium_LRS"?',
    },
  ];
}

/** The tier that a disk is billed as: `P10` for a Premium SSD of 65 to 128 GiB; `undefined` for types without tiers. */
export function billedTier(type: VolumeType, size: Size): string | undefined {
  const letter = { Premium_LRS: "P", StandardSSD_LRS: "E", Standard_LRS: "S" }[type as string];
  const tier = TIERS.find(({ gibibytes }) => size.toGibibytes() <= gibibytes && (letter !== "S" || gibibytes >= 32));
  return letter === undefined || tier === undefined ? undefined : `${letter}${tier.number}`;
}

const TIERS = [
  [1, 4],
  [2, 8],
  [3, 16],
  [4, 32],
  [6, 64],
  [10, 128],
  [15, 256],
  [20, 512],
  [30, 1024],
  [40, 2048],
  [50, 4096],
  [60, 8192],
  [70, 16_384],
  [80, 32_767],
].map(([number = 0, gibibytes = 0]) => ({ number, gibibytes }));

function speedProblems(value: number | undefined, least: number, at: string, unit: string): readonly Problem[] {
  if (value === undefined || (Number.isInteger(value) && value >= least)) return [];
  return [{ at, got: value, want: `a whole number from ${least}, in ${unit}` }];
}
