import { terraformFailure } from "../../../lib/operate/terraform/failure";

/** As the provider words what AWS answered: with the SDK of its time, older ones and those since 5.50. */
const older = (what: string, code: string, said: string) =>
  `${what}: ${code}: ${said}\n\tstatus code: 400, request id: 0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9`;
const newer = (what: string, call: string, code: string, said: string) =>
  `${what}: operation error ${call}, https response error StatusCode: 400, RequestID: 0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9, api error ${code}: ${said}`;

const MAKING = "creating EC2 Instance";
const LOOKING = "Retrieving AWS account details: validating provider credentials: retrieving caller identity from STS";
const VCPU =
  "You have requested more vCPU capacity than your current vCPU limit of 32 allows for the instance bucket that the specified instance type belongs to. Please visit http://aws.amazon.com/contact-us/ec2-request to request an adjustment to this limit.";

describe("what the provider of AWS ends with is told as what it is", () => {
  // Recorded in hashicorp/terraform-provider-aws issues 1496, 15183 and 24197 and pull request 35745,
  // aws/amazon-cloudwatch-agent-test pull request 256, aws-samples/serverless-patterns issue 970, and of 5.46.0.
  it.each([
    [
      "a quota",
      older(MAKING, "VcpuLimitExceeded", VCPU),
      "aws.quota",
      `VcpuLimitExceeded: ${VCPU.slice(0, -1)}`,
      "Service Quotas",
    ],
    [
      "a quota, newer",
      newer(MAKING, "EC2: RunInstances", "VcpuLimitExceeded", VCPU),
      "aws.quota",
      /^VcpuLimit/,
      "Quotas",
    ],
    [
      "a quota of something else",
      older("creating EC2 EIP", "AddressLimitExceeded", "The maximum number of addresses has been reached."),
      "aws.quota",
      "AddressLimitExceeded: The maximum number of addresses has been reached",
      "the service that is named",
    ],
    [
      "no capacity",
      older(
        MAKING,
        "InsufficientInstanceCapacity",
        "We currently do not have sufficient m4.4xlarge capacity in the Availability Zone you requested (ap-northeast-1d).",
      ),
      "aws.capacity",
      /^InsufficientInstanceCapacity: We currently do not have sufficient m4\.4xlarge capacity/,
      "another type or zone",
    ],
    [
      "a reservation that is full",
      older(
        "starting EC2 Instance (i-0450ce43a71037a5b)",
        "ReservationCapacityExceeded",
        "The requested reservation does not have sufficient compatible and available capacity for this request.",
      ),
      "aws.capacity",
      /^ReservationCapacityExceeded/,
      "capacity reservation",
    ],
    [
      "an expired token",
      newer(LOOKING, "STS: GetCallerIdentity", "ExpiredToken", "The security token included in the request is expired"),
      "aws.expired",
      "ExpiredToken: The security token included in the request is expired",
      "aws sso login",
    ],
    [
      "unknown credentials",
      newer(
        LOOKING,
        "STS: GetCallerIdentity",
        "InvalidClientTokenId",
        "The security token included in the request is invalid.",
      ),
      "aws.credentials",
      "InvalidClientTokenId: The security token included in the request is invalid",
      "AWS_PROFILE",
    ],
    ["missing credentials", "No valid credential sources found", "aws.credentials", /^No valid/, "aws configure"],
    [
      "a missing permission",
      newer(
        "creating IAM Role (demo-us-east-1-master)",
        "IAM: CreateRole",
        "AccessDenied",
        "User: arn:aws:iam::123456789012:user/x is not authorized to perform: iam:CreateRole",
      ),
      "aws.permission",
      /^AccessDenied: User: .* iam:CreateRole$/,
      "instanceProfile",
    ],
  ] as const)("%s", (_, summary, code, cause, remedy) => {
    const { details } = terraformFailure("apply", [{ severity: "error", summary, detail: "" }], "");
    expect(details).toMatchObject({
      code,
      cause: typeof cause === "string" ? cause : (expect.stringMatching(cause) as unknown),
      remedy: expect.stringContaining(remedy) as unknown,
    });
  });
});
