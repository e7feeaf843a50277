#!/usr/bin/python3
"""Asks the node units of many machines at once, from the master.

`ask.py state` or `ask.py kick`; standard input has lines `ADDRESS NAME`. Prints {NAME: answer} as JSON, where an answer
is what the node unit last said of itself, or {"unreachable": WHY}. No machine is waited for longer than three seconds.
A machine may say anything: what is no answer of a node unit is left out, and is of no consequence for the others.
"""

import asyncio
import errno
import json
import random
import re
import socket
import sys
import time

PORT = 630
# Nodes answer root alone, who alone can ask from here. The ports of daemons are below.
SOURCES = range(700, 1024)
SECONDS = 3
AT_ONCE = 500
LONGEST = 16384
SOMETHING_ELSE = {"unreachable": "its node unit answers with something else"}


def is_count(value):
    return type(value) is int and 0 <= value <= 10**9


def matches(pattern):
    return lambda value: isinstance(value, str) and re.fullmatch(pattern, value, re.ASCII) is not None


FIELDS = {
    "stage": matches(r"[a-z][a-z-]{0,31}"),
    "ok": lambda value: isinstance(value, bool),
    "message": lambda value: isinstance(value, str),
    "generation": is_count,
    "since": matches(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(Z|[+-]\d\d:\d\d))?"),
    "attempts": is_count,
}


def report(text):
    """What a node unit can have said, and nothing more; None if it is anything else."""
    answer = json.loads(text)
    if not isinstance(answer, dict) or not all(name in answer and fits(answer[name]) for name, fits in FIELDS.items()):
        return None
    known = {name: answer[name] for name in FIELDS}
    # A unit that does not run any more cannot say so: what it said last is still there.
    at = answer.get("at")
    if type(at) is int and 0 < at < 10**11:
        known["age"] = max(0, min(10**9, int(time.time()) - at))
    # Only whoever waits for it asks whether that is its last word.
    if answer.get("final") is True and not known["ok"]:
        known["final"] = True
    # One line; a message holds what some program wrote, and may be long without anybody's fault.
    return known | {"message": " ".join(known["message"].split())[:500]}


async def connect(address):
    """Many go out from one port, each to another machine; one that something else has is left to it."""
    loop = asyncio.get_running_loop()
    for source in random.sample(SOURCES, len(SOURCES)):
        sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        try:
            sock.setblocking(False)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            sock.bind(("", source))
            await loop.sock_connect(sock, (address, PORT))
            return await asyncio.open_connection(sock=sock)
        except OSError as error:
            sock.close()
            if error.errno not in (errno.EADDRINUSE, errno.EADDRNOTAVAIL):
                raise
        except asyncio.CancelledError:
            sock.close()
            raise
    raise OSError(errno.EADDRINUSE, "no port below 1024 is free to ask from")


async def talk(address, question):
    reader, writer = await connect(address)
    try:
        writer.write(f"{question}\n".encode())
        await writer.drain()
        text = b""
        while len(text) <= LONGEST and (more := await reader.read(LONGEST)):
            text += more
        known = report(text.decode(errors="replace")) if len(text) <= LONGEST else None
        return SOMETHING_ELSE if known is None else known
    finally:
        writer.close()


async def ask(address, question, slots):
    async with slots:
        try:
            return await asyncio.wait_for(talk(address, question), SECONDS)
        except asyncio.TimeoutError:
            return {"unreachable": f"no answer within {SECONDS} s"}
        except ConnectionRefusedError:
            return {"unreachable": "the machine is up, but its node unit is not"}
        except OSError as error:
            return {"unreachable": error.strerror or str(error)}
        except Exception:  # whatever a machine can make a parser do
            return SOMETHING_ELSE


async def main():
    hosts = [line.split()[:2] for line in sys.stdin if line.strip()]
    slots = asyncio.Semaphore(AT_ONCE)
    answers = await asyncio.gather(*(ask(address, sys.argv[1], slots) for address, _ in hosts))
    json.dump({name: answer for (_, name), answer in zip(hosts, answers)}, sys.stdout)


asyncio.run(main())
