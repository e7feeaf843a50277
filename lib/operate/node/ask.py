#!/usr/bin/python3
"""Asks the node units of many machines at once, from the master.

`ask.py state` or `ask.py kick`; standard input has lines `ADDRESS NAME`. Prints {NAME: answer} as JSON, where an answer
is what the node unit last said of itself, or {"unreachable": WHY}. No machine is waited for longer than three seconds.
"""

import asyncio
import json
import sys

PORT = 6830
SECONDS = 3
AT_ONCE = 500


async def talk(address, question):
    reader, writer = await asyncio.open_connection(address, PORT)
    try:
        writer.write(f"{question}\n".encode())
        await writer.drain()
        answer = json.loads(await reader.read(65536))
        return answer if isinstance(answer, dict) else {"unreachable": "its node unit answers with something else"}
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
        except ValueError:
            return {"unreachable": "its node unit answers with something else"}


async def main():
    hosts = [line.split()[:2] for line in sys.stdin if line.strip()]
    slots = asyncio.Semaphore(AT_ONCE)
    answers = await asyncio.gather(*(ask(address, sys.argv[1], slots) for address, _ in hosts))
    json.dump({name: answer for (_, name), answer in zip(hosts, answers)}, sys.stdout)


asyncio.run(main())
