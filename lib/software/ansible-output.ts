/** The task, with its role before it, that a line of Ansible's output begins; `undefined` for all other lines. Pure. */
export function taskIn(line: string): string | undefined {
  return /^(?:TASK|RUNNING HANDLER) \[(?<task>.*)\]/.exec(line)?.groups?.["task"];
}
