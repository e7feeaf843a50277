import { describeProblem, type Problem } from "../../lib/model/problems";

/** What a user reads of problems. */
export const told = (problems: readonly Problem[]) => problems.map(describeProblem);
