import { terraformFailure } from "../../../lib/operate/terraform/failure";

/** As azurerm words what it was told while it made a machine: the rest of an error whose first lines name that machine. */
const making = (rest: string) =>
  `creating Linux Virtual Machine (Subscription: "00000000-0000-0000-0000-000000000000"\nResource Group Name: "ohpc-demo"\nVirtual Machine Name: "ohpc-demo-cpu-1"): ${rest}`;
const refused = (rest: string) =>
  making(`performing CreateOrUpdate: unexpected status 409 (409 Conflict) with error: ${rest}`);
const later = (status: string, message: string) =>
  making(
    `polling after CreateOrUpdate: polling failed: the Azure API returned the following error:\n\nStatus: "${status}"\nCode: ""\nMessage: "${message}"\nActivity Id: ""`,
  );

describe("what a vendor's provider ends with is told as what it is", () => {
  // Recorded in hashicorp/terraform-provider-azurerm pull request 28549, jenkins-infra/azure pull request 1416,
  // cloud-barista/cb-spider issue 1558 and the source of azurerm 4.55.0.
  it.each([
    [
      "a size that is not to be had",
      refused(
        "SkuNotAvailable: The requested VM size for resource 'Following SKUs have failed for Capacity Restrictions: Standard_F2' is currently not available in location 'westeurope'. Please try another size or deploy to a different location or different zone.",
      ),
      {
        code: "azure.capacity",
        cause: expect.stringMatching(/^SkuNotAvailable: The requested VM size .*different zone$/) as unknown,
        remedy: expect.stringContaining("az vm list-skus") as unknown,
      },
    ],
    [
      "no room, told later",
      later(
        "OverconstrainedZonalAllocationRequest",
        "Allocation failed. VM(s) with the following constraints cannot be allocated, because the condition is too restrictive.",
      ),
      {
        code: "azure.capacity",
        cause: expect.stringMatching(/^Allocation failed\. VM\(s\) with .* too restrictive$/) as unknown,
        remedy: expect.stringContaining("another size or zone, or no placement group") as unknown,
      },
    ],
    [
      "no room, told at once",
      refused(
        "ZonalAllocationFailed: Allocation failed. We do not have sufficient capacity for the requested VM size.",
      ),
      { code: "azure.capacity", cause: expect.stringMatching(/^Allocation failed\. We do not have/) as unknown },
    ],
    [
      "a quota",
      refused(
        "OperationNotAllowed: Operation could not be completed as it results in exceeding approved Total Regional Cores quota. Additional details - Location: KoreaSouth, Current Limit: 50, Current Usage: 50, Additional Required: 2",
      ),
      {
        code: "azure.quota",
        cause: expect.stringContaining("exceeding approved Total Regional Cores quota") as unknown,
        remedy: expect.stringContaining("Quotas, Compute") as unknown,
      },
    ],
    [
      "terms that nobody accepted",
      refused("MarketplacePurchaseEligibilityFailed: Marketplace purchase eligibility check returned errors."),
      { code: "azure.terms", remedy: expect.stringContaining("acceptTerms") as unknown },
    ],
    [
      "rights that are missing",
      "performing Put: unexpected status 403 (403 Forbidden) with error: AuthorizationFailed: The client 'x' does not have authorization to perform action 'Microsoft.Authorization/locks/write'",
      { code: "azure.permission", remedy: expect.stringContaining("protect: false") as unknown },
    ],
    [
      "no subscription",
      "`subscription_id` is a required provider property when performing a plan/apply operation",
      { code: "azure.subscription-missing", remedy: expect.stringContaining("ARM_SUBSCRIPTION_ID") as unknown },
    ],
  ])("%s", (_, summary, details) => {
    expect(terraformFailure("apply", [{ severity: "error", summary, detail: "" }], "").details).toMatchObject(details);
  });

  it("but an operation that is not allowed for another reason is none of a quota", () => {
    const summary = refused("OperationNotAllowed: The VM is being deleted.");
    expect(terraformFailure("apply", [{ severity: "error", summary, detail: "" }], "").details.code).toBe(
      "terraform.failed",
    );
  });
});
