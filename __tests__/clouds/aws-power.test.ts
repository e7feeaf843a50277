import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { pinAws } from "../../lib/clouds/aws/pins";
import { AwsPower } from "../../lib/clouds/aws/power";
import { PowerError } from "../../lib/clouds/power";

/** What cloud-init leaves on the serial console of a Debian machine. */
const CONSOLE = [
  "[   12.031447] cloud-init[613]: Cloud-init v. 25.1.4 finished",
  "<14>Nov 25 09:12:31 cloud-init: #############################################################",
  "<14>Nov 25 09:12:31 cloud-init: -----BEGIN SSH HOST KEY FINGERPRINTS-----",
  "<14>Nov 25 09:12:31 cloud-init: 256 SHA256:FpkwF1WeRfNqGWDjUPvD8A root@cpu-2 (ED25519)",
  "<14>Nov 25 09:12:31 cloud-init: -----END SSH HOST KEY FINGERPRINTS-----",
  "-----BEGIN SSH HOST KEY KEYS-----",
  "ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBA== root@cpu-2",
  "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIDcoZYu1y+cBrkaXEcQ6/mFhispMwt96r9TMucwaJFyG root@cpu-2",
  "-----END SSH HOST KEY KEYS-----",
  "cpu-2 login: ",
].join("\r\n");

function consoleOutput(text: string): string {
  const output = Buffer.from(text).toString("base64");
  return `<GetConsoleOutputResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><instanceId>i-cpu-2</instanceId><output>${output}</output></GetConsoleOutputResponse>`;
}

/** Errors as AWS answers them, in the form of its EC2 API. */
describe("an error of AWS is told as what it is:", () => {
  let server: Server;
  let answer: readonly [status: number, code: string, message: string];
  let power: AwsPower;
  let asked: URLSearchParams | undefined;

  beforeAll(async () => {
    server = createServer((request, response) => {
      let body = "";
      request.on("data", (chunk: Buffer) => (body += chunk.toString()));
      request.on("end", () => {
        if (body.includes("Action=GetConsoleOutput&")) {
          asked = new URLSearchParams(body);
          response.end(consoleOutput(CONSOLE));
          return;
        }
        const describing = body.includes("Action=DescribeInstances");
        const [status, code, message] = answer;
        response.writeHead(describing && code !== "Everything" ? 200 : status, { "content-type": "text/xml" });
        const error = `<Response><Errors><Error><Code>${code}</Code><Message>${message}</Message></Error></Errors><RequestID>1</RequestID></Response>`;
        response.end(describing ? INSTANCES : error);
      });
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const credentials = { accessKeyId: "testing", secretAccessKey: "testing" };
    power = new AwsPower({ cluster: "demo", region: "us-east-1", client: { endpoint, credentials, maxAttempts: 1 } });
  });
  afterAll(async () => {
    await new Promise((resolve) => server.close(resolve));
  });

  const tag = (key: string, value: string) => `<item><key>${key}</key><value>${value}</value></item>`;
  const instance = (host: string) =>
    `<item><instanceId>i-${host}</instanceId><instanceState><name>stopped</name></instanceState><tagSet>${tag("ohpc:host", host)}</tagSet></item>`;
  const INSTANCES = `<DescribeInstancesResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><reservationSet><item><instancesSet>${instance("cpu-1")}${instance("cpu-2")}</instancesSet></item></reservationSet></DescribeInstancesResponse>`;

  it.each([
    [
      "no quota",
      [
        400,
        "VcpuLimitExceeded",
        "You have requested more vCPU capacity than your current vCPU limit of 32 allows for the instance bucket that the specified instance type belongs to. Please visit http://aws.amazon.com/contact-us/ec2-request to request an adjustment to this limit.",
      ],
      { failure: "quota" },
      "Service Quotas",
    ],
    [
      "no capacity",
      [
        500,
        "InsufficientInstanceCapacity",
        "We currently do not have sufficient p5.48xlarge capacity in the Availability Zone you requested (us-east-1a).",
      ],
      { failure: "capacity", hosts: ["cpu-1", "cpu-2"] },
      "cpu-1, cpu-2: AWS has no such machine to give in this zone right now",
    ],
    ["an expired token", [400, "RequestExpired", "Request has expired."], { failure: "expired" }, "aws sso login"],
    [
      "an expired session",
      [403, "ExpiredToken", "The security token included in the request is expired"],
      { failure: "expired" },
      "aws sso login",
    ],
    [
      "unknown credentials",
      [401, "AuthFailure", "AWS was not able to validate the provided access credentials"],
      { failure: "credentials" },
      "AWS_PROFILE",
    ],
    [
      "a missing permission",
      [403, "UnauthorizedOperation", "You are not authorized to perform this operation."],
      { failure: "permission" },
      "use a role that may",
    ],
    [
      "too many requests",
      [503, "RequestLimitExceeded", "Request limit exceeded."],
      { failure: "throttled" },
      "in a minute",
    ],
    [
      "something new",
      [400, "NeverHeardOf", "It is new."],
      { failure: "failed" },
      "It is new.; AWS calls it NeverHeardOf",
    ],
  ] as const)("%s", async (_, recorded, expected, words) => {
    answer = recorded;
    const error = await power.start(["cpu-1", "cpu-2"]).then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    expect(error).toBeInstanceOf(PowerError);
    expect(error).toMatchObject(expected);
    expect((error as PowerError).message).toContain(words);
  });

  it("no error, but the console of a machine: its host keys, as they are now and not when it was stopped last", async () => {
    expect(await power.hostKeys("cpu-2")).toEqual([
      "ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBA==",
      "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIDcoZYu1y+cBrkaXEcQ6/mFhispMwt96r9TMucwaJFyG",
    ]);
    expect([asked?.get("InstanceId"), asked?.get("Latest")]).toEqual(["i-cpu-2", "true"]);
  });

  it("missing credentials", async () => {
    const before = process.env;
    const nothing = {
      AWS_EC2_METADATA_DISABLED: "true",
      AWS_CONFIG_FILE: "/nowhere",
      AWS_SHARED_CREDENTIALS_FILE: "/nowhere",
    };
    process.env = { PATH: before["PATH"], HOME: "/nowhere", ...nothing };
    try {
      const nobody = new AwsPower({ cluster: "demo", region: "us-east-1", client: { endpoint: "http://127.0.0.1:1" } });
      await expect(nobody.list()).rejects.toMatchObject({
        failure: "credentials",
        message: expect.stringContaining("there are no credentials for AWS") as unknown,
      });
      const images = [{ image: "debian-13", architecture: "x86_64" as const }];
      await expect(pinAws({ region: "us-east-1", images, file: "/nowhere/lock" })).rejects.toMatchObject({
        failure: "credentials",
      });
    } finally {
      process.env = before;
    }
  });
});
