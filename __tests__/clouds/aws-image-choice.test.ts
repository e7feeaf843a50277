import { imageProblems } from "../../lib/clouds/aws/image-choice";
import type { PinFile } from "../../lib/clouds/pins";
import { told } from "../support/told";

describe("images", () => {
  const pins: PinFile = {
    aws: { "us-east-1": { "ami-0123456789abcdef0": { id: "ami-0123456789abcdef0", architecture: "x86_64" } } },
  };

  it.each([
    ["debian-13", "x86_64", []],
    ["debian-13", "arm64", []],
    ["self/gpu-*", "arm64", []],
    ["aws-gpu", "x86_64", []],
    ["aws-gpu", "arm64", []],
    ["ami-0123456789abcdef1", "arm64", []],
    [
      "ami-0123456789abcdef0",
      "arm64",
      [
        'image is "ami-0123456789abcdef0", but must be an image for arm64, which the machine is; this one is for x86_64; choose another image, or a machine of x86_64',
      ],
    ],
    [
      "136693071363/debian-13-amd64-2026*",
      "arm64",
      [
        'image is "136693071363/debian-13-amd64-2026*", but must be an image for arm64, which the machine is; this one is for x86_64; choose another image, or a machine of x86_64',
      ],
    ],
    [
      "debian13",
      "x86_64",
      [
        'image is "debian13", but must be debian-13, aws-gpu, an id (ami-…) or OWNER/NAME-PATTERN, e.g. self/my-gpu-image-*; did you mean "debian-13"?',
      ],
    ],
  ] as const)("%s on %s: %j", (image, architecture, problems) => {
    expect(told(imageProblems(image, architecture, "us-east-1", pins))).toEqual(problems);
  });
});
