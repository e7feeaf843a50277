import { hostsFile, programText } from "../../node/bundle-files";
import type { Step } from "../step/step";

export type HostsState = { readonly hosts: string };

/** The cluster's part of /etc/hosts on the master: localhost, itself, and every node. */
export const hosts: Step<HostsState> = {
  id: "hosts",
  title: "/etc/hosts",
  needs: ["software"],
  desired: (cluster) => ({ hosts: hostsFile(cluster) }),
  inspect: String.raw`
awk '$0 == "# ohpc: end" { exit } inside { print } $0 == "# ohpc: begin" { inside = 1 }' /etc/hosts | jq -Rsc '{hosts: .}'
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
};
