import { renderKnownHosts } from "../../../lib/operate/access/known-hosts";
import { expectGolden } from "../../support/golden";
import { sampleManifest } from "../../support/sample-cluster";

const manifest = sampleManifest();

describe("the host keys", () => {
  it("are pinned under every name of every machine", () => {
    expectGolden("operate/known_hosts", renderKnownHosts(manifest, "* ssh-ed25519 AAAA comment\n"));
  });

  it("stay as they are where each machine has its own", () => {
    expect(renderKnownHosts(manifest, "# made by\nmaster ssh-ed25519 A\ncpu-1 ssh-ed25519 B\n")).toBe(
      "master ssh-ed25519 A\ncpu-1 ssh-ed25519 B\n",
    );
  });
});
