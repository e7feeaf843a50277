import type { ClusterSpec } from "../model/cluster-spec";
import type { Manifest } from "../model/manifest";
import { confFile, confLines } from "./conf-line";

/**
 * mpi.conf: how Slurm's PMIx plugin lets the ranks of a job step wait for one another.
 *
 * Left alone, it uses a tree for a fence without data, and in a step of fewer nodes than TreeWidth (16) there is no
 * tree: each node takes itself for the root and waits for nobody (reverse_tree_info, the same from 20.02.5 to 25.11.7).
 * The fence that ends MPI_Init is such a one. A rank that is ahead then sends to one that cannot receive yet, which
 * dies of a segmentation fault in mca_pml_ob1_recv_frag_callback_match. The ring waits for everybody (ADR 17).
 */
export function renderMpiConf(_spec: ClusterSpec, manifest: Manifest): string {
  return confFile(manifest.cluster, [confLines({ PMIxCollFence: "ring" })]);
}
