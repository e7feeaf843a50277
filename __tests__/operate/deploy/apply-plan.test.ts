import { describeEvent } from "../../../lib/operate/deploy/apply-plan";

describe("Terraform's stream", () => {
  it("tells which machine was made, in its own name", () => {
    const address = 'terraform_data.cpu["cpu-1"]';
    expect(describeEvent({ kind: "completed", address, action: "create", seconds: 1 })).toBe("cpu-1 created");
  });
});
