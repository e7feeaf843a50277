import { tagProblems } from "../../lib/clouds/aws/tags";
import { told } from "../support/told";

describe("tags", () => {
  it.each<[Readonly<Record<string, string>>, string]>([
    [{ Name: "x" }, 'tags["Name"] is "x", but must be a tag of your own: Name, aws: and ohpc: are taken'],
    [{ "aws:x": "x" }, 'tags["aws:x"] is "x", but must be a tag of your own: Name, aws: and ohpc: are taken'],
    [
      { "cost center": "x" },
      'tags["cost center"] is "x", but must be a key of letters, digits and + - = . , _ : @, at most 128',
    ],
  ])("%j is refused", (tags, message) => {
    expect(told(tagProblems(tags, "tags"))).toEqual([message]);
  });
});
