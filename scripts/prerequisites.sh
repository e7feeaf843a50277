# shellcheck shell=bash
# Installs what a fresh Debian or Ubuntu machine lacks, and says so. Sourced by ./quickstart and ./check.

say() { printf '\033[1m==>\033[0m %s\n' "$*"; }
give_up() {
  printf 'error: %s\n' "$1" >&2
  [ $# -lt 2 ] || printf '  to mend it: %s\n' "$2" >&2
  exit 1
}

as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi
}

# need_packages PACKAGE... : installs the ones that are not there.
need_packages() {
  local missing=() package
  for package in "$@"; do
    [ "$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || missing+=("$package")
  done
  [ ${#missing[@]} -gt 0 ] || return 0
  command -v apt-get >/dev/null || give_up "these packages are missing: ${missing[*]}" "install them with your system's package manager"
  if [ "$(id -u)" != 0 ] && ! command -v sudo >/dev/null; then
    give_up "these packages are missing: ${missing[*]}" "install them as root: apt-get install ${missing[*]}"
  fi
  say "installing ${missing[*]}"
  as_root env DEBIAN_FRONTEND=noninteractive apt-get update -qq
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
}

need_node() {
  command -v node >/dev/null || give_up "Node.js is not installed" "install Node.js 20.19 or newer: https://nodejs.org/en/download"
  node -e 'const [a, b] = process.versions.node.split(".").map(Number); process.exit(a > 20 || (a === 20 && b >= 19) ? 0 : 1)' ||
    give_up "Node.js $(node --version) is too old" "install Node.js 20.19 or newer: https://nodejs.org/en/download"
}

need_terraform() {
  command -v "${TERRAFORM_BINARY_NAME:-terraform}" >/dev/null || command -v tofu >/dev/null ||
    give_up "neither terraform nor tofu is installed" "install Terraform 1.9 or newer (https://developer.hashicorp.com/terraform/install) or OpenTofu 1.8 or newer (https://opentofu.org/docs/intro/install)"
}

# An engine that is there is used; else podman is installed.
need_engine() {
  if command -v docker >/dev/null && docker info >/dev/null 2>&1 && ! command -v podman >/dev/null; then
    need_packages openssh-client iproute2 debootstrap python3 python3-venv
  else
    need_packages podman runc netavark aardvark-dns iptables iproute2 debootstrap openssh-client python3 python3-venv
  fi
}

need_node_modules() {
  if [ ! -e node_modules/.package-lock.json ] || [ package-lock.json -nt node_modules/.package-lock.json ] || [ ! -e dist/cli/main.js ]; then
    say "installing what package.json names (npm ci)"
    npm ci --no-audit --no-fund --loglevel=error
  fi
}
