import { scriptFailure } from "../../../lib/operate/configure/step-error";
import type { Step } from "../../../lib/operate/configure/step/step";
import { MASTER_STEPS } from "../../../lib/operate/configure/steps/master-steps";
import { RemoteError } from "../../../lib/operate/exec/remote/remote";

const [STEP] = MASTER_STEPS as readonly [Step];
const failure = (output: string, exitCode = 1) =>
  scriptFailure(STEP, new RemoteError("master", "failed", exitCode, output)).details;

describe("a step that fails", () => {
  it("for want of room names the disks that have none, and no other", () => {
    expect(
      failure("Traceback\nOSError: [Errno 28] No space left on device: '/home/bob'\nohpc: no room left on /home"),
    ).toMatchObject({
      cause: "no room is left on /home",
      remedy: expect.stringContaining("df -h /home") as string,
    });
    expect(failure("cat: write error: No space left on device").cause).toBe("a disk of the machine is full");
    // A disk may be full without being the reason.
    expect(failure("slurmctld refused it\nohpc: no room left on /boot").cause).not.toContain("is left");
  });

  it.each(["slurmctld", "slurmdbd", "mariadb", "munge"])("because %s hangs says so, and how to look", (daemon) => {
    expect(failure(`something else\n${daemon} runs and does not answer`)).toMatchObject({
      cause: `${daemon} runs and does not answer`,
      remedy: expect.stringContaining(`systemctl status ${daemon}`) as string,
    });
  });

  it("because a program took too long says that, and no number", () => {
    expect(failure("", 124).cause).toBe("a program that it called did not answer in time");
    expect(failure("waiting", 124).cause).toBe("a program that it called did not answer in time; last said: waiting");
  });
});
