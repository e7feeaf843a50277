import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

// Whatever clusters the person has who runs the tests: no test finds their keys, takes their locks or reaches their masters.
const state = mkdtempSync(join(tmpdir(), "state-"));
process.env["XDG_STATE_HOME"] = state;
afterAll(() => {
  rmSync(state, { recursive: true, force: true });
});
