/** The part of the environment that decides where private things lie. */
export interface DirectoryEnvironment {
  readonly HOME?: string | undefined;
  readonly XDG_STATE_HOME?: string | undefined;
  readonly XDG_CACHE_HOME?: string | undefined;
}

/**
 * Where the operator's keys and locks of one cluster lie: `$XDG_STATE_HOME/ohpc/<cluster>`, by default below `~/.local/state`.
 * Found out at run time on the operator's machine, never written into synthesized text.
 *
 * @throws Error if there is neither `HOME` nor an absolute `XDG_STATE_HOME`
 */
export function privateDirectory(cluster: string, env: DirectoryEnvironment = process.env): string {
  return `${base("XDG_STATE_HOME", ".local/state", env)}/ohpc/${cluster}`;
}

/** What can be made again at any time: `$XDG_CACHE_HOME/ohpc`, by default below `~/.cache`. */
export function cacheDirectory(env: DirectoryEnvironment = process.env): string {
  return `${base("XDG_CACHE_HOME", ".cache", env)}/ohpc`;
}

/**
 * The directory of all clusters as a word for POSIX shell, by the same rule; use it inside double quotes:
 * `"${PRIVATE_DIRECTORY_SHELL}/demo"`.
 */
export const PRIVATE_DIRECTORY_SHELL =
  '$(case "${XDG_STATE_HOME-}" in (/*) printf %s "$XDG_STATE_HOME" ;; (*) printf %s "${HOME:?}/.local/state" ;; esac)/ohpc';

/** The XDG specification tells us to ignore a relative path; it would mean another place in every working directory. */
function base(variable: "XDG_STATE_HOME" | "XDG_CACHE_HOME", below: string, env: DirectoryEnvironment): string {
  const chosen = env[variable];
  if (chosen?.startsWith("/") === true) return chosen;
  if (env.HOME === undefined || env.HOME === "")
    throw new Error(`neither HOME nor ${variable} says where private files may lie`);
  return `${env.HOME}/${below}`;
}
