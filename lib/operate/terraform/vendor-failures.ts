import type { KnownFailure } from "./known-failures";

/** What the vendors' own providers end with, as far as there is something to do about it. */
export const VENDOR_FAILURES: readonly KnownFailure[] = [
  {
    when: /No valid credential sources found|no EC2 IMDS role found/,
    code: "aws.credentials",
    kind: "usage",
    remedy: "set AWS_PROFILE, or run aws configure or aws sso login",
  },
  {
    when: /(?<cause>\b(ExpiredToken(Exception)?|RequestExpired): .*|SSO session has expired or is invalid)/i,
    code: "aws.expired",
    kind: "usage",
    remedy: "log in again, e.g. aws sso login",
  },
  {
    when: /(?<cause>\b(AuthFailure|InvalidClientTokenId|SignatureDoesNotMatch|UnrecognizedClientException): .*)/,
    code: "aws.credentials",
    kind: "usage",
    remedy: "check AWS_PROFILE or AWS_ACCESS_KEY_ID, and that they belong to this part of AWS",
  },
  {
    when: /(?<cause>\b(Insufficient(Instance|Host|ReservedInstance|)Capacity|ReservationCapacityExceeded|SpotMaxPriceTooLow): .*)/,
    code: "aws.capacity",
    remedy: "try again later, or choose another type or zone; a capacity reservation keeps machines for you",
  },
  {
    when: /(?<cause>\b(VcpuLimitExceeded|InstanceLimitExceeded|MaxSpotInstanceCountExceeded): .*)/,
    code: "aws.quota",
    remedy:
      "ask for a higher quota in the AWS console: Service Quotas, Amazon EC2, Running On-Demand (or All Spot) instances of the family",
  },
  {
    when: /(?<cause>\b(\w+LimitExceeded|\w+QuotaExceeded\w*|PendingVerification): .*)/,
    code: "aws.quota",
    remedy: "ask for a higher quota in the AWS console: Service Quotas, the service that is named",
  },
  {
    when: /(?<cause>\b(UnauthorizedOperation|AccessDenied(Exception)?|OptInRequired): .*)/,
    code: "aws.permission",
    remedy:
      "take a role that may; where none can be made for the Session Manager, give AwsCloud an instanceProfile, and permissionsBoundary where every role needs one",
  },
  {
    when: /`subscription_id` is a required provider property|subscription ID could not be determined/,
    code: "azure.subscription-missing",
    kind: "usage",
    remedy:
      "say which one: set ARM_SUBSCRIPTION_ID, or give AzureCloud its subscriptionId; az account list shows those that you may use",
  },
  {
    when: /(?<cause>the provided subscription ID .* is not known by Azure CLI|no available subscription IDs .* Azure CLI)/,
    code: "azure.subscription-unknown",
    kind: "usage",
    remedy: "take one that az account list shows, or log in as somebody who has it: az login",
  },
  {
    when: /unable to build authorizer for Resource Manager API: (?<cause>.*)/,
    code: "azure.credentials",
    kind: "usage",
    remedy: "log in: az login; or set ARM_TENANT_ID, ARM_CLIENT_ID and ARM_CLIENT_SECRET",
  },
  {
    when: /with error: (?<cause>SkuNotAvailable: .*)/,
    code: "azure.capacity",
    remedy:
      "choose another size, region or zone; az vm list-skus --location REGION --size SIZE shows what is restricted",
  },
  {
    when: /(?<cause>\bAllocation failed\. [^"]*)/,
    code: "azure.capacity",
    remedy: "try again later, or choose another size or zone, or no placement group",
  },
  {
    when: /with error: (?<cause>(QuotaExceeded|OperationNotAllowed): .*\b(quota|limit)\b.*)/i,
    code: "azure.quota",
    remedy: "ask for a higher quota in the Azure portal: Quotas, Compute, the family that is named",
  },
  {
    when: /with error: (?<cause>(MarketplacePurchaseEligibilityFailed|ResourcePurchaseValidationFailed): .*)/,
    code: "azure.terms",
    remedy: 'read the terms of the image and accept them: acceptTerms: ["PUBLISHER:OFFER:SKU"] in the stack',
  },
  {
    when: /with error: (?<cause>(Linked)?AuthorizationFailed: .*)/,
    code: "azure.permission",
    remedy:
      "take a role that may; management locks take Owner, or Contributor with User Access Administrator: protect: false in the stack makes none",
  },
];
