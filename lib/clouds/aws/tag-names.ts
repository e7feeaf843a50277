/** Tags by which `ohpc` finds what belongs to a cluster. */
export const CLUSTER_TAG = "ohpc:cluster";
export const ROLE_TAG = "ohpc:role";
export const GROUP_TAG = "ohpc:group";
/** Machines read it from their metadata and are called so. */
export const HOST_TAG = "ohpc:host";
