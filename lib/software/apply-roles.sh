#!/bin/bash
# apply-roles FOLDER HASH [SLURM_AT_MOST]: makes this machine what the roles in FOLDER say, by an Ansible of its own.
#
# FOLDER has site.yml, roles/ and requirements.txt; and ansible-VERSIONS.tar.gz, if somebody has fetched Ansible already.
# Without, it is fetched from the package index, and packed into that file for those that come later.
# HASH is what /usr/share/ohpc/software says afterwards; a SLURM_AT_MOST refuses any newer Slurm.
# Prints Ansible's output. The last line of a failure tells where it failed, and why.
set -uo pipefail
folder=$1 hash=$2 slurm_at_most=${3-}
export LC_ALL=C.UTF-8 HOME=/root DEBIAN_FRONTEND=noninteractive PYTHONUNBUFFERED=1
venv=/usr/lib/ohpc/ansible
log=/var/log/ohpc-software.log
pack=$folder/ansible-$(sha256sum <"$folder/requirements.txt" | head -c 12).tar.gz

step() { printf 'TASK [%s]\n' "$1"; }

apt_get() { apt-get -o DPkg::Lock::Timeout=600 -o Acquire::Retries=3 --quiet --yes "$@"; }

# For the lists of packages apt itself does not wait until a machine's own updates are done.
update_lists() {
  local said tries
  for ((tries = 0; tries < 120; tries++)); do
    if said=$(apt_get -o APT::Update::Error-Mode=any update 2>&1); then return; fi
    if ! grep -q 'Could not get lock' <<<"$said"; then break; fi
    sleep 5
  done
  printf '%s\n' "$said"
  return 1
}

prepare() {
  step 'prepare : Wait until the first boot is done'
  # It ends with 2 where something of the user's own went wrong: no matter of ours.
  if command -v cloud-init >/dev/null; then timeout 600 cloud-init status --wait >/dev/null || true; fi
  command -v apt-get >/dev/null || { echo 'E: only machines of the Debian family can be converged: use an image that has the software' && return 1; }
  step 'prepare : Finish what was interrupted'
  dpkg --configure -a || return
  step 'prepare : Read the lists of packages'
  update_lists || return
  step 'prepare : Install what Ansible needs'
  # Its own interpreter of modules is the system's, for the sake of apt.
  apt_get install --no-install-recommends python3-apt || return
  if ! cmp -s "$folder/requirements.txt" "$venv/requirements.txt"; then
    rm -rf "$venv"
    if [ -e "$pack" ]; then unpack_ansible; else fetch_ansible; fi || return
    cp "$folder/requirements.txt" "$venv/"
  fi
}

site_packages() { "$venv/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))'; }

# Needs neither pip nor an index. The parts that are compiled for one architecture have stand-ins for others.
unpack_ansible() {
  step 'prepare : Unpack Ansible'
  python3 -m venv --without-pip "$venv" && tar -xzf "$pack" -C "$(site_packages)" --no-same-owner
}

fetch_ansible() {
  step 'prepare : Fetch Ansible'
  apt_get install --no-install-recommends python3-venv || return
  python3 -m venv "$venv.pip" && python3 -m venv --without-pip "$venv" || return
  local target
  target=$(site_packages)
  "$venv.pip/bin/pip" install --quiet --disable-pip-version-check --no-input --retries 5 --require-hashes --no-deps --only-binary :all: \
    --target "$target" --requirement "$folder/requirements.txt" 2>&1 | sed 's/^ERROR: /E: pip: /' || return
  rm -rf "$venv.pip"
  tar -czf "$pack.new" -C "$target" --exclude=__pycache__ --exclude=ansible_test . && mv -fT "$pack.new" "$pack"
}

play() {
  # shellcheck disable=SC2016 # JSON's quotes
  ANSIBLE_CONFIG=$folder/ansible.cfg "$venv/bin/python" -m ansible playbook --inventory localhost, --connection local \
    --extra-vars "$(printf '{"ansible_become": false, "software_hash": "%s", "slurm_at_most": "%s"}' "$hash" "$slurm_at_most")" \
    "$folder/site.yml"
}

{ prepare && play; } </dev/null 2>&1 | tee "$log"
if [ "${PIPESTATUS[0]}" = 0 ]; then exit 0; fi

task=$(grep -E '^(TASK|RUNNING HANDLER) \[' "$log" | tail -n 1 | sed -E 's/^[A-Z ]+\[(.*)\].*/\1/')
why=$(grep -E '^(\[ERROR\]|E): ' "$log" | tail -n 1 | sed -E 's/^(\[ERROR\]|E): (Task failed: )?(Module failed: )?//')
echo "failed at \"$task\": ${why:-see $log}"
exit 1
