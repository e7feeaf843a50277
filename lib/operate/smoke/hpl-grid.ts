/** How HPL lays its processes over the matrix: `rows` × `columns`. */
export interface ProcessGrid {
  readonly rows: number;
  readonly columns: number;
}

/**
 * The grid nearest to a square whose product is the number of tasks, at most as high as wide: rows exchange pivots, and fewer
 * of them wait for each other. Squares are the best grids there are; ours differ in that from the table of the original system.
 */
export function hplGrid(tasks: number): ProcessGrid {
  if (!Number.isInteger(tasks) || tasks < 1)
    throw new RangeError(`a grid needs a whole number of tasks from 1, but was given ${tasks}`);
  let rows = Math.floor(Math.sqrt(tasks));
  while (tasks % rows !== 0) rows--;
  return { rows, columns: tasks / rows };
}
