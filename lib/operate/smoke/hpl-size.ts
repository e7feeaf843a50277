/** Columns in a block: what OpenBLAS's kernels like on x86-64 and arm64, and what the original system used. */
export const BLOCK_SIZE = 192;

/** Of the allocated memory; the rest is for MPI's buffers and the program itself. */
const MEMORY_SHARE = 0.8;

const BYTES_PER_NUMBER = 8;

/** The largest matrix (rows) that fits into `memoryBytes`, a whole number of blocks. */
export function largestByMemory(memoryBytes: number): number {
  return wholeBlocks(Math.sqrt((MEMORY_SHARE * memoryBytes) / BYTES_PER_NUMBER));
}

/** The largest matrix that is solved in `seconds` at `gflops`: HPL counts ⅔·N³ + 3⁄2·N² operations, the cube is what matters. */
export function largestByTime(seconds: number, gflops: number): number {
  return wholeBlocks(Math.cbrt(1.5 * seconds * gflops * 1e9));
}

/** At least one block: a smaller matrix says nothing. */
function wholeBlocks(rows: number): number {
  return Math.max(1, Math.floor(rows / BLOCK_SIZE)) * BLOCK_SIZE;
}
