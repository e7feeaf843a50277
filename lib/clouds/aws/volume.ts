import type { Problem } from "../../model/problems";
import { NUMBER, type PropertyNames, TEXT } from "../../model/properties";

/** What an EBS volume is made of. */
export interface VolumeOptions {
  /**
   * @default "gp3"
   * @onChange live
   */
  readonly type?: VolumeType;

  /**
   * Operations per second: for gp3 beyond its 3000, for io1 and io2 always.
   *
   * @default - the type's own
   * @onChange live
   */
  readonly iops?: number;

  /**
   * MiB per second, for gp3 beyond its 125.
   *
   * @default - the type's own
   * @onChange live
   */
  readonly throughput?: number;

  /**
   * The ARN of the KMS key that it is encrypted with. Nothing is ever left unencrypted.
   *
   * @default - the account's own key for EBS
   * @onChange replaces the volume; of its data is left what `whenRemoved` says
   */
  readonly kmsKey?: string;
}

export const VOLUME_NAMES = {
  type: TEXT,
  iops: NUMBER,
  throughput: NUMBER,
  kmsKey: TEXT,
} satisfies PropertyNames<VolumeOptions>;

const VOLUME_TYPES = ["gp3", "gp2", "io2", "io1", "st1", "sc1"] as const;
export type VolumeType = (typeof VOLUME_TYPES)[number];

/** The slowest that AWS makes. */
const LEAST_IOPS = { gp3: 3000, io1: 100, io2: 100 } as const;
const LEAST_THROUGHPUT = 125;

/** What is wrong with a volume that the user described. */
export function volumeProblems(
  { type = "gp3", iops, throughput, kmsKey }: VolumeOptions,
  at: string,
): readonly Problem[] {
  const problems: Problem[] = [];
  if (!VOLUME_TYPES.includes(type))
    problems.push({ at: `${at}.type`, got: type, want: `one of ${VOLUME_TYPES.join(", ")}` });
  const least = type === "gp3" || type === "io1" || type === "io2" ? LEAST_IOPS[type] : undefined;
  if (iops !== undefined && least === undefined) {
    const want = `left out for ${type}, whose speed follows from its size`;
    problems.push({
      at: `${at}.iops`,
      got: iops,
      want,
      hint: 'gp3, io1 and io2 take it; type: "gp3" is cheaper than gp2, too',
    });
  } else if (iops !== undefined && (!Number.isInteger(iops) || iops < (least ?? 0))) {
    problems.push({ at: `${at}.iops`, got: iops, want: `a whole number from ${least ?? 0} for ${type}` });
  }
  if (iops === undefined && (type === "io1" || type === "io2")) {
    problems.push({ at: `${at}.iops`, got: iops, want: `given for ${type}` });
  }
  if (throughput !== undefined && type !== "gp3") {
    problems.push({ at: `${at}.throughput`, got: throughput, want: `left out for ${type}: only gp3 takes it` });
  } else if (throughput !== undefined && (!Number.isInteger(throughput) || throughput < LEAST_THROUGHPUT)) {
    problems.push({
      at: `${at}.throughput`,
      got: throughput,
      want: `a whole number from ${LEAST_THROUGHPUT}, in MiB per second`,
    });
  }
  if (kmsKey !== undefined && !/^arn:aws[a-z-]*:kms:[a-z0-9-]+:\d{12}:(key|alias)\/.+$/.test(kmsKey)) {
    problems.push({ at: `${at}.kmsKey`, got: kmsKey, want: "the ARN of a KMS key: arn:aws:kms:REGION:ACCOUNT:key/ID" });
  }
  return problems;
}
