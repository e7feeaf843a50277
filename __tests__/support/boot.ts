import type { Boot } from "../../lib/clouds/cloud";

/** What a machine of the cluster `demo` is told at boot. */
export function boot(
  bundle: Boot["bundle"] = { kind: "mounted", path: "/srv/ohpc/bundle" },
  role: Boot["role"] = "compute",
): Boot {
  return { cluster: "demo", role, master: { name: "master", address: "10.64.0.10" }, bundle };
}
