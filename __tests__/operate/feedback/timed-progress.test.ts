import { TimedProgress } from "../../../lib/operate/feedback/timed-progress";

describe("the time that phases take", () => {
  it("is remembered, also of one that failed", async () => {
    const progress = new TimedProgress({
      phase: async (_, work) => work({ title: () => undefined, detail: () => undefined }),
      note: () => undefined,
    });
    expect(await progress.phase("one", async () => Promise.resolve(7))).toBe(7);
    await expect(progress.phase("two", async () => Promise.reject(new Error("no")))).rejects.toThrow("no");
    expect(progress.phases.map(({ phase }) => phase)).toEqual(["one", "two"]);
    expect(progress.seconds).toBeGreaterThanOrEqual(0);
  });
});
