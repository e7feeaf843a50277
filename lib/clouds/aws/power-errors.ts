import { PowerError, type PowerFailure } from "../power";

interface Known {
  /** Names of errors as AWS writes them. */
  readonly names: RegExp;
  readonly failure: PowerFailure;
  readonly reason: (said: string) => string;
  readonly remedy: string;
}

/** Documented in "Error codes for the Amazon EC2 API"; the SDK's own names for what never reached AWS. */
const KNOWN: readonly Known[] = [
  {
    names:
      /^(InsufficientInstanceCapacity|InsufficientHostCapacity|InsufficientReservedInstanceCapacity|InsufficientCapacity|ReservationCapacityExceeded|SpotMaxPriceTooLow)$/,
    failure: "capacity",
    reason: (said) => `AWS has no such machine to give in this zone right now (${said})`,
    remedy: "try again later, or choose another type or zone; a capacity reservation keeps machines for you",
  },
  {
    names:
      /^(InstanceLimitExceeded|VcpuLimitExceeded|MaxSpotInstanceCountExceeded|VolumeLimitExceeded|AddressLimitExceeded|PendingVerification)$/,
    failure: "quota",
    reason: (said) => `the account may not have more of these machines (${said})`,
    remedy: "ask for a higher quota in the AWS console: Service Quotas, Amazon EC2, Running On-Demand instances",
  },
  {
    names: /^(ExpiredToken|ExpiredTokenException|RequestExpired|TokenRefreshRequired)$/,
    failure: "expired",
    reason: () => "the credentials for AWS have expired",
    remedy: "log in again, e.g. aws sso login",
  },
  {
    names: /^(CredentialsProviderError|NoAuthHandlerFound)$/,
    failure: "credentials",
    reason: () => "there are no credentials for AWS",
    remedy: "set AWS_PROFILE, or run aws configure or aws sso login",
  },
  {
    names: /^(AuthFailure|InvalidClientTokenId|SignatureDoesNotMatch|UnrecognizedClientException|IncompleteSignature)$/,
    failure: "credentials",
    reason: () => "AWS does not know these credentials",
    remedy: "check AWS_PROFILE or AWS_ACCESS_KEY_ID, and that they belong to this part of AWS",
  },
  {
    names: /^(UnauthorizedOperation|AccessDenied|AccessDeniedException|OptInRequired|Blocked)$/,
    failure: "permission",
    reason: (said) => `the credentials may not do that (${said})`,
    remedy: "use a role that may, or have it added to yours",
  },
  {
    names: /^(RequestLimitExceeded|Throttling|ThrottlingException|RequestThrottled)$/,
    failure: "throttled",
    reason: () => "AWS gets too many requests of this account",
    remedy: "run the same command again in a minute",
  },
];

/** Whatever the SDK threw, told as what it is. */
export function powerError(error: unknown, hosts: readonly string[]): PowerError {
  if (error instanceof PowerError) return error;
  const { name, message } = error instanceof Error ? error : { name: "", message: String(error) };
  const said = message === "" ? name : message;
  // A login of SSO whose time is over is a provider's error, too, with only its message to tell.
  const expired = name === "CredentialsProviderError" && /expired|sso session/i.test(message);
  const known = KNOWN.find(({ names, failure }) => (expired ? failure === "expired" : names.test(name)));
  if (known === undefined) return new PowerError("failed", hosts, said, `AWS calls it ${name}`, { cause: error });
  return new PowerError(known.failure, known.failure === "capacity" ? hosts : [], known.reason(said), known.remedy, {
    cause: error,
  });
}
