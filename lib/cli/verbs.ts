/* eslint-disable @typescript-eslint/no-require-imports -- each verb loads its own code only: `ohpc --help` stays fast,
   and a dynamic import() would leave CommonJS */
import type { Command } from "commander";

export interface Verb {
  readonly name: string;
  /** What follows it, as the list of verbs shows it. */
  readonly synopsis: string;
  /** One line. */
  readonly summary: string;
  /** The module that defines options, help and action. */
  load(): { define(command: Command): void };
}

/** In the order in which people need them. */
export const VERBS: readonly Verb[] = [
  {
    name: "up",
    synopsis: "STACK",
    summary: "make the stack a working cluster: deploy, configure, wait for every node",
    load: () => require("./up") as typeof import("./up"),
  },
  {
    name: "configure",
    synopsis: "STACK",
    summary: "configure a stack that was deployed (after a plain cdktf deploy)",
    load: () => require("./configure") as typeof import("./configure"),
  },
  {
    name: "status",
    synopsis: "STACK",
    summary: "show every node: its state, the reason, and how far its own unit came",
    load: () => require("./status") as typeof import("./status"),
  },
  {
    name: "ssh",
    synopsis: "STACK [NODE] [-- COMMAND...]",
    summary: "log in to the master, or to a node through it",
    load: () => require("./ssh") as typeof import("./ssh"),
  },
  {
    name: "smoke",
    synopsis: "STACK hello|hpl",
    summary: "prove that the cluster works, by an ordinary user's Slurm job",
    load: () => require("./smoke") as typeof import("./smoke"),
  },
  {
    name: "inventory",
    synopsis: "STACK",
    summary: "print the cluster as an Ansible inventory",
    load: () => require("./inventory") as typeof import("./inventory"),
  },
  {
    name: "known-hosts",
    synopsis: "STACK",
    summary: "print the pinned host keys, or write them to a file to commit",
    load: () => require("./known-hosts") as typeof import("./known-hosts"),
  },
  {
    name: "list",
    synopsis: "",
    summary: "list the stacks of the app, and what is deployed of them",
    load: () => require("./list") as typeof import("./list"),
  },
  {
    name: "image",
    synopsis: "build|list",
    summary: "build or list the node image of local clusters",
    load: () => require("./image") as typeof import("./image"),
  },
  {
    name: "destroy",
    synopsis: "STACK",
    summary: "remove the cluster with all its data",
    load: () => require("./destroy") as typeof import("./destroy"),
  },
];
