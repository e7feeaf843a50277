import { taskIn } from "../../../software/ansible-output";
import { applyRolesProgram } from "../../../software/programs";
import { SOFTWARE_PATH, softwareArchive, softwareHash } from "../../../software/roles";
import { Duration } from "../../../units";
import type { Step } from "../step/step";

export type SoftwareState = {
  /** The hash of the roles that made the machine what it is; empty: none has. */
  readonly software: string;
};

/** Where the master has the roles, and the Ansible that it fetched, for itself and for the nodes' bundle. */
const ROLES_DIRECTORY = "/var/lib/ohpc/roles";

/**
 * What a machine of a cluster is: its packages, fixed accounts, units, limits. A stock machine becomes one by the roles of
 * `ansible/`, which it applies to itself; one from an image that was made by the same roles has nothing to do.
 */
export const software: Step<SoftwareState> = {
  id: "software",
  title: "the software",
  needs: [],
  desired: () => ({ software: softwareHash() }),
  // A stock machine has no jq.
  inspect: `printf '{"software":"%s"}\\n' "$(head -c 64 ${SOFTWARE_PATH} 2>/dev/null | tr -dc 0-9a-f)"\n`,
  get apply() {
    return String.raw`
umask 022
${unpackRoles(ROLES_DIRECTORY, `'${softwareHash()}'`)}
bash -c "$(cat <<'OHPC_APPLY_ROLES'
${applyRolesProgram()}
OHPC_APPLY_ROLES
)" apply-roles ${ROLES_DIRECTORY} '${softwareHash()}'
`;
  },
  effect: () => "live",
  progress: taskIn,
  remedies: [
    {
      when: /failed at "prepare : (Read|Install)/,
      remedy:
        "see that it reaches the mirror in /etc/apt/sources.list.d (NAT gateway, proxy, firewall), then run it again",
    },
    {
      when: /failed at "prepare : Fetch Ansible/,
      remedy: "see that it reaches the package index of its /etc/pip.conf, else PyPI, then run it again",
    },
    {
      when: /only machines of the Debian family/,
      remedy: 'use image: "debian-13", or an image that was made by the roles of ansible/',
    },
  ],
  timeout: Duration.minutes(60),
};

/** Shell text that puts the roles into a folder, unless it has them; `hash` and `folder` are words of bash. */
export function unpackRoles(folder: string, hash: string): string {
  return String.raw`
if [ "$(cat ${folder}/hash 2>/dev/null)" != ${hash} ]; then
  # An Ansible that was fetched stays.
  find ${folder} -mindepth 1 -maxdepth 1 ! -name 'ansible-*.tar.gz' -exec rm -rf {} + 2>/dev/null || true
  python3 -IS -c 'import base64, gzip, json, os, sys
for path, text in json.loads(gzip.decompress(base64.b64decode(sys.stdin.read()))).items():
    path = os.path.join(sys.argv[1], path)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf8") as file:
        file.write(text)' ${folder} <<'OHPC_ROLES'
${softwareArchive()}OHPC_ROLES
  printf '%s\n' ${hash} >${folder}/hash
fi
`;
}

/** Shell text that puts the Ansible that the master fetched, if it did, beside roles that nodes may be reading; `folder` is a word of bash. */
export function takeAnsible(folder: string, from = ROLES_DIRECTORY): string {
  return String.raw`
for pack in ${from}/ansible-*.tar.gz; do
  name=$(basename "$pack")
  if [ ! -e "$pack" ] || [ -e ${folder}/"$name" ]; then continue; fi
  cp "$pack" ${folder}/"$name.new"
  mv -fT ${folder}/"$name.new" ${folder}/"$name"
done
`;
}
