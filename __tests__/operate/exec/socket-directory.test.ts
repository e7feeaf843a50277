import { chmodSync, chownSync, lstatSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { prepareSocketDirectory } from "../../../lib/operate/exec/remote/socket-directory";

const NOBODY = 65534;
const asRoot = process.getuid?.() === 0 ? it : it.skip;

let scratch: string;
let directory: string;
let socket: string;
beforeEach(() => {
  scratch = mkdtempSync(join(tmpdir(), "sockets-"));
  directory = join(scratch, "cm");
  socket = join(directory, "m-1");
});
afterEach(() => {
  rmSync(scratch, { recursive: true });
});

describe("the directory of shared connections", () => {
  it("is made for us alone, below a directory that keeps what is each one's own, and used again", async () => {
    await prepareSocketDirectory(socket);
    expect(lstatSync(directory).mode & 0o7777).toBe(0o700);
    writeFileSync(socket, "");
    await prepareSocketDirectory(socket);
  });

  it("may lie in directories of one's own group, as they are where every user has one", async () => {
    chmodSync(scratch, 0o775);
    await prepareSocketDirectory(socket);
  });

  it("is not used when it is open to others", async () => {
    mkdirSync(directory);
    chmodSync(directory, 0o750);
    await expect(prepareSocketDirectory(socket)).rejects.toMatchObject({
      message: `${directory} is open to others (mode 0750, and should be 0700)`,
      remedy: expect.stringContaining(`rm -r '${directory}'`) as string,
    });
  });

  it.each([
    [
      "a private directory of ours",
      () => {
        mkdirSync(join(scratch, "elsewhere"), { mode: 0o700 });
      },
    ],
    ["nothing", () => undefined],
  ])("is not a link to %s", async (_, make) => {
    make();
    symlinkSync(join(scratch, "elsewhere"), directory);
    await expect(prepareSocketDirectory(socket)).rejects.toMatchObject({
      name: "OpenSocketDirectoryError",
      remedy: expect.stringContaining("XDG_STATE_HOME") as string,
    });
  });

  it("is no file", async () => {
    writeFileSync(directory, "");
    await expect(prepareSocketDirectory(socket)).rejects.toMatchObject({ name: "OpenSocketDirectoryError" });
  });

  it.each([0o757, 0o777])("does not lie where others can put another in its place (mode %o)", async (mode) => {
    mkdirSync(directory, { mode: 0o700 });
    chmodSync(scratch, mode);
    await expect(prepareSocketDirectory(socket)).rejects.toMatchObject({
      message: expect.stringContaining(`lies in ${scratch}, where others may write`) as string,
      remedy: expect.stringContaining(`chmod go-w '${scratch}'`) as string,
    });
    chmodSync(scratch, mode | 0o1000);
    await prepareSocketDirectory(socket);
  });

  asRoot("is not somebody else's", async () => {
    mkdirSync(directory, { mode: 0o700 });
    chownSync(directory, NOBODY, NOBODY);
    await expect(prepareSocketDirectory(socket)).rejects.toThrow(`belongs to user ${NOBODY}`);
  });

  asRoot("has no socket of somebody else's in it", async () => {
    mkdirSync(directory, { mode: 0o700 });
    writeFileSync(socket, "");
    chownSync(socket, NOBODY, NOBODY);
    await expect(prepareSocketDirectory(socket)).rejects.toThrow(`has a socket of user ${NOBODY} in it`);
  });
});
