import { diskStep } from "./disk";

/** Where the users' homes lie; without one, each machine has its own. */
export const homeDisk = diskStep({
  id: "home-disk",
  title: "the home disk",
  needs: ["software"],
  of: ({ manifest }) => manifest.disks.home,
});
