import { NfsDisk, type NfsDiskProps, Size } from "cdktf-openhpc";
import { refusals } from "../support/clusters";

function diskProblems(props: NfsDiskProps): readonly string[] {
  return refusals((stack) => new NfsDisk(stack, "home", props));
}

describe("an NfsDisk refuses", () => {
  it("less than 16 GiB", () => {
    expect(diskProblems({ size: Size.gibibytes(15) })).toEqual(['size is "15 GiB", but must be at least 16 GiB']);
  });

  it("to have neither size nor existing disk", () => {
    expect(diskProblems({})).toEqual(["size is missing, but must be given, unless there is an existing disk"]);
  });

  it.each(["home", "/home/", "/home/../etc", "/"])("the path %p", (path) => {
    expect(diskProblems({ size: Size.gibibytes(16), path })).toEqual([
      `path is "${path}", but must be an absolute path without a slash at its end, e.g. /home`,
    ]);
  });

  it.each(["/usr/local", "/srv/ohpc/state", "/srv", "/opt", "/opt/ohpc/pub"])("the system's own path %p", (path) => {
    expect(diskProblems({ size: Size.gibibytes(16), path })).toEqual([
      `path is "${path}", but must be outside the system's own directories`,
    ]);
  });

  it.each(["/srv/home", "/opt/data", "/opt/ohpc-data"])("nothing of %p, which hides nobody's files", (path) => {
    // It is made, and then belongs to nobody.
    expect(() => diskProblems({ size: Size.gibibytes(16), path })).toThrow("belongs to no cluster");
  });
});
