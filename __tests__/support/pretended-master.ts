import type { Remote } from "../../lib/operate/exec/remote/remote";

/** A master that answers to scripts as a test wants it to, and on which there is no file. */
export function pretendedMaster(run: Remote["run"]): Remote {
  return {
    host: "master",
    run,
    read: async () => Promise.resolve(undefined),
    write: async () => Promise.resolve(),
  };
}
