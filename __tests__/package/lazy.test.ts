import { lazy, MissingPackage } from "../../lib/package/lazy";
import { packageJson } from "../../lib/package/package-json";
import { thrownBy } from "../support/thrown-by";

const notFound = (name: string) =>
  Object.assign(new Error(`Cannot find module '${name}'\nRequire stack:`), { code: "MODULE_NOT_FOUND" });

describe("what is loaded late", () => {
  it("is loaded at the first call, and once, whatever it is", () => {
    let loads = 0;
    const nothing = lazy(() => {
      loads++;
      return undefined;
    });
    expect(loads).toBe(0);
    nothing();
    nothing();
    expect(loads).toBe(1);
  });

  it("is tried again after it could not be loaded", () => {
    const answers: (() => string)[] = [
      () => {
        throw new Error("not yet");
      },
      () => "there",
    ];
    const late = lazy(() => answers.shift()!());
    expect(late).toThrow("not yet");
    expect(late()).toBe("there");
  });

  it("names the package that is missing, and installs all that belongs to it", () => {
    const peers = ["@azure/arm-compute", "@azure/identity"];
    const sdk = lazy(() => {
      throw notFound("@azure/identity");
    }, peers);
    const error = thrownBy(sdk) as MissingPackage;
    expect(error).toBeInstanceOf(MissingPackage);
    const { peerDependencies } = packageJson();
    expect(error.missing).toBe("@azure/identity");
    expect(error.install).toBe(
      `npm install ${peers.map((peer) => `"${peer}@${peerDependencies[peer] ?? ""}"`).join(" ")}`,
    );
  });

  it("lets pass what is another fault: of another package, or no missing package at all", () => {
    for (const fault of [notFound("left-pad"), new Error("'@azure/identity' is broken")]) {
      const sdk = lazy(() => {
        throw fault;
      }, ["@azure/identity"]);
      expect(thrownBy(sdk)).toBe(fault);
    }
  });
});
