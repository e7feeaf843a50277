import { type Power, PowerError, waitForState } from "../../clouds/power";
import { Duration } from "../../units";

const PAUSE = Duration.seconds(1);

/**
 * Starts machines, also such as are still stopping, and waits until they run.
 *
 * @throws PowerError naming those that do not
 */
export async function startMachines(power: Power, hosts: readonly string[], deadline: Duration): Promise<void> {
  try {
    await power.start(hosts);
  } catch (error) {
    if (!(error instanceof PowerError) || error.failure !== "stopping") throw error;
    await waitForState(power, error.hosts, "stopped", { deadline, pause: PAUSE });
    await power.start(hosts);
  }
  await waitForState(power, hosts, "running", { deadline, pause: PAUSE });
}
