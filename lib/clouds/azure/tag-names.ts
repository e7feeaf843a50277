/** Tags by which `ohpc` finds what belongs to a cluster. */
export const CLUSTER_TAG = "ohpc:cluster";
export const ROLE_TAG = "ohpc:role";
export const GROUP_TAG = "ohpc:group";
export const HOST_TAG = "ohpc:host";
/** A virtual machine does not tell its addresses; its interface does, for which one has to ask once more. */
export const ADDRESS_TAG = "ohpc:address";
