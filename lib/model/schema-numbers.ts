/**
 * What writers of the documents need to know of them. It stands apart from their schemas, because loading zod takes
 * longer than synthesizing a stack.
 */

/** The schema of `cluster.json`. */
export const CLUSTER_SPEC_SCHEMA = 1;

/** The name of the spec's file, beside `cdk.tf.json`. */
export const SPEC_FILE = "cluster.json";

/** The schema of the manifest. */
export const MANIFEST_SCHEMA = 1;

/** The name of the Terraform output that holds the manifest. */
export const MANIFEST_OUTPUT = "cluster";
