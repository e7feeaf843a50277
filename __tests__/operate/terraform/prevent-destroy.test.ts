import { synthesize } from "cdktf-openhpc/testing";
import { withoutPreventDestroy } from "../../../lib/operate/terraform/prevent-destroy";
import { awsDemo } from "../../../stacks/aws-demo";

describe("protection", () => {
  it("is lifted from machines of every cloud, and from nothing else", () => {
    const held = { lifecycle: { prevent_destroy: true, ignore_changes: ["ami"] } };
    const definition = {
      resource: {
        aws_instance: { cpu: held, free: {} },
        azurerm_linux_virtual_machine: { gpu: held },
        aws_ebs_volume: { home: held },
        terraform_data: {
          local: { ...held, input: { kind: "machine" } },
          disk: { ...held, input: { kind: "volume" } },
        },
      },
    };
    const lifted = { lifecycle: { prevent_destroy: false } };
    expect(withoutPreventDestroy(definition)).toEqual({
      resource: {
        aws_instance: { cpu: lifted },
        azurerm_linux_virtual_machine: { gpu: lifted },
        terraform_data: { local: lifted },
      },
    });
    expect(withoutPreventDestroy({ resource: { aws_instance: { free: {} } } })).toBeUndefined();
    expect(
      Object.keys((withoutPreventDestroy(synthesize(awsDemo).terraform) as { resource: object }).resource),
    ).toEqual(["aws_instance"]);
  });
});
