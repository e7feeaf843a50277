import { machineAddresses } from "../../../lib/operate/terraform/addresses";

describe("the addresses of machines", () => {
  it("are those of hosts, in modules, too; networks, disks and glue have none", () => {
    const machine = (address: string) => ({ address, type: "aws_instance", values: {} });
    const local = { type: "terraform_data", values: { input: { kind: "machine" } } };
    const state = {
      values: {
        root_module: {
          resources: [
            machine('aws_instance.cpu["cpu-1"]'),
            { ...local, address: 'terraform_data.cpu["cpu-2"]' },
            { address: 'aws_ebs_volume.home["home"]', type: "aws_ebs_volume", values: {} },
            { ...local, address: "terraform_data.sweep", values: { input: {} } },
          ],
          child_modules: [{ resources: [machine('module.site.aws_instance.cpu["cpu-3"]')] }],
        },
      },
    };
    expect(Object.fromEntries(machineAddresses(state))).toEqual({
      "cpu-1": 'aws_instance.cpu["cpu-1"]',
      "cpu-2": 'terraform_data.cpu["cpu-2"]',
      "cpu-3": 'module.site.aws_instance.cpu["cpu-3"]',
    });
  });

  it("are none of a state where nothing is", () => {
    expect(machineAddresses({ format_version: "1.0" }).size).toBe(0);
  });
});
