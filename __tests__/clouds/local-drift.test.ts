import { compare, expectedIn } from "../../lib/clouds/local/drift";

describe("comparing the state with the engine", () => {
  const state = {
    values: {
      root_module: {
        resources: [
          data("terraform_data.network", { kind: "network", cluster: "demo", name: "ohpc-demo", down: "…" }),
          data('terraform_data.cpu["cpu-1"]', {
            kind: "machine",
            cluster: "demo",
            name: "ohpc-demo-cpu-1",
            host: "cpu-1",
          }),
          data('terraform_data.cpu["cpu-2"]', {
            kind: "machine",
            cluster: "demo",
            name: "ohpc-demo-cpu-2",
            host: "cpu-2",
          }),
          data("terraform_data.home", { kind: "volume", cluster: "demo", name: "ohpc-demo-home" }),
          data("terraform_data.users-own", "anything"),
          { address: "null_resource.x", type: "null_resource", values: {} },
        ],
      },
    },
  };

  it("names what is missing by its address, and machines that do not run by their host", () => {
    const container = {
      role: "compute",
      site: "local",
      address: "10.64.1.1",
      image: "localhost/ohpc-node:0123",
      spec: "0",
    };
    const containers = [
      { ...container, name: "ohpc-demo-cpu-1", host: "cpu-1", running: false, status: "exited" },
      { ...container, name: "ohpc-demo-stray", host: "stray", running: false, status: "exited" },
    ];
    expect(compare(expectedIn(state), { containers, networks: ["ohpc-demo"], volumes: [] })).toEqual({
      missing: ['terraform_data.cpu["cpu-2"]', "terraform_data.home"],
      stopped: ["cpu-1"],
    });
  });

  it("expects nothing of an empty state", () => {
    expect(expectedIn({ format_version: "1.0" })).toEqual([]);
  });
});

function data(address: string, input: unknown) {
  return { address, type: "terraform_data", values: { input } };
}
