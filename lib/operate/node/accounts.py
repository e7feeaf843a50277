#!/usr/bin/python3
"""Makes the accounts of a cluster be on a machine: lines in passwd, group and shadow, homes, SSH keys.

`accounts.py apply` reads {"groups": [{name, gid}], "users": [{name, uid, gid, groups, shell, home, keys?}]} as JSON.
`accounts.py inspect` reads the same and prints what of it, and of what was made earlier, is there, in the same form.
`accounts.py leaving` prints who is leaving: name and uid, one a line.
`accounts.py remove NAME...` removes accounts that are leaving, and ends their processes.

It owns what its registry names, and what it adds; all other lines stay as they are, byte for byte. Removing an account
never removes its home. Files are replaced at once, under the lock of useradd(8) and passwd(1).

An account that is wanted no more goes at once, or, with `--keep`, is leaving first: nobody logs in to it any more, but its
name still stands for its number, as its jobs need it. `--keep all` keeps all until they are removed, `--keep busy` those
that have a job on this machine. Whoever gets another number leaves the old one.
"""

import argparse
import errno
import fcntl
import json
import os
import shutil
import signal
import stat
import sys
import time

FILES = ("passwd", "shadow", "group", "gshadow")
NO_SHELL = "/usr/sbin/nologin"


class Refused(Exception):
    """Why the accounts cannot be made, in words for the operator."""


def parse_arguments(arguments):
    parser = argparse.ArgumentParser()
    parser.add_argument("what", choices=("apply", "inspect", "leaving", "remove"))
    parser.add_argument("names", nargs="*", help="whom to remove")
    parser.add_argument("--keep", choices=("none", "busy", "all"), default="none", help="whose accounts stay for a while")
    parser.add_argument("--registry", required=True, help="where the names of what we own are kept")
    parser.add_argument("--etc", default="/etc")
    parser.add_argument("--homes", action="store_true", help="make home directories that are missing")
    parser.add_argument("--keys", help="directory of files of SSH keys, one per user")
    parser.add_argument("--skel", default="/etc/skel")
    parser.add_argument("--wait", type=float, default=15, help="seconds to wait for the lock")
    return parser.parse_intermixed_args(arguments)


# --- files -------------------------------------------------------------------------------------------------------


def read(path, otherwise=""):
    try:
        with open(path, encoding="utf-8", errors="surrogateescape", newline="") as file:
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


def lines_of(text):
    """As libc sees them: what else Python breaks lines at (U+2028, form feeds) may be in one that a user wrote a part of."""
    found = text.split("\n")
    return found[:-1] if found[-1] == "" else found


def lines(text):
    """Each line's name and its fields; a line that is none of ours to read (comment, NIS) has an empty name."""
    found = []
    for line in lines_of(text):
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
        "shadow": {name: f"{name}:!*:{today}:0:99999:7::1:" if user.get("leaving") else f"{name}:*:{today}:0:99999:7:::" for name, user in users.items()},
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
                # A password that somebody set with passwd(1) stays; whoever is leaving loses it, and gets none by coming back.
                fresh = wanted.pop(name)
                same = file == "shadow" and is_refused(line) == is_refused(fresh)
                kept.append(line if same else fresh)
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
    """What is ours: names of users and groups, numbers of users, and of those who are leaving."""
    try:
        content = {"users": [], "groups": [], "uids": {}, "leaving": {}, **json.loads(read(path, "{}"))}
    except (TypeError, ValueError) as error:
        raise Refused(f"{path} is damaged: put an older copy of it there, or remove it") from error
    return {**registry_of(content), "uids": content["uids"], "leaving": content["leaving"]}


# --- who is leaving ----------------------------------------------------------------------------------------------


def is_refused(line):
    """Whether a line of shadow locks the account and let it expire long ago."""
    fields = line.split(":")
    return fields[1].startswith("!") and fields[7:8] == ["1"]


def leaving_users(desired, owned, etc):
    """The accounts of ours that nobody wants any more, as they are to be until they go."""
    wanted = {user["name"] for user in desired["users"]}
    return [
        {"name": name, "uid": int(fields[2]), "gid": int(fields[3]), "groups": [], "shell": NO_SHELL, "home": fields[5], "leaving": True}
        for name, fields, _ in lines(read(f"{etc}/passwd"))
        if name in owned["users"] and name not in wanted
    ]


def numbers_left(desired, owned, etc):
    """The numbers of those of ours who go, or get others, by name; also of those whom this machine never knew."""
    wanted = {user["name"]: user["uid"] for user in desired["users"]}
    had = {name: int(fields[2]) for name, fields, _ in lines(read(f"{etc}/passwd")) if name in owned["users"]}
    return {name: uid for name, uid in {**owned["uids"], **owned["leaving"], **had}.items() if wanted.get(name) != uid}


def with_users(desired, more, owned, etc):
    """`desired`, and others with the groups of their own that they have."""
    numbers = {user["gid"] for user in more} - {group["gid"] for group in desired["groups"]}
    names = {group["name"] for group in desired["groups"]}
    own = [
        {"name": name, "gid": int(fields[2])}
        for name, fields, _ in lines(read(f"{etc}/group"))
        if name in owned["groups"] and name not in names and int(fields[2]) in numbers
    ]
    return {"groups": desired["groups"] + own, "users": desired["users"] + more}


def processes():
    """Of each process that is there: its id, its parent's, its users' numbers (the real one first), its name."""
    for entry in os.listdir("/proc"):
        if not entry.isdigit():
            continue
        fields = {}
        for line in lines_of(read_gone(f"/proc/{entry}/status")):
            key, _, value = line.partition(":")
            fields[key] = value.strip()
        # A process whose first thread has ended looks dead, and may have others.
        if "Uid" in fields and (fields.get("State", "Z")[:1] not in "ZX" or int(fields.get("Threads", 0)) > 1):
            yield int(entry), int(fields["PPid"]), [int(uid) for uid in fields["Uid"].split()], fields["Name"]


def read_gone(path):
    try:
        return read(path)
    except (ProcessLookupError, PermissionError):
        return ""


def uids_with_jobs():
    """The numbers of those whose processes are of a job on this machine: below a slurmstepd, which root has started.

    Anybody can call a process so, also one of a program that is root by its file's mode.
    """
    seen = {pid: (parent, uids, name) for pid, parent, uids, name in processes()}
    busy = set()
    for pid, (_, uids, _) in seen.items():
        while pid in seen:
            parent, (real, *_), name = seen[pid]
            if name == "slurmstepd" and real == 0:
                busy.update(uids)
                break
            pid = parent
    return busy - {0}


def end_processes(uids, seconds=10):
    """Ends all that runs for these numbers, also what begins meanwhile. Returns those that something is left of."""
    deadline = time.monotonic() + seconds
    while True:
        left = [(pid, uids.intersection(found)) for pid, _, found, _ in processes() if uids.intersection(found)]
        if not left or time.monotonic() > deadline:
            return {uid for _, found in left for uid in found}
        # What is stopped cannot make others while they are ended one after the other.
        for number in (signal.SIGSTOP, signal.SIGKILL):
            for pid, _ in left:
                try:
                    os.kill(pid, number)
                except ProcessLookupError:
                    pass
        time.sleep(0.05)


def owner_of_home(user):
    """Whose number the home has; None: there is none."""
    try:
        return os.stat(user["home"]).st_uid
    except FileNotFoundError:
        return None
    except OSError as error:
        # Users may put a file system of their own (FUSE) over what is theirs, and nobody else, root included, looks into it.
        if error.errno in (errno.EACCES, errno.ENOTCONN):
            return user["uid"]
        raise


def make_home(user, skel):
    """Made beside and then renamed, so that a home is never half there."""
    home = user["home"]
    if owner_of_home(user) is not None:
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


def check_homes(desired):
    """Before anything is changed: a home that belongs to another number is given to nobody."""
    for user in desired["users"]:
        owner = owner_of_home(user)
        if owner not in (None, user["uid"]):
            raise Refused(f"{user['home']} belongs to uid {owner}, not to {user['name']} ({user['uid']}): give it to the right one with chown -R")


def is_open(path):
    """Whether sshd, which looks as the user, can read a file of keys, and would believe it (StrictModes)."""
    try:
        found = os.lstat(path)
    except FileNotFoundError:
        return False
    reachable = os.stat(os.path.dirname(path)).st_mode & 0o005 == 0o005
    return reachable and stat.S_ISREG(found.st_mode) and found.st_uid == os.geteuid() and found.st_mode & 0o777 == 0o644


def write_keys(desired, owned, directory):
    os.makedirs(directory, mode=0o755, exist_ok=True)
    os.chmod(directory, os.stat(directory).st_mode | 0o055)
    wanted = {user["name"]: user.get("keys", []) for user in desired["users"]}
    for name in sorted(set(owned["users"]) | set(wanted)):
        path = os.path.join(directory, name)
        if os.path.isdir(path) and not os.path.islink(path):
            shutil.rmtree(path)
        elif os.path.lexists(path) and not is_open(path):
            os.unlink(path)
        if wanted.get(name):
            replace(path, "".join(f"{key}\n" for key in wanted[name]), 0o644)
        elif os.path.exists(path):
            os.unlink(path)


def apply(desired, options):
    with take_lock(options.etc, options.wait):
        owned = read_registry(options.registry)
        check(desired, owned, options.etc)
        if options.homes:
            check_homes(desired)
        uids = {user["name"]: user["uid"] for user in desired["users"]}
        former = leaving_users(desired, owned, options.etc)
        left = numbers_left(desired, owned, options.etc)
        busy = uids_with_jobs() if options.keep == "busy" and left else set()
        staying = [user for user in former if options.keep == "all" or user["uid"] in busy]
        leaving = left if options.keep == "all" else {user["name"]: user["uid"] for user in staying}
        whole = with_users(desired, staying, owned, options.etc)
        # What is about to be added is ours already now: whoever dies after this can be followed by the next run.
        write_registry(options.registry, {**registry_of(owned, names_of(whole)), "uids": {**owned["uids"], **uids}, "leaving": {**left, **leaving}})
        for file, content in rendered(whole, owned, options.etc).items():
            replace(f"{options.etc}/{file}", content, 0o640 if "shadow" in file else 0o644)
        if options.keys:
            write_keys(desired, owned, options.keys)
        if options.keep == "busy" and left:
            end_processes(set(left.values()) - busy - set(uids.values()))
        write_registry(options.registry, {**registry_of(names_of(whole)), "uids": uids, "leaving": leaving})
    if options.homes:
        for user in desired["users"]:
            make_home(user, options.skel)


def remove(options):
    """Those that are leaving. Of whoever only got another number, the processes of the old one end, and the account stays."""
    with take_lock(options.etc, options.wait):
        owned = read_registry(options.registry)
        names = [name for name in options.names if name in owned["leaving"]]
        going = set()
        taken = set()
        for name, fields, line in lines(read(f"{options.etc}/passwd")):
            if name in names and int(fields[2]) == owned["leaving"][name]:
                going.add((name, int(fields[3])))
            elif name:
                taken.add(int(fields[2]))
        gids = {gid for _, gid in going} - {int(fields[3]) for name, fields, _ in lines(read(f"{options.etc}/passwd")) if name and name not in names}
        gone = {"passwd": {name for name, _ in going}}
        gone["group"] = {
            name for name, fields, _ in lines(read(f"{options.etc}/group")) if name in owned["groups"] and name in names and int(fields[2]) in gids
        }
        gone.update(shadow=gone["passwd"], gshadow=gone["group"])
        left = end_processes({owned["leaving"][name] for name in names} - taken - {0})
        for file in FILES:
            path = f"{options.etc}/{file}"
            if os.path.exists(path):
                replace(path, "".join(f"{line}\n" for name, _, line in lines(read(path)) if name not in gone[file]))
        registry = {
            "users": [name for name in owned["users"] if name not in gone["passwd"]],
            "groups": [name for name in owned["groups"] if name not in gone["group"]],
            "uids": owned["uids"],
            "leaving": {name: uid for name, uid in owned["leaving"].items() if name not in names},
        }
        write_registry(options.registry, registry)
        if left:
            raise Refused(f"processes of uid {', '.join(map(str, sorted(left)))} do not end")


def write_registry(path, registry):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    replace(path, json.dumps(registry, indent=1) + "\n", 0o600)


# --- inspect -----------------------------------------------------------------------------------------------------


def inspect(desired, options):
    """The part of the machine's accounts that we own or want, sorted by name."""
    owned = registry_of(read_registry(options.registry), names_of(desired))
    shadows = {name: line for name, _, line in lines(read(f"{options.etc}/shadow"))}
    refused = {}
    if options.keep != "none":
        # Whoever is leaving and cannot log in is as they should be until they go.
        for user in leaving_users(desired, owned, options.etc):
            keys = options.keys and os.path.exists(os.path.join(options.keys, user["name"]))
            if is_refused(shadows.get(user["name"], "::")) and not keys:
                refused[user["name"]] = user["gid"]
        wanted = {group["name"] for group in desired["groups"]}
        owned["groups"] = [
            name
            for name, fields, _ in lines(read(f"{options.etc}/group"))
            if name in owned["groups"] and (name in wanted or int(fields[2]) not in refused.values())
        ]
        owned["users"] = [name for name in owned["users"] if name not in refused]
    group_lines = [(name, fields) for name, fields, _ in lines(read(f"{options.etc}/group")) if name in owned["groups"]]
    groups = [{"name": name, "gid": int(fields[2])} for name, fields in group_lines]
    users = []
    names = {user["name"] for user in desired["users"]}
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
            "shadow": name in shadows and (name not in names or not is_refused(shadows[name])),
        }
        if options.keys:
            path = os.path.join(options.keys, name)
            user["keys"] = lines_of(read(path)) if is_open(path) else []
        if options.homes:
            user["homeIsThere"] = owner_of_home(user) == user["uid"]
        users.append(user)
    return {"groups": sorted(groups, key=by_name), "users": sorted(users, key=by_name)}


def by_name(entry):
    return entry["name"]


def main():
    options = parse_arguments(sys.argv[1:])
    try:
        if options.what == "leaving":
            for name, uid in sorted(read_registry(options.registry)["leaving"].items()):
                print(name, uid)
        elif options.what == "inspect":
            json.dump(inspect(json.load(sys.stdin), options), sys.stdout)
        elif options.what == "remove":
            remove(options)
        else:
            apply(json.load(sys.stdin), options)
    except Refused as refusal:
        sys.exit(str(refusal))
    except OSError as error:
        sys.exit(f"{error.filename or options.what}: {error.strerror or error}")


if __name__ == "__main__":
    main()
