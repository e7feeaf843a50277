import { existsSync } from "node:fs";
import { dirname, join } from "node:path";

/** The folder that holds `images/` and `ansible/`: above `lib/` in a checkout, above `dist/` in an installed package. */
export function packageRoot(start: string = __dirname): string {
  if (existsSync(join(start, "images/node/image.json"))) return start;
  const above = dirname(start);
  if (above === start) throw new Error("bug in cdktf-openhpc: the package has no images/node/image.json");
  return packageRoot(above);
}
