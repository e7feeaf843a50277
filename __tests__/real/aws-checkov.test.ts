import { awsDemo } from "../../stacks/aws-demo";
import { awsExistingNetwork } from "../../stacks/aws-existing-network";
import { awsGpu } from "../../stacks/aws-gpu";
import { describeCheckov, type Skipped } from "../support/checkov";

const STACKS = { "aws-demo": awsDemo, "aws-gpu": awsGpu, "aws-existing-network": awsExistingNetwork };

/** What checkov would have otherwise, where, and why it is as it is. What is found beyond that fails; what is not found, too. */
const SKIPPED: Readonly<Record<string, Skipped>> = {
  CKV_AWS_189: {
    of: /^aws_ebs_volume\./,
    because: "encrypted with the account's own key for EBS; a key of the user's is a choice",
  },
  CKV_AWS_184: {
    of: /^aws_efs_file_system\./,
    because: "encrypted with the account's own key for EFS; a key of the user's is a choice",
  },
  CKV_AWS_135: { of: /^aws_instance\./, because: "all types of the catalogue are so by themselves" },
  CKV_AWS_126: { of: /^aws_instance\./, because: "figures by the minute cost money for each machine" },
  CKV_AWS_24: {
    of: /^aws_vpc_security_group_ingress_rule\.master_network-firewall_master-to-compute-ssh_/,
    because: "lets the master's group in and no subnet; that there is none is taken for everybody",
  },
  CKV2_AWS_11: { of: /^aws_vpc\./, because: "flow logs cost by traffic, and where they go is the account's matter" },
  CKV2_AWS_19: {
    of: /^aws_eip\.master_machine-address_/,
    because: "attached to the master's network interface, which is not looked at",
  },
  CKV2_AWS_41: {
    of: /^aws_instance\./,
    because: "machines have no identity that nothing uses: there is nothing in them to steal",
  },
};

describeCheckov("AWS", STACKS, SKIPPED, 100);
