import type { Command } from "commander";
import { runEngine } from "../clouds/local/engine";
import { nodeImage } from "../images/image";
import { buildImage, explained } from "./local-platform";
import { terminalFor, withJson } from "./options";
import { tableOf } from "./table";
import { explain } from "./verb-help";

export function define(command: Command): void {
  const build = command.command("build").description("Build what is missing of the node image.");
  withJson(build).action(async (options: { json?: boolean }) => {
    const terminal = terminalFor(options);
    const { image, built } = await buildImage(terminal.progress);
    terminal.result({ ok: true, image, built }, () =>
      built.length === 0
        ? `${image} is there already`
        : [...built.map(({ layer, seconds }) => `${layer.padEnd(12)} ${seconds.toFixed(0)} s`), image].join("\n"),
    );
  });
  const list = command.command("list").description("List the node images on this machine.");
  withJson(list).action(async (options: { json?: boolean }) => {
    const terminal = terminalFor(options);
    const current = nodeImage();
    const images = (await explained(listImages)).map((image) => ({ ...image, current: image.name === current }));
    terminal.result({ ok: true, images }, () => {
      if (images.length === 0) return `no node image yet; the one that is needed is ${current}`;
      const rows = images.map(({ name, size, created, current: used }) => [name, size, created, used ? "current" : ""]);
      return tableOf(["IMAGE", "SIZE", "CREATED", ""], rows);
    });
  });
  explain(command, {
    examples: [
      ["ohpc image build", "before the first `ohpc up`, which would do it, too"],
      ["ohpc image list", "which there are, and what they take"],
    ],
  });
}

async function listImages(): Promise<{ name: string; size: string; created: string }[]> {
  const format = "{{.Repository}}:{{.Tag}}\t{{.Size}}\t{{.CreatedSince}}";
  const text = await runEngine(["image", "ls", "--filter", "reference=localhost/ohpc-node", "--format", format]);
  return (
    text
      .split("\n")
      // The layers below it have names of their own that begin the same.
      .filter((line) => line.startsWith("localhost/ohpc-node:"))
      .map((line) => {
        const [name = "", size = "", created = ""] = line.split("\t");
        return { name, size, created };
      })
  );
}
