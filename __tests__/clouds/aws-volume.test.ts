import { volumeProblems } from "../../lib/clouds/aws/volume";
import { told } from "../support/told";

describe("volumes", () => {
  it.each<[Parameters<typeof volumeProblems>[0], readonly string[]]>([
    [{}, []],
    [{ type: "gp3", iops: 6000, throughput: 500, kmsKey: "arn:aws:kms:us-east-1:123456789012:key/abcd" }, []],
    [{ type: "io2", iops: 10_000 }, []],
    [{ type: "io2" }, ["disk.iops is missing, but must be given for io2"]],
    [{ iops: 100 }, ["disk.iops is 100, but must be a whole number from 3000 for gp3"]],
    [{ type: "gp2", throughput: 250 }, ["disk.throughput is 250, but must be left out for gp2: only gp3 takes it"]],
    [{ throughput: 1 }, ["disk.throughput is 1, but must be a whole number from 125, in MiB per second"]],
    [
      { kmsKey: "mine" },
      ['disk.kmsKey is "mine", but must be the ARN of a KMS key: arn:aws:kms:REGION:ACCOUNT:key/ID'],
    ],
  ])("%j: %j", (options, problems) => {
    expect(told(volumeProblems(options, "disk"))).toEqual(problems);
  });
});
