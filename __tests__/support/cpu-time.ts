/** Processor milliseconds that `work` takes: unlike time on the clock, they are not longer when other tests run beside. */
export function cpuMilliseconds(work: () => void): number {
  const before = process.cpuUsage();
  work();
  const { system, user } = process.cpuUsage(before);
  return (system + user) / 1000;
}
