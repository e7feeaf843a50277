import { BLOCK_SIZE, largestByMemory, largestByTime } from "../../../lib/operate/smoke/hpl-size";

describe("the size of HPL", () => {
  it("fills four fifths of the memory with a whole number of blocks", () => {
    const bytes = 64 * 1024 ** 3;
    const size = largestByMemory(bytes);
    expect(size % BLOCK_SIZE).toBe(0);
    expect(size * size * 8).toBeLessThanOrEqual(0.8 * bytes);
    expect((size + BLOCK_SIZE) ** 2 * 8).toBeGreaterThan(0.8 * bytes);
  });

  it("takes the time that was predicted", () => {
    const size = largestByTime(120, 50);
    const seconds = ((2 / 3) * size ** 3) / 50e9;
    expect(seconds).toBeLessThanOrEqual(120);
    expect(seconds).toBeGreaterThan(115);
  });

  it("is never less than one block", () => {
    expect(largestByMemory(1)).toBe(BLOCK_SIZE);
    expect(largestByTime(0.001, 0.001)).toBe(BLOCK_SIZE);
  });
});
