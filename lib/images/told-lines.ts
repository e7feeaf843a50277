import { taskIn } from "../software/ansible-output";

/**
 * What people want to read of a line that a build wrote: the task that Ansible begins, the step that debootstrap takes, what
 * we say ourselves. `undefined` for the rest, which is shown only when the build fails. Pure.
 */
export function worthTelling(line: string): string | undefined {
  const task = taskIn(line);
  if (task !== undefined) return task;
  const debootstrap = /^I: (?<step>.*)$/.exec(line)?.groups?.["step"];
  if (debootstrap !== undefined) return PACKAGE_BY_PACKAGE.test(debootstrap) ? undefined : debootstrap;
  return OURS.test(line) ? line : undefined;
}

/** debootstrap says these of each of a hundred packages. */
const PACKAGE_BY_PACKAGE =
  /^(Retrieving|Validating|Extracting|Unpacking|Configuring) (?!the |required |InRelease|Packages)/;

/** `fetching IMAGE`, `IMAGE cannot be had: …`, `waiting for another build …`. */
const OURS = /^(fetching |waiting for another build)|cannot be had: /;
