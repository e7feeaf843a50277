# shellcheck shell=bash disable=SC2034,SC2154
# Which container engine this machine has, found out when a script runs and never before. Defines the function `engine`.
# Reads: cluster (empty: none), engine_choice (podman, docker or empty), OHPC_ENGINE.
# Sets: engine_name; directory, where the private things of the cluster lie.
# Order: the engine that the cluster was made with, OHPC_ENGINE, engine_choice, podman if it works, docker if it works.
# Exit codes: 69 no engine works, 77 no permission to use it, 75 it does not answer.

# Tools for networks lie where the search path of ordinary users does not lead.
PATH=$PATH:/usr/sbin:/sbin

engine_quit() { # CODE MESSAGE...
  printf '%s\n' "${@:2}" >&2
  exit "$1"
}

# Questions have an answer within seconds, also on a busy machine.
engine_seconds=${OHPC_ENGINE_SECONDS:-30}

# Puts into `within` what a command line begins with that may take $1 seconds: it ends then, or when this script is killed,
# with all that it started.
engine_within() {
  within=()
  ! type -P setpriv >/dev/null || within+=(setpriv --pdeathsig TERM)
  ! type -P timeout >/dev/null || within+=(timeout -k 5 "$1")
}

engine_silent() { # COMMAND
  engine_quit 75 "The container engine does not answer: \"$engine_name $1\" took more than $engine_seconds seconds and was ended." \
    "See what it waits for (\"$engine_name ps\" must answer; a process of it may hang), or restart this computer; then run the same command again."
}

# The command line of engine $1 with its global flags, as this host needs them.
engine_use() {
  engine_name=$1
  engine_line=("$1")
  engine_limits=()
  [ "$1" = podman ] || return 0
  # Without systemd nobody would make the cgroups that podman asks for.
  [ -d /run/systemd/system ] || engine_line+=(--cgroup-manager cgroupfs)
  # crun refuses hosts that have controllers in cgroup v1 and in v2; runc does not.
  if [ -s /sys/fs/cgroup/unified/cgroup.controllers ] && command -v runc >/dev/null 2>&1; then
    engine_line+=(--runtime runc)
  fi
  # podman raises limits unless told; a root without CAP_SYS_RESOURCE may not. podman itself lowers nproc to pid_max first.
  local files processes most
  files=$(ulimit -Hn)
  processes=$(ulimit -Hu)
  read -r most </proc/sys/kernel/pid_max || most=32768
  case $files in unlimited) files=1048576 ;; esac
  case $processes in unlimited) processes=$most ;; esac
  [ "$files" -lt 1048576 ] || files=1048576
  [ "$processes" -lt "$most" ] || processes=$most
  engine_limits=(--ulimit "nofile=$files:$files" --ulimit "nproc=$processes:$processes")
}

# 0: engine $1 works; 1: not installed; 2: no permission; 3: does not answer. Its own words stay in engine_answer.
engine_try() {
  command -v "$1" >/dev/null 2>&1 || return 1
  engine_use "$1"
  local code=0 question=(info)
  # What podman's info tells takes it a fifth of a second: it asks dpkg for versions. No container is called so: the answer is 1.
  [ "$1" != podman ] || question=(container exists ohpc)
  engine_within "$engine_seconds"
  engine_answer=$(LC_ALL=C ${within[@]+"${within[@]}"} "${engine_line[@]}" "${question[@]}" 2>&1 >/dev/null) || code=$?
  case $1:$code in
    *:0 | podman:1) return 0 ;;
    *:124 | *:137) engine_silent "${question[*]}" ;;
  esac
  case $engine_answer in
    *[Pp]ermission\ denied* | *[Oo]peration\ not\ permitted*) return 2 ;;
    *) return 3 ;;
  esac
}

# Ends the script, saying why engine $1 cannot be used ($2: what engine_try answered, $3: who asks for it).
engine_refuse() {
  local who=${3:+"$3 asks for $1: "}
  case $1:$2 in
    *:1) engine_quit 69 "${who}$1 is not installed." "Install it (apt-get install $1), or choose the other engine with OHPC_ENGINE." ;;
    podman:2) engine_quit 77 "${who}you have no permission to use podman: $engine_answer" \
      "Run this as root, or set up rootless podman (ranges for $(id -un) in /etc/subuid and /etc/subgid, and newuidmap)." ;;
    docker:2) engine_quit 77 "${who}you have no permission to use docker: $engine_answer" \
      "Join its group (sudo usermod -aG docker $(id -un)) and log in again, run this as root, or install podman." ;;
    docker:*) engine_quit 69 "${who}docker is installed, but its daemon does not answer: $engine_answer" \
      "Start it (sudo systemctl start docker), or install podman." ;;
    *) engine_quit 69 "${who}podman is installed, but does not work: $engine_answer" "\"podman info\" must succeed first." ;;
  esac
}

engine_find() {
  local recorded='' chosen='' who='' code podman_code docker_code
  if [ -n "${cluster-}" ]; then
    : "${XDG_STATE_HOME:=}"
    directory="@PRIVATE_DIRECTORY@/$cluster"
    if [ -r "$directory/engine" ]; then read -r recorded <"$directory/engine" || true; fi
  fi
  if [ -n "${OHPC_ENGINE-}" ]; then
    chosen=$OHPC_ENGINE who=OHPC_ENGINE
  elif [ -n "${engine_choice-}" ]; then
    chosen=$engine_choice who='the property "engine" of LocalCloud'
  fi
  case $recorded in
    podman | docker)
      if [ -n "$chosen" ] && [ "$chosen" != "$recorded" ]; then
        echo "$cluster was made with $recorded and stays there; $who ($chosen) holds when it is made the next time." >&2
      fi
      command -v "$recorded" >/dev/null 2>&1 || engine_refuse "$recorded" 1 "$directory/engine"
      engine_use "$recorded"
      return 0
      ;;
  esac
  case $chosen in
    '') ;;
    podman | docker)
      code=0
      engine_try "$chosen" || code=$?
      [ "$code" = 0 ] || engine_refuse "$chosen" "$code" "$who"
      return 0
      ;;
    *) engine_quit 69 "$who is \"$chosen\", but must be podman or docker." ;;
  esac
  podman_code=0
  engine_try podman || podman_code=$?
  [ "$podman_code" != 0 ] || return 0
  local podman_answer=${engine_answer-}
  docker_code=0
  engine_try docker || docker_code=$?
  case $podman_code:$docker_code in
    *:0) return 0 ;;
    1:1) engine_quit 69 "No container engine: neither podman nor docker is installed." "Install one, e.g.: sudo apt-get install podman" ;;
    1:* | 3:2) engine_refuse docker "$docker_code" ;;
    2:* | *:1) engine_answer=$podman_answer && engine_refuse podman "$podman_code" ;;
    *) engine_quit 69 "No container engine works here." "podman: $podman_answer" "docker: $engine_answer" ;;
  esac
}

# The engine's command line; what it makes and builds gets limits that this host allows, and no limit on processes.
# Questions have a limit in time. What changes containers may take long where there are many or the machine is busy:
# it is waited for as long as the engine answers questions meanwhile. Builds and commands in containers have no limit.
engine() {
  local asked=$1 detached=''
  [ "${2-}" != -d ] || detached=yes
  case $1 in
    run | create) set -- "$1" ${engine_limits[@]+"${engine_limits[@]}"} --pids-limit=-1 "${@:2}" ;;
    build) set -- "$1" ${engine_limits[@]+"${engine_limits[@]}"} "${@:2}" ;;
  esac
  case $asked in
    create | start | stop | kill | rm | unpause) engine_change "$@" ;;
    ps | info | container | image | network) engine_ask "$@" ;;
    volume) if [ "${2-}" = rm ]; then engine_change "$@"; else engine_ask "$@"; fi ;;
    run) if [ "$detached" = yes ]; then engine_change "$@"; else "${engine_line[@]}" "$@"; fi ;;
    *) "${engine_line[@]}" "$@" ;;
  esac
}

engine_ask() {
  local code tries=1
  # podman 4 fails where another volume goes while it lists them.
  [ "$1 ${2-}" != "volume ls" ] || tries=3
  engine_within "$engine_seconds"
  for (( ; tries > 0; tries--)); do
    code=0
    if [ "$tries" -gt 1 ]; then
      ${within[@]+"${within[@]}"} "${engine_line[@]}" "$@" 2>/dev/null || code=$?
    else
      ${within[@]+"${within[@]}"} "${engine_line[@]}" "$@" || code=$?
    fi
    case $code in
      0) return ;;
      124 | 137) engine_silent "$*" ;;
    esac
  done
  return $code
}

engine_change() {
  local work watch code=0 seen=0
  engine_within 3600
  ${within[@]+"${within[@]}"} "${engine_line[@]}" "$@" &
  work=$!
  # Whoever reads what this script writes must not wait for it.
  engine_watch "$work" >/dev/null 2>&1 &
  watch=$!
  wait "$work" || code=$?
  {
    kill "$watch" || true
    wait "$watch" || seen=$?
  } 2>/dev/null
  [ "$seen" != 75 ] || engine_silent "$1"
  return $code
}

# Ends the process $1, and with 75, as soon as the engine has no answer for others any more.
engine_watch() {
  local code
  while engine_within 3600 && ${within[@]+"${within[@]}"} sleep "$engine_seconds" && kill -0 "$1" 2>/dev/null; do
    code=0
    engine_within $((engine_seconds < 15 ? engine_seconds : 15))
    ${within[@]+"${within[@]}"} "${engine_line[@]}" ps -q >/dev/null 2>&1 || code=$?
    case $code in
      # No answer. An error is one: podman 4 says so of a container that goes while it lists them.
      124 | 137)
        # Nobody is to end this before it has said why.
        trap '' TERM
        kill "$1" 2>/dev/null || true
        exit 75
        ;;
    esac
  done
}

engine_find
