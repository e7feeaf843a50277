import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type ClusterSpec, readClusterSpec } from "../../model/cluster-spec";
import { DocumentError } from "../../model/document-error";
import { SPEC_FILE } from "../../model/schema-numbers";
import { Failure } from "../feedback/failure";
import type { SynthesizedStack } from "./synthesis";

/**
 * What the stack wants of its cluster.
 *
 * @throws Failure if there is no cluster in it
 * @throws DocumentError if its file is damaged
 */
export function specOf(stack: SynthesizedStack): ClusterSpec {
  const file = join(stack.directory, SPEC_FILE);
  if (!existsSync(file)) {
    throw new Failure("usage", `there is no cluster in the stack ${stack.name}`, {
      code: "stack.no-cluster",
      remedy: "name a stack with an OpenHpcMaster in it",
    });
  }
  return readClusterSpec(parse(readFileSync(file, "utf8")));
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new DocumentError(`${SPEC_FILE} is damaged (${(error as SyntaxError).message}). Synthesize it again.`);
  }
}
