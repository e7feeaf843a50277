import { existsSync, readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";

/** Where this machine gets Debian's packages from. */
export interface DebianMirror {
  readonly main?: string;
  readonly security?: string;
}

/**
 * Finds Debian's mirrors in the text of apt's source files, in the old one-line form or in deb822 form.
 * Other vendors' archives and other distributions' are passed over: they have no suite of Debian's.
 */
export function debianMirror(texts: readonly string[]): DebianMirror {
  const sources = texts.flatMap((text) => (/^Types:/m.test(text) ? paragraphs(text) : lines(text)));
  const of = (suites: RegExp): string | undefined =>
    sources.find((source) => source.components.includes("main") && source.suites.some((suite) => suites.test(suite)))
      ?.uri;
  const main = of(new RegExp(`^(${SUITES})$`));
  const security = of(new RegExp(`^(${SUITES})-security$`));
  return { main, security };
}

/** The mirrors of this machine; none if it is not a Debian. */
export function hostMirror(etc = "/etc/apt"): DebianMirror {
  const folder = join(etc, "sources.list.d");
  const files = [
    join(etc, "sources.list"),
    ...(existsSync(folder)
      ? readdirSync(folder)
          .sort()
          .map((file) => join(folder, file))
      : []),
  ];
  return debianMirror(
    files
      .filter((file) => /\.(list|sources)$/.test(file) && existsSync(file))
      .map((file) => readFileSync(file, "utf8")),
  );
}

const SUITES = "bullseye|bookworm|trixie|forky|sid|oldstable|stable|testing|unstable";

interface Source {
  readonly uri: string;
  readonly suites: readonly string[];
  readonly components: readonly string[];
}

/** `deb [options] URI SUITE COMPONENT…` */
function lines(text: string): readonly Source[] {
  return text.split("\n").flatMap((line) => {
    const found = /^deb\s+(?:\[[^\]]*\]\s+)?(?<uri>\S+)\s+(?<suite>\S+)\s+(?<components>.*)$/.exec(line.trim())?.groups;
    if (found === undefined) return [];
    return usable({ uri: found["uri"] ?? "", suites: [found["suite"] ?? ""], components: words(found["components"]) });
  });
}

function paragraphs(text: string): readonly Source[] {
  return text
    .replace(/^#.*\n/gm, "")
    .split(/\n\s*\n/)
    .flatMap((paragraph) => {
      const fields = new Map(
        [...paragraph.matchAll(/^(?<key>[\w-]+):(?<value>.*(?:\n[ \t].*)*)/gm)].map((match) => [
          match[1]?.toLowerCase(),
          match[2],
        ]),
      );
      if (!words(fields.get("types")).includes("deb") || fields.get("enabled")?.trim() === "no") return [];
      const [suites, components] = [words(fields.get("suites")), words(fields.get("components"))];
      return words(fields.get("uris")).flatMap((uri) => usable({ uri, suites, components }));
    });
}

/** Only addresses that debootstrap takes, too (no `cdrom:`, no `mirror+file:`). */
function usable(source: Source): readonly Source[] {
  return /^(https?|file):/.test(source.uri) ? [source] : [];
}

function words(text = ""): readonly string[] {
  return text.split(/\s+/).filter((word) => word !== "");
}
