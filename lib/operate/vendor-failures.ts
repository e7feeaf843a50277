import type { KnownFailure } from "./terraform-failure";

/** What the vendors' own providers end with, as far as there is something to do about it. */
export const VENDOR_FAILURES: readonly KnownFailure[] = [
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
      "take a role that may: Owner, or Contributor with User Access Administrator; without those, identity and protect: false in the stack",
  },
];
