#!/usr/bin/python3
"""Makes the accounts of a cluster be on a machine: lines in passwd, group and shadow, homes, SSH keys.

`accounts.py apply` reads {"groups": [{name, gid}], "users": [{name, uid, gid, groups, shell, home, keys?}]} as JSON.
`accounts.py inspect` reads the same and prints what of it, and of what was made earlier, is there, in the same form.

It owns what its registry names, and what it adds; all other lines stay as they are, byte for byte. Removing an account
never removes its home. Files are replaced at once, under the lock of useradd(8) and passwd(1).
"""

import argparse
import fcntl
import json
import os
import shutil
import sys
import time

FILES = ("passwd", "shadow", "group", "gshadow")


class Refused(Exception):
    """Why the accounts cannot be made, in words for the operator."""


def parse_arguments(arguments):
    parser = argparse.ArgumentParser()
    parser.add_argument("what", choices=("apply", "inspect"))
    parser.add_argument("--registry", required=True, help="where the names of what we own are kept")
    parser.add_argument("--etc", default="/etc")
    parser.add_argument("--homes", action="store_true", help="make home directories that are missing")
    parser.add_argument("--keys", help="directory of files of SSH keys, one per user")
    parser.add_argument("--skel", default="/etc/skel")
    parser.add_argument("--wait", type=float, default=15, help="seconds to wait for the lock")
    return parser.parse_args(arguments)


# --- files -------------------------------------------------------------------------------------------------------


def read(path, otherwise=""):
    try:
        with open(path, encoding="utf-8", errors="surrogateescape") as file:
            return file.read()
    except FileNotFoundError:
        return otherwise


def replace(path, content, mode=None):
    """Writes a file at once, with mode and owner of the one that was there. Does nothing if it is so already."""
    try:
        before = os.stat(path)
    except FileNotFoundError:
        before = None
    if before is not None and read(path) == content:
        return
    temporary = f"{path}.ohpc"
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with open(descriptor, "w", encoding="utf-8", errors="surrogateescape") as file:
        file.write(content)
        if before is not None:
            os.fchown(descriptor, before.st_uid, before.st_gid)
        os.fchmod(descriptor, mode if before is None else before.st_mode & 0o7777)
        file.flush()
        os.fsync(descriptor)
    os.rename(temporary, path)


def lines(text):
    """Each line's name and its fields; a line that is none of ours to read (comment, NIS) has an empty name."""
    found = []
    for line in text.splitlines():
        fields = line.split(":")
        name = fields[0] if len(fields) > 2 and not line.startswith(("#", "+", "-")) else ""
        found.append((name, fields, line))
    return found


def take_lock(etc, seconds):
    """The lock of lckpwdf(3), which useradd, passwd and all others respect."""
    lock = open(f"{etc}/.pwd.lock", "a", encoding="utf-8")
    os.fchmod(lock.fileno(), 0o600)
    deadline = time.monotonic() + seconds
    while True:
        try:
            fcntl.lockf(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return lock
        except OSError as error:
            if time.monotonic() > deadline:
                raise Refused(f"another program has kept {etc}/.pwd.lock for {seconds:g} s") from error
            time.sleep(0.05)


# --- what is wanted ----------------------------------------------------------------------------------------------


def members(group, users):
    return sorted(user["name"] for user in users if group["name"] in user["groups"])


def check(desired, owned, etc):
    """Refuses names and numbers that belong to somebody else on this machine."""
    groups = {group["name"] for group in desired["groups"]}
    for user in desired["users"]:
        unknown = sorted(set(user["groups"]) - groups)
        if unknown:
            raise Refused(f"user {user['name']} is to be in group {unknown[0]}, which is not among the cluster's groups")
    for kind, file, number in (("users", "passwd", "uid"), ("groups", "group", "gid")):
        wanted = {entry["name"]: entry[number] for entry in desired[kind]}
        names = {value: name for name, value in wanted.items()}
        for name, fields, _ in lines(read(f"{etc}/{file}")):
            if not name or name in owned[kind]:
                continue
            value = int(fields[2])
            if name in wanted and value != wanted[name]:
                raise Refused(f"the machine has {file} entry {name} with {number} {value}, not {wanted[name]}: choose another name")
            if name not in wanted and value in names:
                raise Refused(f"the machine has {file} entry {name} with {number} {value}, which {names[value]} was given: choose another {number}")


def rendered(desired, owned, etc):
    """The new content of each file. Lines of ours keep their place, new ones come last."""
    users = {user["name"]: user for user in desired["users"]}
    groups = {group["name"]: group for group in desired["groups"]}
    today = int(time.time() // 86400)
    made = {
        "passwd": {name: f"{name}:x:{user['uid']}:{user['gid']}::{user['home']}:{user['shell']}" for name, user in users.items()},
        # No password fits, but the account is not locked: sshd lets its keys in.
        "shadow": {name: f"{name}:*:{today}:0:99999:7:::" for name in users},
        "group": {name: f"{name}:x:{group['gid']}:{','.join(members(group, desired['users']))}" for name, group in groups.items()},
        "gshadow": {name: f"{name}:!::{','.join(members(group, desired['users']))}" for name, group in groups.items()},
    }
    result = {}
    for file in FILES:
        path = f"{etc}/{file}"
        if file == "gshadow" and not os.path.exists(path):
            continue
        ours = set(owned["users" if file in ("passwd", "shadow") else "groups"])
        wanted = dict(made[file])
        kept = []
        for name, _, line in lines(read(path)):
            if name in wanted:
                # A password that somebody set with passwd(1) stays.
                fresh = wanted.pop(name)
                kept.append(line if file == "shadow" else fresh)
            elif name not in ours:
                kept.append(line)
        result[file] = "".join(f"{line}\n" for line in kept + list(wanted.values()))
    return result


# --- apply -------------------------------------------------------------------------------------------------------


def registry_of(*sources):
    return {kind: sorted({name for source in sources for name in source[kind]}) for kind in ("users", "groups")}


def names_of(desired):
    return {kind: [entry["name"] for entry in desired[kind]] for kind in ("users", "groups")}


def read_registry(path):
    return registry_of({"users": [], "groups": [], **json.loads(read(path, "{}"))})


def make_home(user, skel):
    """Made beside and then renamed, so that a home is never half there."""
    home = user["home"]
    if os.path.lexists(home):
        owner = os.stat(home).st_uid
        if owner != user["uid"]:
            raise Refused(f"{home} belongs to uid {owner}, not to {user['name']} ({user['uid']}): give it to the right one with chown -R")
        return
    parent, name = os.path.split(home)
    temporary = os.path.join(parent, f".{name}.ohpc")
    shutil.rmtree(temporary, ignore_errors=True)
    if os.path.isdir(skel):
        shutil.copytree(skel, temporary, symlinks=True)
    else:
        os.mkdir(temporary)
    for folder, _, files in os.walk(temporary):
        for path in [folder, *(os.path.join(folder, file) for file in files)]:
            os.chown(path, user["uid"], user["gid"], follow_symlinks=False)
    os.chmod(temporary, 0o700)
    os.rename(temporary, home)


def write_keys(desired, owned, directory):
    os.makedirs(directory, mode=0o755, exist_ok=True)
    wanted = {user["name"]: user.get("keys", []) for user in desired["users"]}
    for name in sorted(set(owned["users"]) | set(wanted)):
        path = os.path.join(directory, name)
        if wanted.get(name):
            replace(path, "".join(f"{key}\n" for key in wanted[name]), 0o644)
        elif os.path.exists(path):
            os.unlink(path)


def apply(desired, options):
    with take_lock(options.etc, options.wait):
        owned = read_registry(options.registry)
        check(desired, owned, options.etc)
        # What is about to be added is ours already now: whoever dies after this can be followed by the next run.
        write_registry(options.registry, registry_of(owned, names_of(desired)))
        for file, content in rendered(desired, owned, options.etc).items():
            replace(f"{options.etc}/{file}", content, 0o640 if "shadow" in file else 0o644)
        if options.keys:
            write_keys(desired, owned, options.keys)
        write_registry(options.registry, registry_of(names_of(desired)))
    if options.homes:
        for user in desired["users"]:
            make_home(user, options.skel)


def write_registry(path, registry):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    replace(path, json.dumps(registry, indent=1) + "\n", 0o600)


# --- inspect -----------------------------------------------------------------------------------------------------


def inspect(desired, options):
    """The part of the machine's accounts that we own or want, sorted by name."""
    owned = registry_of(read_registry(options.registry), names_of(desired))
    group_lines = [(name, fields) for name, fields, _ in lines(read(f"{options.etc}/group")) if name in owned["groups"]]
    groups = [{"name": name, "gid": int(fields[2])} for name, fields in group_lines]
    shadowed = {name for name, _, _ in lines(read(f"{options.etc}/shadow"))}
    users = []
    for name, fields, _ in lines(read(f"{options.etc}/passwd")):
        if name not in owned["users"]:
            continue
        user = {
            "name": name,
            "uid": int(fields[2]),
            "gid": int(fields[3]),
            "groups": sorted(group for group, line in group_lines if name in line[3].split(",")),
            "shell": fields[6],
            "home": fields[5],
            "shadow": name in shadowed,
        }
        if options.keys:
            user["keys"] = read(os.path.join(options.keys, name)).splitlines()
        if options.homes:
            user["homeIsThere"] = os.path.isdir(fields[5]) and os.stat(fields[5]).st_uid == user["uid"]
        users.append(user)
    return {"groups": sorted(groups, key=by_name), "users": sorted(users, key=by_name)}


def by_name(entry):
    return entry["name"]


def main():
    options = parse_arguments(sys.argv[1:])
    desired = json.load(sys.stdin)
    if options.what == "inspect":
        json.dump(inspect(desired, options), sys.stdout)
        return
    try:
        apply(desired, options)
    except Refused as refusal:
        sys.exit(str(refusal))
    except OSError as error:
        sys.exit(f"{error.filename or options.what}: {error.strerror or error}")


if __name__ == "__main__":
    main()
