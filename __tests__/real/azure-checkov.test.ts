import { azureDemo } from "../../stacks/azure-demo";
import { azureExistingNetwork } from "../../stacks/azure-existing-network";
import { azureGpu } from "../../stacks/azure-gpu";
import { describeCheckov, type Skipped } from "../support/checkov";

const STACKS = { "azure-demo": azureDemo, "azure-gpu": azureGpu, "azure-existing-network": azureExistingNetwork };

/** What checkov would have otherwise, where, and why it is as it is. What is found beyond that fails; what is not found, too. */
const SKIPPED: Readonly<Record<string, Skipped>> = {
  CKV_AZURE_93: {
    of: /^azurerm_managed_disk\./,
    because: "encrypted with the platform's keys; a disk encryption set of the user's is a choice",
  },
  CKV_AZURE_119: {
    of: /^azurerm_network_interface\.master_/,
    because: "the master is the way in, from named networks only; a Bastion or no public address is a choice",
  },
  CKV2_AZURE_31: {
    of: /^azurerm_subnet\.master_network_bastion-subnet_/,
    because: "a Bastion refuses a group that does not let everybody in on 443",
  },
  CKV_AZURE_59: {
    of: /^azurerm_storage_account\./,
    because: "reached by service endpoints, which count as public; the network rules deny all but our subnets",
  },
  CKV2_AZURE_33: {
    of: /^azurerm_storage_account\./,
    because: "service endpoints cost nothing and need no zone of DNS",
  },
  CKV_AZURE_36: { of: /^azurerm_storage_account\./, because: "no service of Azure has to read home directories" },
  CKV_AZURE_206: {
    of: /^azurerm_storage_account\./,
    because: "premium shares have no copies in other regions; three zones are a choice",
  },
  CKV2_AZURE_38: { of: /^azurerm_storage_account\./, because: "about blobs, of which there are none" },
  CKV2_AZURE_1: { of: /^azurerm_storage_account\./, because: "encrypted with the platform's keys" },
};

describeCheckov("Azure", STACKS, SKIPPED, 250);
