# shellcheck shell=bash disable=SC2034,SC2154
# Starts one machine. Reads: host, address, role, network, image, made (how ohpc makes the image where it is missing; empty: it is the user's own),
# spec, run_flags, volumes (must exist), ssh_port (empty: none is published), user_data (empty: none is read).

# Makes the image with the ohpc of the project that Terraform works in, above this directory. Several machines make it once.
make_image() {
  local at=$PWD
  engine_within 7200
  while [ -n "$at" ]; do
    if [ -x "$at/node_modules/.bin/ohpc" ]; then
      OHPC_ENGINE=$engine_name "${within[@]}" "$at/node_modules/.bin/ohpc" "${made[@]}"
      return
    elif [ -x "$at/dist/cli/main.js" ] && grep -q '"name": "cdktf-openhpc"' "$at/package.json" 2>/dev/null; then
      OHPC_ENGINE=$engine_name "${within[@]}" "$at/dist/cli/main.js" "${made[@]}"
      return
    fi
    at=${at%/*}
  done
  return 1
}

refuse_strangers
name="ohpc-$cluster-$host"
identity="$cluster $site $spec $image $address"

[ ${#volumes[@]} = 0 ] || engine volume inspect "${volumes[@]}" >/dev/null 2>&1 || for volume in "${volumes[@]}"; do
  engine volume inspect "$volume" >/dev/null 2>&1 || quit "There is no volume called \"$volume\"." \
    "If it is a disk of the cluster \"$cluster\", \"ohpc up\" makes it again, empty; if it is an existing disk: $engine_name volume create $volume"
done
for key in id_ed25519.pub host_ed25519_key; do
  [ -r "$directory/$key" ] || quit "The key $directory/$key of the cluster \"$cluster\" is not there." \
    "It was removed, or the cluster was made by another user or with another XDG_STATE_HOME."
done

labels=$(engine container inspect --format "{{index .Config.Labels \"$label.cluster\"}} {{index .Config.Labels \"$label.site\"}} {{index .Config.Labels \"$label.spec\"}} {{index .Config.Labels \"$label.image\"}} {{index .Config.Labels \"$label.address\"}}" "$name" 2>/dev/null) || labels=''
case $labels in
  "$identity")
    # An earlier apply got this far; it is the very machine that is wanted.
    engine unpause "$name" >/dev/null 2>&1 || true
    if engine start "$name" >/dev/null; then exit 0; fi
    remove "$name"
    ;;
  '') ;;
  "$cluster $site "*) remove "$name" ;;
  *)
    quit "There is a container called \"$name\" that does not belong to the cluster \"$cluster\"." \
      "If nobody needs it: $engine_name rm -f $name"
    ;;
esac

if [ -n "$ssh_port" ] && port_taken "$ssh_port"; then
  quit "Port $ssh_port on 127.0.0.1, the way in to the cluster \"$cluster\", is taken by another program." \
    "Choose another: new LocalCloud({ sshPort: $((ssh_port < 65535 ? ssh_port + 1 : 20000)) })"
fi

flags=()
command=()
case $engine_name in
  podman) flags+=(--systemd=always --no-hosts --security-opt unmask=all) ;;
  docker)
    # What podman's --systemd does, by hand.
    flags+=(-e container=docker --tmpfs "/run:rw,mode=0755" --tmpfs /run/lock --security-opt systempaths=unconfined)
    if [ -d /sys/fs/cgroup/systemd ]; then
      # Only this hierarchy: systemd would make a mount of all of /sys/fs/cgroup read-only on the host.
      flags+=(-v /sys/fs/cgroup/systemd:/sys/fs/cgroup/systemd:rw)
    else
      flags+=(--cgroupns=private)
      command=(/bin/sh -c 'mount -o remount,rw /sys/fs/cgroup && exec /sbin/init')
    fi
    ;;
esac
# The same card for the same address: who knew the machine before it was made anew need not forget it first.
IFS=. read -r a b c d <<<"$address"
flags+=(--mac-address "$(printf '02:42:%02x:%02x:%02x:%02x' "$a" "$b" "$c" "$d")")
# For Apptainer.
[ ! -e /dev/fuse ] || flags+=(--device /dev/fuse)

if [ -n "$user_data" ]; then
  # What a cloud hands its machines, for cloud-init.
  seed=$directory/seed/$host
  mkdir -p "$seed"
  printf '%s' "$user_data" >"$seed/user-data"
  printf 'instance-id: %s\nlocal-hostname: %s\npublic-keys:\n  - %s\n' "$name" "$host" "$(cat "$directory/id_ed25519.pub")" >"$seed/meta-data"
  flags+=(-v "$seed:/var/lib/cloud/seed/nocloud:ro")
fi

start() {
  engine run -d --pull=never --name "$name" --hostname "$host" --network "$network" --ip "$address" \
    --label "$label.cluster=$cluster" --label "$label.site=$site" --label "$label.host=$host" --label "$label.role=$role" \
    --label "$label.spec=$spec" --label "$label.image=$image" --label "$label.address=$address" \
    -v "$directory/id_ed25519.pub:/etc/ssh/authorized_keys.d/root:ro" \
    -v "$directory/host_ed25519_key:/etc/ssh/ssh_host_ed25519_key:ro" \
    -v "$directory/host_ed25519_key.pub:/etc/ssh/ssh_host_ed25519_key.pub:ro" \
    "${run_flags[@]}" "${flags[@]}" "$image" ${command[@]+"${command[@]}"} >/dev/null
}

# Mends what may have kept it from being started; fails if there is nothing to mend.
mend() {
  # Of a podman that was killed while it made it: in its storage only, without labels, but with the name.
  if [ "$engine_name" = podman ] && ! engine container exists "$name" && engine container exists --external "$name"; then
    remove "$name" || return
    echo "note: a half-made container called $name was removed; podman must have been killed while it made it" >&2
    return
  fi
  if [ ${#made[@]} -gt 0 ] && ! engine image inspect "$image" >/dev/null 2>&1; then
    echo "note: the image $image was not in $engine_name yet and was made first" >&2
    make_image || quit "The image $image is not in $engine_name, and could not be made here." "Make it, then run the same command again: npx ohpc ${made[*]}"
    return
  fi
  return 1
}

# Most often nothing is to be mended: what could be is asked only where it did not start.
for tries in 1 2 3; do
  code=0
  start || code=$?
  if [ "$code" = 0 ] || [ "$tries" = 3 ] || ! mend; then break; fi
done
if [ "$code" != 0 ]; then
  remove "$name" 2>/dev/null || true
  engine image inspect "$image" >/dev/null 2>&1 || quit "The image $image is not in $engine_name: \"ohpc up\" builds it." "Build it (npx ohpc image build), or pull it if it is your own."
  quit "$engine_name could not start $host (exit code $code); it said why above."
fi
