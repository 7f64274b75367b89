"""What the gate makes of one code: when it counts as used, how long its session lasts, and that it is forgotten."""

import asyncio
import gc
from pathlib import Path

import pytest
from strict_world import strict_world

from tfmfa_nb.environments import Environment
from tfmfa_nb.model.errors import RunCanceled
from tfmfa_nb.model.redaction import Secret
from tfmfa_nb.model.statuses import Phase
from tfmfa_nb.organization.policy import Layer, Policy
from tfmfa_nb.runs.gate.gate import Gate
from tfmfa_nb.runs.gate.real_aws import RealAws
from tfmfa_nb.runs.options import Options
from tfmfa_nb.runs.run import Run


@pytest.fixture(scope="module")
def world():
    with strict_world() as made:
        yield made


class Typed:
    """A person who types these codes one after the other, and then leaves."""

    max_attempts = kind = None

    def __init__(self, *codes):
        self._codes, self.refusals, self.holders = list(codes), [], []

    async def ask(self, request):
        self.refusals.append(str(request.refusal.kind) if request.refusal else "")
        if not self._codes:
            raise RunCanceled("left")
        self.holders.append(Secret(self._codes.pop(0)))
        return self.holders[-1]


@pytest.fixture
def authenticate(world, tmp_path):
    """The session that a person's codes give."""
    world.forget()
    environ = {
        "AWS_ACCESS_KEY_ID": world.key,
        "AWS_SECRET_ACCESS_KEY": world.secret.reveal(),
        "AWS_MFA_SERIAL_NUMBER": world.serial,
        "AWS_REGION": "eu-west-1",
    }

    async def passed(prompt, **settings):
        run = Run(Environment.named("staging", tmp_path), Options(), tmp_path)
        return await Gate(prompt, environ, **settings).pass_through(run.driver, Phase.PLAN, ())

    return passed


def still_held(code):
    gc.collect()
    return [held for held in gc.get_objects() if type(held) is Secret and held.reveal() == code]


async def test_a_code_that_aws_has_not_taken_can_be_given_again(world, authenticate):
    """The device shows it for half a minute, and nobody should have to wait for the next one."""
    code = world.code()
    world.aws.faults.inject("throttle", 3)  # each of the client's tries
    prompt = Typed(code, code)
    assert (await authenticate(prompt)).identity.user == "alice"
    assert prompt.refusals == ["", "throttled"]


@pytest.mark.parametrize("fault", ["reset-before", "reset-after", "captive-portal"])
async def test_a_code_that_aws_may_have_taken_cannot(world, authenticate, fault):
    """Whether it has cannot be told from the answer, or from none."""
    code = world.code()
    world.aws.faults.inject(fault)
    prompt = Typed(code, code)
    with pytest.raises(RunCanceled):
        await authenticate(prompt)
    assert prompt.refusals[-1] == "code used before"
    assert len(world.calls("GetSessionToken")) == 1


@pytest.mark.parametrize(
    ("bounds", "wanted", "seconds"),
    [
        ((7200, None), 3600, 7200),
        ((None, 1800), 3600, 1800),
        ((1800, 7200), 3600, 3600),
    ],
)
async def test_a_session_lasts_as_long_as_the_policy_lets_it(world, authenticate, bounds, wanted, seconds):
    policy = Policy((Layer(Path("/etc/policy.toml"), mfa=True, session_seconds=bounds),))
    session = await authenticate(Typed(world.code()), session_seconds=wanted, policy=policy)
    assert session.duration_seconds == seconds
    assert seconds - 60 <= session.expiration.timestamp() - world.aws.now() <= seconds


async def test_a_code_is_forgotten_as_soon_as_aws_has_answered(world, authenticate):
    typed, wrong, code = "12 34 56 7", world.code(world.bob["serial_number"]), world.code()
    prompt = Typed(typed, wrong, code)
    assert still_held(code) == []
    session = await authenticate(prompt)
    assert [holder.reveal() for holder in prompt.holders] == ["", "", ""]
    assert [still_held(each) for each in (typed, wrong, code)] == [[], [], []]
    assert all(secret.reveal() for secret in session.secrets())


class Interrupted(RealAws):
    """The person leaves while the code is under way."""

    async def get_session(self, *_keys, **_how):
        raise asyncio.CancelledError


async def test_a_code_is_forgotten_when_the_person_interrupts(world, authenticate):
    code = world.code()
    prompt = Typed(code)
    with pytest.raises(asyncio.CancelledError) as caught:
        await authenticate(prompt, aws=Interrupted())
    assert [holder.reveal() for holder in prompt.holders] == [""]
    assert still_held(code) == [], caught  # its frames live as long as it does
