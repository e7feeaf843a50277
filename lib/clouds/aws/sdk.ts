import type * as Ec2 from "@aws-sdk/client-ec2";
import { lazy } from "../../package/lazy";

/** What speaks to AWS. A stack is synthesized without it. */
export const SDK = ["@aws-sdk/client-ec2"] as const;

export const ec2Sdk = lazy(() => require("@aws-sdk/client-ec2") as typeof Ec2, SDK);
