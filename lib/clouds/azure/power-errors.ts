import { PowerError, type PowerFailure } from "../power";

interface Known {
  /** Codes of errors as Azure writes them, and names that the SDK gives to what never reached Azure. */
  readonly codes: RegExp;
  /** Where one code means several things: what the message must say. */
  readonly said?: RegExp;
  readonly failure: PowerFailure;
  readonly reason: (said: string) => string;
  readonly remedy: string;
}

/** https://learn.microsoft.com/azure/azure-resource-manager/troubleshooting/common-deployment-errors and https://learn.microsoft.com/troubleshoot/azure/virtual-machines/windows/error-messages, November 2026. */
const KNOWN: readonly Known[] = [
  {
    codes: /^SkuNotAvailable$/,
    failure: "capacity",
    reason: (said) => `Azure sells no such machine to this subscription in this region or zone right now (${said})`,
    remedy:
      "choose another size, region or zone; az vm list-skus --location REGION --size SIZE shows what is restricted",
  },
  {
    codes:
      /^(AllocationFailed|ZonalAllocationFailed|OverconstrainedAllocationRequest|OverconstrainedZonalAllocationRequest|FabricInternalError|SpotEvicted|CapacityReservationFull)$/,
    failure: "capacity",
    reason: (said) => `Azure has no such machine to give right now (${said})`,
    remedy:
      "try again later, or choose another size or zone, or no placement group; a capacity reservation keeps machines for you",
  },
  {
    codes: /^(QuotaExceeded|OperationNotAllowed|ResourceQuotaExceeded|PublicIPCountLimitReached)$/,
    said: /quota|limit/i,
    failure: "quota",
    reason: (said) => `the subscription may not have more of these machines (${said})`,
    remedy: "ask for a higher quota in the Azure portal: Quotas, Compute, the family that is named",
  },
  {
    codes: /^(ExpiredAuthenticationToken|ExpiredToken)$/,
    failure: "expired",
    reason: () => "the credentials for Azure have expired",
    remedy: "log in again: az login",
  },
  {
    codes: /^(CredentialUnavailableError|ChainedTokenCredentialAuthenticationError|AggregateAuthenticationError)$/,
    failure: "credentials",
    reason: () => "there are no credentials for Azure",
    remedy: "run az login, or set AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET",
  },
  {
    codes:
      /^(AuthenticationError|AuthenticationRequiredError|InvalidAuthenticationToken|InvalidAuthenticationTokenTenant|AuthenticationFailed)$/,
    failure: "credentials",
    reason: (said) => `Azure does not accept these credentials (${said})`,
    remedy: "check that az account show names the right tenant, or the variables AZURE_…",
  },
  {
    codes: /^(SubscriptionNotFound|InvalidSubscriptionId|DisallowedProvider|SubscriptionNotRegistered)$/,
    failure: "credentials",
    reason: (said) => `there is no such subscription for these credentials (${said})`,
    remedy: "check subscriptionId, or ARM_SUBSCRIPTION_ID: az account list shows those that you may use",
  },
  {
    codes: /^(AuthorizationFailed|LinkedAuthorizationFailed|RequestDisallowedByPolicy)$/,
    failure: "permission",
    reason: (said) => `the credentials may not do that (${said})`,
    remedy: "use a role that may, or have it added to yours",
  },
  {
    codes: /^(ScopeLocked)$/,
    failure: "permission",
    reason: (said) => `a management lock keeps it from being deleted (${said})`,
    remedy: "remove the lock: protect: false in the stack, and apply",
  },
  {
    codes:
      /^(TooManyRequests|OperationNotAllowedThrottled|SubscriptionRequestsThrottled|ResourceRequestsThrottled|429)$/,
    failure: "throttled",
    reason: () => "Azure gets too many requests of this subscription",
    remedy: "run the same command again in a few minutes",
  },
  {
    codes: /^(MarketplacePurchaseEligibilityFailed|ResourcePurchaseValidationFailed|VMMarketplaceInvalidInput)$/,
    failure: "permission",
    reason: (said) => `the terms of the image are not accepted (${said})`,
    remedy: 'read and accept them: acceptTerms: ["PUBLISHER:OFFER:SKU"] in the stack',
  },
  {
    codes: /^(Conflict|OperationPreempted|AttachDiskWhileBeingDetached|AnotherOperationInProgress|RetryableError)$/,
    failure: "failed",
    reason: (said) => `Azure is still doing something else with it (${said})`,
    remedy: "run the same command again in a minute",
  },
];

/** Whatever the SDK threw, told as what it is. */
export function powerError(error: unknown, hosts: readonly string[]): PowerError {
  if (error instanceof PowerError) return error;
  const { code, said } = partsOf(error);
  const known = KNOWN.find(({ codes, said: wanted }) => codes.test(code) && (wanted?.test(said) ?? true));
  if (known === undefined) return new PowerError("failed", hosts, said, `Azure calls it ${code}`, { cause: error });
  const { failure } = known;
  const aboutMachines = failure === "capacity" || failure === "quota" || failure === "failed";
  return new PowerError(failure, aboutMachines ? hosts : [], known.reason(said), known.remedy, { cause: error });
}

/** A request is refused with a code of its own; an operation that failed later has it only in the text of the SDK's error. */
function partsOf(error: unknown): { readonly code: string; readonly said: string } {
  if (!(error instanceof Error)) return { code: "", said: String(error) };
  const [, later, text] = /^The long-running operation has failed\. (\w+)\. ([\s\S]*)$/.exec(error.message) ?? [];
  if (later !== undefined && text !== undefined) return { code: later, said: oneLine(text) };
  const { code, statusCode } = error as { readonly code?: unknown; readonly statusCode?: unknown };
  const named = typeof code === "string" && code !== "" ? code : error.name;
  return { code: statusCode === 429 ? "429" : named, said: oneLine(messageOf(error)) };
}

/** The SDK's message may be the whole body of the answer. */
function messageOf({ message }: Error): string {
  try {
    const body = JSON.parse(message) as { readonly error?: { readonly message?: string }; readonly message?: string };
    return body.error?.message ?? body.message ?? message;
  } catch {
    return message;
  }
}

function oneLine(text: string): string {
  return text.split(/\s*\n\s*/)[0] ?? "";
}
