const { OHPC_GPU_IMAGE: GPU_IMAGE } = process.env;

/**
 * Who operates clusters in the clouds: put your own key and network here, or into the environment.
 * As it stands nobody gets in: the key has no other half any more, and the network is one that only examples have.
 */
export const operator = {
  sshPublicKey:
    process.env["OHPC_SSH_PUBLIC_KEY"] ??
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIDcoZYu1y+cBrkaXEcQ6/mFhispMwt96r9TMucwaJFyG example",
  from: [{ cidr: process.env["OHPC_SSH_FROM"] ?? "192.0.2.0/24", reason: "the operator's network" }],
};

/** GPU nodes of the demos in the clouds: none, until you name an image of your own with NVIDIA's driver and the cluster's software. */
export const gpus = GPU_IMAGE === undefined ? "none" : { image: GPU_IMAGE };
