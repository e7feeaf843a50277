import { fuzzDocuments, fuzzStacks, fuzzUsersFiles } from "../support/fuzzed";

const RUNS = 10_000;

describe("ten thousand times whatever people write", () => {
  it("in a users file gives users, or problems", () => {
    fuzzUsersFiles(RUNS);
  });

  it("as properties of constructs and clouds gives a whole stack, or problems and no file", () => {
    fuzzStacks(RUNS);
  });

  it("into a spec or a manifest is read, or refused by its name", () => {
    fuzzDocuments(RUNS);
  });
});
