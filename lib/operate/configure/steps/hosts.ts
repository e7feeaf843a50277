import { hostsFile, programText } from "../../node/bundle-files";
import type { Step } from "../step/step";

export type HostsState = {
  readonly hosts: string;
  /** Whether others than root can read it. */
  readonly open: boolean;
};

/** The cluster's part of /etc/hosts on the master: localhost, itself, and every node. */
export const hosts: Step<HostsState> = {
  id: "hosts",
  title: "/etc/hosts",
  needs: ["software"],
  desired: (cluster) => ({ hosts: hostsFile(cluster), open: true }),
  inspect: String.raw`
open=false
if [ "$(stat -c %a /etc/hosts)" = 644 ]; then open=true; fi
awk '$0 == "# ohpc: end" { exit } inside { print } $0 == "# ohpc: begin" { inside = 1 }' /etc/hosts | jq -Rsc --argjson open "$open" '{hosts: ., open: $open}'
`,
  get apply() {
    return String.raw`
wanted=$(mktemp)
trap 'rm -f "$wanted"' EXIT
jq -j .hosts >"$wanted"
bash -s -- "$wanted" <<'OHPC_WRITE_HOSTS'
${programText("write-hosts.sh")}
OHPC_WRITE_HOSTS
`;
  },
  effect: () => "live",
  files: (state) => ({ "/etc/hosts": state.hosts }),
  words: (before) => (before?.open === false ? ["/etc/hosts is opened to all for reading"] : []),
};
