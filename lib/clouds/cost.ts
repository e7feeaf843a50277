/** One kind of thing that the vendor charges for. */
export interface CostItem {
  /** For people: `m7a.2xlarge (cpu)`, `200 GiB gp3 (home)`. */
  readonly what: string;
  readonly count: number;
  /** US dollars per hour of one; absent where no price is known. */
  readonly hourly?: number;
  /** Whether it is charged for while all machines are stopped. */
  readonly whenStopped: boolean;
  /** What it costs beyond that, or why it has no price: `traffic is extra`. */
  readonly note?: string;
  /** Where its price comes from, and of which day. */
  readonly source?: string;
}

/** What a cluster costs by list price, without traffic, tax or discount. */
export interface Cost {
  readonly items: readonly CostItem[];
  /** US dollars per hour with all machines running; of what has a price. */
  readonly runningHourly: number;
  /** US dollars per hour with all machines stopped. */
  readonly stoppedHourly: number;
  /** US dollars per month, if it runs all the time. */
  readonly runningMonthly: number;
  readonly stoppedMonthly: number;
  /** What a stop leaves billed. */
  readonly billedWhenStopped: readonly string[];
  /** What no price is known for: the sums are without it. */
  readonly withoutPrice: readonly string[];
  /** Where the prices come from, and of which day. */
  readonly sources: readonly string[];
}

/** As vendors count it: 365 days in 12 months. */
export const HOURS_PER_MONTH = 730;

/** Adds up what is known, and says what is not. */
export function costOf(items: readonly CostItem[]): Cost {
  const sum = (some: readonly CostItem[]) => some.reduce((total, { count, hourly = 0 }) => total + count * hourly, 0);
  const kept = items.filter(({ whenStopped }) => whenStopped);
  const [runningHourly, stoppedHourly] = [sum(items), sum(kept)];
  return {
    items,
    runningHourly,
    stoppedHourly,
    runningMonthly: runningHourly * HOURS_PER_MONTH,
    stoppedMonthly: stoppedHourly * HOURS_PER_MONTH,
    billedWhenStopped: kept.map(({ what }) => what),
    withoutPrice: items.filter(({ hourly }) => hourly === undefined).map(({ what }) => what),
    sources: [...new Set(items.flatMap(({ source }) => source ?? []))],
  };
}

/** What a stack costs that is in several clouds. */
export function addUp(costs: readonly Cost[]): Cost {
  return costOf(costs.flatMap(({ items }) => items));
}

/** The blocks of one resource type in a synthesized `cdk.tf.json`. */
export function resourcesOf(terraform: unknown, type: string): readonly Readonly<Record<string, unknown>>[] {
  const { resource } = record(terraform);
  return Object.values(record(record(resource)[type])).map(record);
}

/** How many instances a block makes: one, or one per key of its `for_each`. */
export function countOf(block: Readonly<Record<string, unknown>>): number {
  return block["for_each"] === undefined ? 1 : Object.keys(record(block["for_each"])).length;
}

function record(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null ? (value as Readonly<Record<string, unknown>>) : {};
}
