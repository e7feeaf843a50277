import { printableLines } from "../feedback/printable";

/** What stands where something was taken out. */
const SECRET = "[secret]";
const JOB_NAME = "[job name]";

/**
 * What looks like a secret: its pattern, and what is left of it. A machine may tell megabytes without a space: what begins
 * with a word of any length begins where the word does, or it would be looked at from each of its letters.
 */
const SECRETS: readonly (readonly [pattern: RegExp, left: string])[] = [
  [/-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY-----[\s\S]*?(-----END [A-Z0-9 ]{0,40}PRIVATE KEY-----|$)/g, SECRET],
  // https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-unique-ids
  [/\b(AKIA|ASIA)[A-Z0-9]{16}\b/g, SECRET],
  // https://learn.microsoft.com/rest/api/storageservices/create-service-sas
  [/([?&]sig=)[^&\s"']+/gi, `$1${SECRET}`],
  [/\b(authorization["']?\s{0,9}[:=]\s{0,9}["']?)(bearer|basic)\s{1,9}[^\s"',]+/gi, `$1${SECRET}`],
  // JSON web tokens.
  [/(?<![\w-])eyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*/g, SECRET],
  [/(:\/\/[^\s:/@]+:)[^\s/@]+(@)/gi, `$1${SECRET}$2`],
  // Tokens of GitHub, GitLab, Hugging Face and Slack.
  [/\b(?:gh[pousr]_|github_pat_|glpat-|hf_|xox[abprs]-)[\w-]{16,}/g, SECRET],
  // crypt(5)
  [/\$(?:y|gy|7|2[abxy]|1|5|6)\$[./\w$,=]{16,}/g, SECRET],
  [/\b(identified by\s{1,9}(?:password\s{1,9})?)("[^"]*"|'[^']*')/gi, `$1${SECRET}`],
  [
    /(?<![\w-])(--[\w-]*(?:pass|password|passwd|passphrase|secret|api-?key|token)\s{1,9})("[^"]*"|'[^']*'|\S+)/gi,
    `$1${SECRET}`,
  ],
  [
    /(?<![\w-])([\w-]*(?:pass|password|passwd|passphrase|secret|api[_-]?key|access[_-]?key|account[_-]?key|private[_-]?key|token)["']?\s{0,99}[:=]\s{0,99})("[^"]*"|'[^']*'|[^\s,;&"'}]+)/gi,
    `$1${SECRET}`,
  ],
];

/** Fields of Slurm's own words that hold what users typed, to the end of the field. */
const USERS_OWN =
  /\b(JobName|Command|WorkDir|StdErr|StdIn|StdOut|Comment|AdminComment|SystemComment|SubmitLine|BatchScript)=.*?(?=\s\w+=|$)/gm;

/** Of one line: JSON of a whole plan is one. */
const LONGEST_LINE = 100_000;

/**
 * Takes secrets and the names of jobs out of a text that leaves the house. What is known is taken out wherever it stands;
 * what merely looks like a secret, too: the reader loses little by one too many. What a terminal would act on is shown as
 * an escape. Pure.
 */
export function redact(text: string, jobNames: readonly string[]): string {
  const withoutSecrets = SECRETS.reduce((rest, [pattern, left]) => rest.replace(pattern, left), text);
  const told = withoutNames(withoutSecrets.replace(USERS_OWN, `$1=${JOB_NAME}`), jobNames);
  return printableLines(told, LONGEST_LINE).join("\n");
}

/** Names as short as these are words of any log. */
const SHORTEST_NAME = 4;
/** Names that are words of Slurm's own, or of ours. */
const COMMON = new Set(["bash", "batch", "hostname", "interactive", "sbatch", "slurm", "srun", "wrap", "ohpc-up"]);

function withoutNames(text: string, jobNames: readonly string[]): string {
  const names = [...new Set(jobNames)].filter((name) => name.length >= SHORTEST_NAME && !COMMON.has(name));
  // Looked for one by one only where it is: a long queue has thousands, of which a log holds few.
  const here = names.filter((name) => text.includes(name)).sort((a, b) => b.length - a.length);
  return here.reduce((rest, name) => rest.replaceAll(name, JOB_NAME), text);
}
