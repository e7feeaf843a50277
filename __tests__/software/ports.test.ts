import { readFileSync } from "node:fs";
import { join } from "node:path";
import { FIRST_USER_PORT, NODE_ANSWER_PORT, NODE_EXPORTER_PORT, PORT_MATRIX } from "../../lib/model/ports";
import { programText } from "../../lib/operate/node/bundle-files";
import { packageRoot } from "../../lib/package/root";

function role(path: string): string {
  return readFileSync(join(packageRoot(), "ansible/roles", path), "utf8");
}

/** Programs and units cannot import the port matrix; they say the same. */
describe("the ports that are written down elsewhere", () => {
  it("are those of the matrix", () => {
    expect(programText("ask.py")).toContain(`\nPORT = ${NODE_ANSWER_PORT}\n`);
    expect(role("ohpc_node/files/ohpc-node-answer.socket")).toContain(`\nListenStream=${NODE_ANSWER_PORT}\n`);
    expect(role("metrics/files/prometheus-node-exporter.conf")).toContain(`listen-address=:${NODE_EXPORTER_PORT} `);
  });

  const told = `net.ipv4.ip_unprivileged_port_start = ${FIRST_USER_PORT}\n`;
  const again = `ip_unprivileged_port_start=${FIRST_USER_PORT}\n`;
  it.each([
    ["base/files/sysctl.conf", told],
    ["slurm/files/slurmctld.conf", again],
    ["slurm/files/slurmdbd.conf", again],
    ["slurm/files/slurmd.conf", again],
    ["mpi/files/mpi.sh", `btl_tcp_port_min_v4=${FIRST_USER_PORT} `],
    ["mpi/tasks/main.yml", `btl_tcp_port_min_v4 = ${FIRST_USER_PORT}\n`],
  ])("begin for users where the matrix says, in %s", (path, words) => {
    expect(role(path)).toContain(words);
  });

  it.each(["slurm/files/slurmctld.conf", "slurm/files/slurmdbd.conf", "metrics/files/prometheus-node-exporter.conf"])(
    "may be bound by a daemon that is not root's, in %s",
    (path) => {
      expect(role(path)).toContain("\nAmbientCapabilities=CAP_NET_BIND_SERVICE\n");
    },
  );
});

describe("the ports of daemons", () => {
  const single = PORT_MATRIX.flatMap(({ ports }) => ports).filter(({ from, to }) => from === to);

  it("are below what users may bind", () => {
    expect(Math.max(...single.map(({ from }) => from))).toBeLessThan(FIRST_USER_PORT);
  });

  it("are none that the kernel's NFS client takes for itself, from 665 to 1023", () => {
    expect(single.filter(({ from }) => from >= 665 && from <= 1023)).toEqual([]);
  });
});
