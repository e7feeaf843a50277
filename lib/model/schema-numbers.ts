/**
 * What writers of the documents need to know of them. It stands apart from their schemas, because loading zod takes
 * longer than synthesizing a stack.
 */

/** The schema of `cluster.json`. */
export const CLUSTER_SPEC_SCHEMA = 1;

/** The name of the spec's file, beside `cdk.tf.json`. */
export const SPEC_FILE = "cluster.json";

/** Beside it: the files that the app read for the spec, by their paths below the project, with the SHA-256 of each as hex. */
export const SOURCES_FILE = "cluster.sources.json";

/** The schema of the manifest. */
export const MANIFEST_SCHEMA = 1;

/** The name of the Terraform output that holds the manifest. */
export const MANIFEST_OUTPUT = "cluster";
