import { powerAt } from "../../../lib/operate/power/vendors";
import { thrownBy } from "../../support/thrown-by";

describe("machines at several sites", () => {
  it("cannot be switched where nobody can, and that is said", () => {
    expect(thrownBy(() => powerAt({ cloud: "existing" }, { cluster: "demo" }, {}))).toMatchObject({
      kind: "usage",
      message: 'machines of the cloud "existing" cannot be switched on and off from here',
      details: { code: "power.unsupported" },
    });
  });

  it("on Azure need to know the subscription, from the manifest or the environment", () => {
    const before = { ...process.env };
    for (const name of ["ARM_SUBSCRIPTION_ID", "AZURE_SUBSCRIPTION_ID"]) Reflect.deleteProperty(process.env, name);
    try {
      const place = { resourceGroup: "ohpc-demo" };
      expect(thrownBy(() => powerAt({ cloud: "azure", place }, { cluster: "demo" }, {}))).toMatchObject({
        failure: "credentials",
      });
      const subscription = "11111111-2222-3333-4444-555555555555";
      expect(powerAt({ cloud: "azure", place: { ...place, subscription } }, { cluster: "demo" }, {})).toBeDefined();
    } finally {
      process.env = before;
    }
  });

  it.each([
    ["aws", "@aws-sdk/client-ec2", 'npm install "@aws-sdk/client-ec2@^3"'],
    ["azure", "@azure/identity", 'npm install "@azure/arm-compute@^23" "@azure/identity@^4.10"'],
  ])("on %s need a package; without it, what to install is told", (cloud, peer, remedy) => {
    jest.isolateModules(() => {
      jest.doMock(peer, () => {
        throw Object.assign(new Error(`Cannot find module '${peer}'\nRequire stack:`), { code: "MODULE_NOT_FOUND" });
      });
      const { powerAt: fresh } = jest.requireActual<{ powerAt: typeof powerAt }>("../../../lib/operate/power/vendors");
      const error = thrownBy(() => fresh({ cloud, place: {} }, { cluster: "demo" }, {}));
      expect(error).toMatchObject({ kind: "usage", details: { code: "peer.missing", remedy } });
      jest.dontMock(peer);
    });
  });
});
