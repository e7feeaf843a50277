import type { WayIn } from "../operate/access/way-in";
import { paint } from "./paint";

/** How people get in with nothing but OpenSSH. */
export function loginLines({ host, port, user, key, sshConfig }: WayIn): readonly string[] {
  return [
    `without ohpc: ssh -p ${port} ${user}@${host}, with ${key}; or in ~/.ssh/config:`,
    ...sshConfig.map((line) => paint("dim", `  ${line}`)),
  ];
}
