import type { Command } from "commander";
import { imageEngine } from "../clouds/local/image";
import { listImages, nodeImage, pruneImages } from "../images/image";
import { buildImage, explained } from "./local-platform";
import { terminalFor, withJson } from "./options";
import { tableOf } from "./table";
import { explain } from "./verb-help";

export function define(command: Command): void {
  const build = command.command("build").description("Build what is missing of the node image.");
  build.option("--stock", "the image of stock machines (debian-13) instead");
  withJson(build).action(async (options: { stock?: boolean; json?: boolean }) => {
    const terminal = terminalFor(options);
    const { image, built } = await buildImage(terminal.progress, options.stock === true ? { folder: "debian-13" } : {});
    terminal.result({ ok: true, image, built }, () =>
      built.length === 0
        ? [`${image} is there already`]
        : [...built.map(({ layer, seconds }) => `${layer.padEnd(12)} ${seconds.toFixed(0)} s`), image],
    );
  });
  const list = command.command("list").description("List the node images on this machine.");
  withJson(list).action(async (options: { json?: boolean }) => {
    const terminal = terminalFor(options);
    const images = await explained(async () => listImages(imageEngine()));
    terminal.result({ ok: true, images }, () => {
      if (images.length === 0) return [`no node image yet; the one that is needed is ${nodeImage()}`];
      const rows = images.map(({ name, size, created, current: used }) => [name, size, created, used ? "current" : ""]);
      return tableOf(["IMAGE", "SIZE", "CREATED", ""], rows);
    });
  });
  const prune = command.command("prune").description("Remove images of other versions that no machine uses.");
  withJson(prune).action(async (options: { json?: boolean }) => {
    const terminal = terminalFor(options);
    const removed = await explained(async () => pruneImages(imageEngine()));
    terminal.result({ ok: true, removed }, () =>
      removed.length === 0 ? ["there is nothing to remove"] : removed.map((name) => `removed ${name}`),
    );
  });
  explain(command, {
    examples: [
      ["ohpc image build", "before the first `ohpc up`, which would do it, too"],
      ["ohpc image list", "which there are, and what they take"],
      ["ohpc image prune", "make room: going back to an earlier version builds its image again"],
    ],
  });
}
