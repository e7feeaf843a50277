import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readPins, withFacts, writePins } from "../../lib/clouds/pins";

describe("the pin file", () => {
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "pins-"));
  });
  afterEach(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  it("gives equal bytes for equal facts, in whatever order they came, and reads what it wrote", () => {
    const [a, b] = [join(folder, "a"), join(folder, "b")];
    const [one, other] = [{ x: { id: "1" } }, { y: { id: "2", cidr: "z" } }];
    writePins(withFacts(withFacts({}, "aws", "r", one), "aws", "r", other), a);
    writePins(withFacts(withFacts({}, "aws", "r", other), "aws", "r", one), b);
    expect(readFileSync(a, "utf8")).toBe(readFileSync(b, "utf8"));
    expect(readPins(a)).toEqual({ aws: { r: { ...one, ...other } } });
  });

  it("is empty where there is none, and refused when it is something else", () => {
    expect(readPins(join(folder, "none"))).toEqual({});
    writeFileSync(join(folder, "package-lock"), '{ "lockfileVersion": 3 }');
    expect(() => readPins(join(folder, "package-lock"))).toThrow("is not a pin file of ohpc");
  });
});
