/** What people are told who stop something. */
export interface InterruptionWords {
  /** What is done about it now, as it is said at the first key press. */
  readonly ending: string;
  /** What is left behind if they do not wait for that. */
  readonly left: string;
}

/** Work that must not be left as it is. */
const running = new Map<AbortController, InterruptionWords>();

/**
 * Does work that has something to put right when people stop it: the signal tells that they want to, and then it may
 * take the time that it needs to come to an end.
 */
export async function interruptible<T>(
  words: InterruptionWords,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const controller = new AbortController();
  running.set(controller, words);
  try {
    return await work(controller.signal);
  } finally {
    running.delete(controller);
  }
}

/** Stops such work, if there is any, and tells what to say: `first` is false when it was asked to stop before. */
export function interrupt(): (InterruptionWords & { readonly first: boolean }) | undefined {
  const [entry] = running;
  if (entry === undefined) return undefined;
  const first = [...running.keys()].some(({ signal }) => !signal.aborted);
  for (const controller of running.keys()) controller.abort();
  return { ...entry[1], first };
}
