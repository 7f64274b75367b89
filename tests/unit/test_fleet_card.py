"""The card of a fleet: the code that is typed there, what is chosen to be applied, and what no message can do."""

import asyncio

import pytest
from front import HELLO, CardFront
from ipywidgets import Widget

from tfmfa_nb.fleet.fleet import Fleet
from tfmfa_nb.fleet.members import members_of
from tfmfa_nb.model.errors import RunCanceled
from tfmfa_nb.prompts.form import Answer
from tfmfa_nb.runs.options import Options
from tfmfa_nb.runs.run import Run
from tfmfa_nb.views.fleet_card import FleetCard

CODE = "492817"
ASK = {"kind": "code", "phase": "plan", "text": "MFA code:", "attempt": 1}


class FleetFront(CardFront):
    @property
    def state(self):
        return self.of("fleet")[-1]

    async def shows(self, fits):
        await self.until(lambda message: message["type"] == "fleet" and fits(message))


@pytest.fixture
async def made(tmp_path, caplog):
    """A fleet of three, of which two are planned, its card, and its front end."""
    hcl = Options(configuration="# one")
    fleet = Fleet(members_of([{"name": name} for name in "abc"], tmp_path, hcl), tmp_path)
    for name in "ab":
        run = Run(fleet.members[name].environment, hcl, tmp_path)
        run.set_trait("status", "planned")
        run.set_trait("counts", {"add": 1, "change": 0, "destroy": name == "b", "imported": 0})
        fleet.adopt(name, run)
    card = FleetCard(fleet)
    yield fleet, card, FleetFront(card)
    card.close()
    assert caplog.get_records("call") == []


async def test_a_code_stays_nowhere(made, caplog):
    fleet, card, front = made
    front.say(dict(HELLO))
    asking = asyncio.create_task(card.ask(ASK))
    await front.asked(1)
    assert front.state["question"]["button"] == "Authenticate and plan 3 environments"
    message = front.typed(CODE)
    front.say(message)
    answer = await asking
    assert answer.code.reveal() == CODE
    await front.shows(lambda state: state["question"] is None)
    runs = [run.trait_values() for run in fleet.values()]
    seen = [repr(answer), repr(card), repr(vars(card)), card.get_state(), Widget.get_manager_state(), front.sent, runs]
    assert CODE not in repr([*seen, message]) + caplog.text


@pytest.mark.parametrize("kind", ["hello", "pause", "cancel", "apply_selected", "authenticate", "nothing", None])
async def test_a_code_beside_any_other_message_is_dropped_unseen(made, kind):
    _, card, front = made
    message = {"type": kind, "code": CODE, "number": 0}
    front.say(message)
    assert "code" not in message
    assert CODE not in repr([front.sent, vars(card)])


async def test_an_unencrypted_code_of_a_page_that_can_encrypt_is_refused(made):
    _, card, front = made
    front.say(dict(HELLO))
    asking = asyncio.create_task(card.ask(ASK))
    await front.asked(1)
    front.say({"type": "unsealed_code", "number": 1, "code": CODE})
    await front.asked(2)
    assert "arrived unencrypted" in front.state["question"]["problem"]
    front.say({"type": "cancel"})
    assert (await asking) == Answer("cancel")


async def test_rows_say_how_each_environment_stands(made):
    _, _, front = made
    front.say(dict(HELLO))
    first, second, third = front.state["rows"]
    assert [row["plan"]["words"] for row in (first, second, third)] == ["Planned", "Planned", "Waiting"]
    assert [row["changes"] for row in (first, third)] == ["+1 ~0 -0", ""]
    assert [row["numbers"] for row in (first, second, third)] == [{"create": 1}, {"create": 1, "delete": 1}, {}]
    assert [row["can_apply"] for row in (first, second, third)] == [True, True, False]
    line = '2 of 3 environments change: 2 to add, 0 to change, 1 to destroy. Resources are destroyed in "b".'
    assert front.state["decision"].startswith(line)


def answer(front, **more):
    number = front.state["choice"]["number"]
    return {"type": "apply_selected", "number": number, "rows": [1], "at_once": 2, "canary": 1, "stop_after": 0, **more}


async def test_what_a_person_selects_is_applied_and_nothing_else(made):
    _, card, front = made
    choosing = asyncio.create_task(card.choose(4, 1, 0))
    await front.shows(lambda state: state["choice"] is not None)
    for wrong in ({"rows": []}, {"rows": [2]}, {"rows": [-1]}, {"rows": [7]}, {"number": 99}, {"at_once": -1}):
        front.say(answer(front, **wrong))
        await asyncio.sleep(0)
        assert not choosing.done(), wrong
    front.say(answer(front, rows=[1, 0, 1]))
    chosen = await choosing
    assert (chosen.names, chosen.at_once, chosen.canary, chosen.stop_after) == (("a", "b"), 2, 1, 0)
    assert front.state["choice"] is None


async def test_nothing_is_applied_where_a_person_cancels_the_choice(made):
    _, card, front = made
    choosing = asyncio.create_task(card.choose(0, 0, 0))
    await front.shows(lambda state: state["choice"] is not None)
    front.say({"type": "cancel"})
    with pytest.raises(RunCanceled, match="The plans still wait"):
        await choosing


async def test_an_interrupt_while_a_person_chooses_is_one(made):
    _, card, front = made
    choosing = asyncio.create_task(card.choose(0, 0, 0))
    await front.shows(lambda state: state["choice"] is not None)
    choosing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await choosing
