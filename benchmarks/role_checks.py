"""Measures how many round trips to AWS the check of all roles takes, for one run and for a fleet.

    python benchmarks/role_checks.py [--roles 1 10 50 200] [--latency 0.08] [--rounds 5] [--limit 600]

A server in a process of its own answers AssumeRole after the latency, and refuses what exceeds the limit, as STS does
(600 requests a second for each account and Region). It is plain HTTP: a connection costs nothing here, and one round
trip more, or two with TLS, in reality.

- `run`: one run with so many roles,
- `fleet`: so many runs with one role each, that have exchanged one code.

Beside each time stands the latency: the ratio is the number of round trips. Of the largest
fleet, `busiest` is the number of requests in its busiest tenth of a second, times ten; `refused` are requests that
exceeded the limit, and were made again, in all rounds together.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import subprocess
import sys
import time
from collections import Counter, deque
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from urllib.request import urlopen

from figure import Figure, compared, option, show

from tfmfa_nb.authentication.mfa_session import MfaSession
from tfmfa_nb.authentication.patience import once
from tfmfa_nb.authentication.role_checks import check_roles
from tfmfa_nb.fleet.shared_roles import RoleQuestion, SharedRoles
from tfmfa_nb.model.identity import Endpoint, Identity
from tfmfa_nb.model.redaction import Secret
from tfmfa_nb.model.roles import HopState, RoleChain, RoleHop
from tfmfa_nb.runs.gate.real_aws import RealAws

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterator

_ANSWER = (
    "<AssumeRoleResponse xmlns='https://sts.amazonaws.com/doc/2011-06-15/'><AssumeRoleResult><Credentials>"
    "<AccessKeyId>ASIAIOSFODNN7EXAMPLE</AccessKeyId><SecretAccessKey>secret</SecretAccessKey>"
    "<SessionToken>token</SessionToken><Expiration>2100-01-01T00:00:00Z</Expiration></Credentials>"
    "</AssumeRoleResult><ResponseMetadata><RequestId>c6104cbe</RequestId></ResponseMetadata></AssumeRoleResponse>"
)
_THROTTLED = (
    "<ErrorResponse xmlns='https://sts.amazonaws.com/doc/2011-06-15/'><Error><Code>Throttling</Code>"
    "<Message>Rate exceeded</Message></Error></ErrorResponse>"
)


class Sts:
    """Answers AssumeRole after a while.

    Args:
        latency: how long an answer takes, in seconds.
        limit: requests in one second.
    """

    def __init__(self, latency: float, limit: int) -> None:
        self.latency, self.limit = latency, limit
        self.recent: deque[float] = deque()
        self.tenths: Counter[int] = Counter()
        self.refused = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer the requests of one connection."""
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).lower()
                length = next((int(x.split(b":")[1]) for x in head.split(b"\r\n") if x.startswith(b"content-len")), 0)
                await reader.readexactly(length)
                if head.startswith(b"get"):
                    self._send(writer, 200, json.dumps(self.told()))
                    continue
                status, text = self._answer()
                await asyncio.sleep(self.latency)
                self._send(writer, status, text)
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    def told(self) -> dict[str, int]:
        """What has happened since the last question."""
        said = {"busiest": 10 * max(self.tenths.values(), default=0), "refused": self.refused}
        self.tenths.clear()
        self.refused = 0
        return said

    def _answer(self) -> tuple[int, str]:
        now = time.monotonic()
        while self.recent and self.recent[0] < now - 1:
            self.recent.popleft()
        if len(self.recent) >= self.limit:
            self.refused += 1
            return 400, _THROTTLED
        self.recent.append(now)
        self.tenths[int(now * 10)] += 1
        return 200, _ANSWER

    @staticmethod
    def _send(writer: asyncio.StreamWriter, status: int, text: str) -> None:
        head = f"HTTP/1.1 {status} X\r\nContent-Type: text/xml\r\nContent-Length: {len(text)}\r\n\r\n"
        writer.write((head + text).encode())


async def serve(latency: float, limit: int) -> None:
    """Serve until the end, after printing the port."""
    sts = Sts(latency, limit)
    server = await asyncio.start_server(sts.serve, "127.0.0.1", 0, backlog=1024)
    print(server.sockets[0].getsockname()[1], flush=True)  # noqa: T201 - for who has started it
    await server.serve_forever()


def chain_of(number: int) -> RoleChain:
    """A chain of one role, in an account of its own."""
    return RoleChain("aws", (RoleHop(f"arn:aws:iam::{number:012}:role/deploy"),))


def ignore(chain: int, hop: int, state: HopState, message: str) -> None:
    """Show nothing."""


async def of_run(session: MfaSession, roles: int) -> None:
    """The check of one run."""
    checks = await check_roles(session, [chain_of(number) for number in range(roles)])
    if any(check.state is not HopState.ASSUMED for check in checks):
        raise SystemExit(f"Not all roles were assumed: {checks[0].refusal}")


async def of_fleet(session: MfaSession, roles: int) -> None:
    """The checks of a fleet's runs."""
    names = [str(number) for number in range(roles)]
    shared = SharedRoles(names, RealAws())

    async def one(number: int) -> None:
        question = RoleQuestion(session.duplicate(), [chain_of(number)], ignore, once)
        (check,) = await shared.checked_for(str(number), question)
        if check.state is not HopState.ASSUMED:
            raise SystemExit(f"A role was not assumed: {check.refusal}")

    await asyncio.gather(*map(one, range(roles)))


WAYS: dict[str, Callable[[MfaSession, int], Coroutine[None, None, None]]] = {"run": of_run, "fleet": of_fleet}


def session_at(port: int) -> MfaSession:
    """An MFA session of the server at a port of this machine."""
    secrets = (Secret("ASIAIOSFODNN7EXAMPLE"), Secret("secret"), Secret("token"))
    identity = Identity("123456789012", "arn:aws:iam::123456789012:user/alice")
    expiration = datetime.now(UTC) + timedelta(hours=1)
    return MfaSession(*secrets, expiration, identity, "serial", Endpoint("us-east-1", f"http://127.0.0.1:{port}"))


def told_by(port: int) -> dict[str, int]:
    """What the server has counted since the last question."""
    with urlopen(f"http://127.0.0.1:{port}/") as answer:
        return dict(json.load(answer))


def measure(port: int, options: argparse.Namespace) -> Iterator[Figure]:
    """The figures of each way and number of roles."""
    for way, check in WAYS.items():
        for number in options.roles:
            what = f"{number} role{'s' * (number != 1)} of a {way}"
            times, told = [], []
            for _ in range(options.rounds + 1):
                session = session_at(port)
                began = time.perf_counter()
                asyncio.run(check(session, number))
                times.append(time.perf_counter() - began)
                told.append(told_by(port))
            # The first one imports.
            yield compared(f"{what} checked", times[1:], "the latency of one call", [options.latency])
            if way == "fleet" and number == max(options.roles):
                busiest = max(each["busiest"] for each in told)
                yield Figure(f"{what}, busiest", busiest, "requests/s", rounds=options.rounds)
                yield Figure(
                    f"{what}, refused", sum(each["refused"] for each in told), "requests", rounds=options.rounds
                )


def main() -> None:
    """Measure, and print one line for each figure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--roles", type=int, nargs="+", default=[1, 10, 50, 200])
    parser.add_argument("--latency", type=float, default=0.08)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--limit", type=int, default=600)
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    option(parser)
    options = parser.parse_args()
    if options.serve:
        asyncio.run(serve(options.latency, options.limit))
        return
    words = [sys.executable, __file__, "--serve", f"--latency={options.latency}", f"--limit={options.limit}"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as server:
        try:
            port = int((server.stdout or sys.stdin).readline())
            show(measure(port, options), as_json=options.json)
        finally:
            server.kill()


if __name__ == "__main__":
    main()
