import { printableLines } from "../feedback/printable";

/** What stands where something was taken out. */
const SECRET = "[secret]";
const JOB_NAME = "[job name]";

/**
 * What looks like a secret: its pattern, and what is left of it. A log may hold anything, at any length: no pattern may
 * begin anew within what it has just looked through, and none takes more away than a secret is long.
 */
const SECRETS: readonly (readonly [pattern: RegExp, left: string])[] = [
  // One without an end, too; whoever writes a beginning into a log takes no more than a page of it away.
  [
    /-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY-----(?:[^]{0,16384}?-----END [A-Z0-9 ]{0,40}PRIVATE KEY-----|[^]{0,16384})/g,
    SECRET,
  ],
  // https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-unique-ids
  [/\b(AKIA|ASIA)[A-Z0-9]{16}\b/g, SECRET],
  // https://learn.microsoft.com/rest/api/storageservices/create-service-sas
  [/([?&]sig=)[^&\s"']+/gi, `$1${SECRET}`],
  [/\b(authorization["']?\s{0,9}[:=]\s{0,9}["']?)(bearer|basic)\s{1,9}[^\s"',]+/gi, `$1${SECRET}`],
  // JSON web tokens.
  [/(?<![\w-])eyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*/g, SECRET],
  [/(:\/\/[^\s:/@]{1,200}:)[^\s/@]{1,1000}(@)/g, `$1${SECRET}$2`],
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
  /\b(JobName|Command|WorkDir|StdErr|StdIn|StdOut|Comment|AdminComment|SystemComment|SubmitLine|BatchScript)=.*?(?=\s\w{1,40}=|$)/gm;

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

/** Of a longer name the beginning is looked for. */
const LONGEST_NAME = 100;

/** One look at each place, however many names there are: users may have given thousands. */
function withoutNames(text: string, jobNames: readonly string[]): string {
  const names = new Set(
    jobNames
      .filter((name) => name.length >= SHORTEST_NAME && !COMMON.has(name))
      .map((name) => name.slice(0, LONGEST_NAME)),
  );
  // How long those are that begin alike, the longest first.
  const lengths = new Map<string, number[]>();
  for (const name of [...names].sort((a, b) => b.length - a.length)) {
    const beginning = name.slice(0, SHORTEST_NAME);
    const known = lengths.get(beginning);
    if (known === undefined) lengths.set(beginning, [name.length]);
    else if (known.at(-1) !== name.length) known.push(name.length);
  }
  if (names.size === 0) return text;
  let told = "";
  let kept = 0;
  for (let k = 0; k <= text.length - SHORTEST_NAME; k++) {
    const length = lengths.get(text.slice(k, k + SHORTEST_NAME))?.find((one) => names.has(text.slice(k, k + one)));
    if (length === undefined) continue;
    told += text.slice(kept, k) + JOB_NAME;
    kept = k + length;
    k = kept - 1;
  }
  return told + text.slice(kept);
}
