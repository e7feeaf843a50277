import type { Verb, VerbModule } from "./verb";

/** In the order in which people need them. */
export const VERBS: readonly Verb[] = [
  {
    name: "up",
    synopsis: "STACK",
    summary: "deploy, configure, and wait for every node",
    load: () => require("./up") as VerbModule,
  },
  {
    name: "plan",
    synopsis: "STACK",
    summary: "what up would do, and whom it would hit",
    load: () => require("./plan") as VerbModule,
  },
  {
    name: "apply",
    synopsis: "FILE",
    summary: "carry out a plan that was kept",
    load: () => require("./apply") as VerbModule,
  },
  {
    name: "configure",
    synopsis: "STACK",
    summary: "configure what cdktf deploy has made",
    load: () => require("./configure") as VerbModule,
  },
  {
    name: "status",
    synopsis: "STACK",
    summary: "show every node, and why it is not ready",
    load: () => require("./status") as VerbModule,
  },
  {
    name: "ssh",
    synopsis: "STACK [NODE] [-- COMMAND...]",
    summary: "log in to the master or a node",
    load: () => require("./ssh") as VerbModule,
  },
  {
    name: "smoke",
    synopsis: "STACK hello|hpl",
    summary: "prove it by an ordinary user's job",
    load: () => require("./smoke") as VerbModule,
  },
  {
    name: "stop",
    synopsis: "STACK [HOSTS...]",
    summary: "stop nodes, or the whole cluster",
    load: () => require("./stop") as VerbModule,
  },
  {
    name: "resume",
    synopsis: "STACK [HOSTS...]",
    summary: "start what is stopped, the master first",
    load: () => require("./resume") as VerbModule,
  },
  {
    name: "drain",
    synopsis: "STACK HOSTS... --reason TEXT",
    summary: "set nodes apart; jobs there go on",
    load: () => require("./drain") as VerbModule,
  },
  {
    name: "undrain",
    synopsis: "STACK HOSTS...",
    summary: "give nodes back that are set apart",
    load: () => require("./undrain") as VerbModule,
  },
  {
    name: "replace",
    synopsis: "STACK HOSTS...",
    summary: "make machines anew, some at a time",
    load: () => require("./replace") as VerbModule,
  },
  {
    name: "users",
    synopsis: "list|add|remove|keys STACK",
    summary: "who has an account, and with which keys",
    load: () => require("./users") as VerbModule,
  },
  {
    name: "cost",
    synopsis: "STACK",
    summary: "what a stack costs, running and stopped",
    load: () => require("./cost") as VerbModule,
  },
  {
    name: "logs",
    synopsis: "STACK [HOSTS...]",
    summary: "one archive for whoever helps",
    load: () => require("./logs") as VerbModule,
  },
  {
    name: "inventory",
    synopsis: "STACK",
    summary: "print an Ansible inventory",
    load: () => require("./inventory") as VerbModule,
  },
  {
    name: "known-hosts",
    synopsis: "STACK",
    summary: "print the pinned host keys",
    load: () => require("./known-hosts") as VerbModule,
  },
  {
    name: "list",
    synopsis: "",
    summary: "list stacks, and what is deployed",
    load: () => require("./list") as VerbModule,
  },
  {
    name: "image",
    synopsis: "build|list|prune",
    summary: "the node image of local clusters",
    load: () => require("./image") as VerbModule,
  },
  {
    name: "completion",
    synopsis: "bash|zsh|fish",
    summary: "print what makes a shell complete ohpc",
    load: () => require("./completion") as VerbModule,
  },
  {
    name: "destroy",
    synopsis: "STACK",
    summary: "remove the cluster with all its data",
    load: () => require("./destroy") as VerbModule,
  },
];
