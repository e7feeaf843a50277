import { terraformEvent } from "../../../lib/operate/terraform/events";

describe("Terraform's stream", () => {
  const resource = { addr: 'terraform_data.cpu["cpu-1"]' };
  const event = (document: object) => terraformEvent(JSON.stringify(document));

  it("tells what was done to which resource", () => {
    const completed = event({ type: "apply_complete", hook: { resource, action: "create", elapsed_seconds: 1 } });
    expect(completed).toEqual({ kind: "completed", address: resource.addr, action: "create", seconds: 1 });
  });

  it("leaves out the program that a provisioner runs, and shows what it writes", () => {
    const said = (output: string) =>
      event({ type: "provision_progress", hook: { resource, provisioner: "local-exec", output } });
    expect(said('Executing: ["/bin/sh" "-c" "true"]')).toBeUndefined();
    expect(said("hello")).toEqual({ kind: "provisioner", address: resource.addr, output: "hello" });
  });

  it("knows both programs by their first line", () => {
    expect(event({ type: "version", terraform: "1.11.4", ui: "1.2" })).toMatchObject({
      program: "terraform",
      version: "1.11.4",
    });
    expect(event({ type: "version", tofu: "1.8.0", ui: "1.2" })).toMatchObject({ program: "tofu", version: "1.8.0" });
  });

  it("hands over the outputs once they have values", () => {
    const planned = event({ type: "outputs", outputs: { cluster: { sensitive: false, action: "create" } } });
    const applied = event({ type: "outputs", outputs: { cluster: { sensitive: false, type: "string", value: "x" } } });
    expect(planned).toStrictEqual({ kind: "outputs", values: {} });
    expect(applied).toEqual({ kind: "outputs", values: { cluster: "x" } });
  });

  it.each(["", "not JSON", "{}", '{"type":"refresh_start"}', "null"])("passes over %j", (line) => {
    expect(terraformEvent(line)).toBeUndefined();
  });
});
