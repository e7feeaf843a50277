/** Two items whose prices are known, and one whose price is not. */
export const ITEMS = [
  { what: "m7a.large (cpu)", count: 2, hourly: 0.5, whenStopped: false, source: "machines: a list, 2026-01-01" },
  {
    what: "home",
    count: 1,
    hourly: 0.1,
    whenStopped: true,
    source: "disks: a page, 2026-01-02",
    note: "faster is dearer",
  },
];

export const FILES = { what: "files", count: 1, whenStopped: true, note: "charged by what is in it" };
