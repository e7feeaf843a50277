import { diskStep } from "./disk";

/** The small disk that outlives the master: Slurm's state, the accounting database, munge key, uid registry. */
export const stateDisk = diskStep({
  id: "state-disk",
  title: "the state disk",
  needs: ["software"],
  of: ({ manifest }) => manifest.disks.state,
});
