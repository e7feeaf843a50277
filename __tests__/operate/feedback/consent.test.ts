import { agree, type Consenter } from "../../../lib/operate/feedback/consent";

describe("consent", () => {
  const lines = ["1 machine would be replaced: cpu-1"];
  const ask = async (consenter: Consenter) => agree(consenter, lines, "Really?", "ohpc up demo --yes");

  it("is given beforehand, or by whoever is asked and says yes", async () => {
    await expect(ask({ yes: true })).resolves.toBeUndefined();
    const shown: unknown[] = [];
    const says = (answer: boolean) => async (about: readonly string[], question: string) => {
      shown.push([about, question]);
      return Promise.resolve(answer);
    };
    await expect(ask({ yes: false, ask: says(true) })).resolves.toBeUndefined();
    expect(shown).toEqual([[lines, "Really?"]]);
    await expect(ask({ yes: false, ask: says(false) })).rejects.toMatchObject({ kind: "consent" });
  });

  it("is missing where nobody can be asked; then what would be lost is told, and how to agree", async () => {
    await expect(ask({ yes: false })).rejects.toMatchObject({
      kind: "consent",
      details: { output: lines, remedy: expect.stringContaining("ohpc up demo --yes") as string },
    });
  });
});
