import { secretsInUserData } from "cdktf-openhpc/testing";
import fc from "fast-check";
import { parse } from "yaml";
import { type BootFile, userData } from "../../lib/clouds/user-data";

const BOOT = {
  cluster: "demo",
  role: "master",
  master: { name: "master", address: "10.1.0.10" },
  bundle: { kind: "directory", path: "/srv/ohpc/bundle" },
} as const;

interface CloudConfig {
  readonly write_files: readonly {
    readonly path: string;
    readonly permissions: string;
    readonly encoding?: "b64";
    readonly content: string;
  }[];
  readonly runcmd?: readonly (readonly string[])[];
}

/** As cloud-init reads it: YAML 1.1, and files in base64 where that is said. */
function read(text: string): { readonly files: readonly BootFile[]; readonly commands: CloudConfig["runcmd"] } {
  const { write_files: written, runcmd } = parse(text, { version: "1.1" }) as CloudConfig;
  const files = written.map(({ path, permissions, encoding, content }) => ({
    path,
    mode: permissions,
    content: encoding === "b64" ? Buffer.from(content, "base64").toString("utf8") : content,
  }));
  return { files, commands: runcmd };
}

function afterwards(files: readonly BootFile[], commands: readonly (readonly string[])[] = []) {
  const got = read(userData(BOOT, { files, commands }));
  return { files: got.files.slice(1), commands: got.commands ?? [] };
}

describe("user-data", () => {
  const hostile = fc.string({
    unit: fc.constantFrom(..."\n\r \t\0\u0007\u007f\u0085\u2028\ufeffa:#-|>\\\"'é😀{}[]%&*!,?yes0=~".match(/./gsu)!),
    maxLength: 40,
  });

  it("bring every file and every word of a command as they are, whatever is in them", () => {
    const files = fc.array(
      fc.record({ path: hostile.map((text) => `/${text}`), mode: fc.constant("0755"), content: hostile }),
      { maxLength: 4 },
    );
    const commands = fc.array(fc.array(hostile, { minLength: 1, maxLength: 3 }), { maxLength: 3 });
    fc.assert(
      fc.property(files, commands, (someFiles, someCommands) => {
        expect(afterwards(someFiles, someCommands)).toEqual({ files: someFiles, commands: someCommands });
      }),
      { numRuns: 300 },
    );
  });

  it.each([
    ["whose first line is blank", "\n\ntext\n"],
    ["whose first line is indented", "    indented\nnot\n"],
    ["with the line ends of Windows", "one\r\ntwo\r\n"],
    ["without a newline at its end", "text"],
    ["with many newlines at its end", "text\n\n\n"],
    ["that is empty", ""],
    ["that reads as another type", "yes"],
  ])("bring a file %s", (_, content) => {
    const files = [{ path: "/etc/with: colon # and more", mode: "0600", content }];
    expect(afterwards(files).files).toEqual(files);
  });

  it("hold nothing but printable ASCII, which no reader takes for anything else", () => {
    const text = userData(BOOT, {
      files: [{ path: "/é", mode: "0644", content: "\u0085\r" }],
      commands: [["\u0007", "\u2028"]],
    });
    expect(text).toMatch(/^#cloud-config\n[\n\x20-\x7e]*$/);
  });

  it("are looked at for secrets in files that are encoded, too", () => {
    const user_data = userData(BOOT, {
      files: [{ path: "/etc/x", mode: "0600", content: "é\npassword = hunter2\n" }],
    });
    expect(user_data).not.toContain("hunter2");
    expect(secretsInUserData({ resource: { aws_instance: { x: { user_data } } } })).toEqual([
      { address: "aws_instance.x", what: "its user-data have a password" },
    ]);
  });
});
