import asyncio
import gc
import json
import pickle
import threading
import time
import weakref

import pytest
from front import HELLO, UNSEALED_HELLO, CardFront
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ipywidgets import Widget
from scripted_plan import everything
from scripted_run import PLAN, ScriptedRun

from tfmfa_nb.model.check_results import CheckResult
from tfmfa_nb.model.errors import RunStateError
from tfmfa_nb.model.redaction import Secret
from tfmfa_nb.protocol.messages import PROTOCOL
from tfmfa_nb.protocol.sealing import OneTimeKey
from tfmfa_nb.views.card import Answer, RunCard
from tfmfa_nb.views.wording import status_words

CODE = "492817"
ASK = {"kind": "code", "phase": "plan", "text": "MFA code:", "attempt": 1}
CONFIRM = {"kind": "confirm", "phase": "apply", "text": "Apply?", "attempt": 1}


@pytest.fixture
async def made(caplog):
    """Makes a card of a run and its front end; what a message makes it raise, ipywidgets only logs."""
    cards = []

    def make(run=None):
        card = RunCard(run or ScriptedRun(PLAN))
        cards.append(card)
        return card, CardFront(card)

    yield make
    for card in cards:
        card.close()
    assert caplog.get_records("call") == []


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
KINDS = [
    *("hello", "lines", "find", "text", "plan_rows", "authenticate", "unsealed_code", "confirm", "cancel"),
    *("kill", "discard"),
]
MESSAGES = JSON | st.fixed_dictionaries(
    {"type": st.sampled_from(KINDS) | JSON},
    optional={
        **dict.fromkeys(["start", "stop", "line", "row", "skip", "position", "columns"], st.integers() | JSON),
        "kind": st.sampled_from(["text", "error"]),
        "text": st.text(max_size=8),
        "brief": st.booleans(),
        **dict.fromkeys(["protocol", "number", "sealed", "code"], JSON),
    },
)


@settings(deadline=None, max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(message=MESSAGES)
async def test_no_message_makes_the_card_raise(made, caplog, message):
    _, front = made()
    front.say(message)
    assert caplog.text == ""
    if isinstance(message, dict):
        assert "code" not in message
    assert all(len(lines["lines"]) <= len(PLAN) for lines in front.of("lines"))


@pytest.mark.parametrize("seals", [True, False])
async def test_a_code_stays_nowhere(made, caplog, seals):
    run = ScriptedRun(PLAN)
    card, front = made(run)
    front.say(HELLO if seals else UNSEALED_HELLO)
    asking = asyncio.create_task(card.ask(ASK))
    await front.asked(1)
    message = front.typed(CODE) if seals else {"type": "unsealed_code", "number": 1, "code": CODE}
    front.say(message)
    answer = await asking
    assert answer.kind == "code"
    assert answer.code.reveal() == CODE
    assert "code" not in message
    with pytest.raises(TypeError):
        pickle.dumps(answer)
    seen = [repr(answer), repr(card), repr(vars(card)), card.get_state(), Widget.get_manager_state(), front.sent]
    assert CODE not in repr([*seen, message]) + caplog.text
    assert CODE not in repr(run.trait_values())


async def test_a_code_beside_any_other_message_is_dropped_unseen(made):
    card, front = made()
    for kind in ("hello", "lines", "confirm", "authenticate", "unsealed_code", "nothing", None, ["authenticate"]):
        message = {"type": kind, "code": CODE, "number": 0}
        front.say(message)
        assert "code" not in message
    assert CODE not in repr([front.sent, vars(card)])


@pytest.mark.parametrize("code", [None, 7, ["1"], {"a": 1}, "9" * 65])
async def test_what_is_no_typed_code_counts_as_an_empty_one(made, code):
    card, front = made()
    front.say(UNSEALED_HELLO)
    asking = asyncio.create_task(card.ask(ASK))
    await front.asked(1)
    front.say({"type": "unsealed_code", "number": 1, "code": code})
    assert (await asking).code.reveal() == ""


COULD_NOT_BE_DECRYPTED = (
    "The MFA code could not be decrypted: it was changed on its way, or it belongs to an earlier prompt. "
    "It was not used; try again."
)
ARRIVED_UNENCRYPTED = (
    "The MFA code arrived unencrypted, although this page can encrypt it. "
    "It was not used; reload the page, then try again."
)


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        (lambda good: {**good, "sealed": good["sealed"][:-8] + "AAAAAAA="}, COULD_NOT_BE_DECRYPTED),
        (lambda good: {**good, "sealed": "no Base64"}, COULD_NOT_BE_DECRYPTED),
        (lambda good: {"type": "authenticate", "number": good["number"]}, COULD_NOT_BE_DECRYPTED),
        (lambda good: {"type": "authenticate", "number": good["number"], "code": CODE}, ARRIVED_UNENCRYPTED),
        (lambda good: {**good, "code": CODE}, ARRIVED_UNENCRYPTED),
        (lambda good: {"type": "unsealed_code", "number": good["number"], "code": CODE}, ARRIVED_UNENCRYPTED),
    ],
    ids=["changed", "nonsense", "nothing", "not sealed", "sealed and not", "said to be unsealed"],
)
async def test_an_answer_that_cannot_be_read_is_asked_for_again_with_the_reason(made, answer, problem):
    run = ScriptedRun()
    card, front = made(run)
    front.say(HELLO)
    asking = asyncio.create_task(card.ask(ASK))
    await front.asked(1)
    key = front.state["question"]["sealing_key"]
    front.say(answer(front.typed(CODE)))
    await front.asked(2)
    question = front.state["question"]
    assert question["sealing_key"]["id"] != key["id"]
    assert question["sealing_key"]["key"] != key["key"]
    assert (question["problem"], question["attempt"], question["text"]) == (problem, 1, ASK["text"])
    assert run.question == ASK  # the run knows of no other question
    front.say(front.typed("111111"))
    assert (await asking).code.reveal() == "111111"


async def test_an_answer_is_good_for_its_own_question_only(made):
    """Given again, under its own number or a later one, or on another card."""
    card, front = made()
    asking = asyncio.create_task(card.ask(ASK))
    await front.asked(1)
    first = front.typed(CODE)
    front.say(dict(first))
    assert (await asking).code.reveal() == CODE
    asking = asyncio.create_task(card.ask({**ASK, "attempt": 2}))
    await front.asked(2)
    front.say(dict(first))  # its question is over
    front.say({**first, "number": 2})
    await front.asked(3)
    assert front.state["question"]["problem"] == COULD_NOT_BE_DECRYPTED
    other, front_of_other = made()
    asked = asyncio.create_task(other.ask(ASK))
    await front_of_other.asked(1)
    front_of_other.say({**front.typed(CODE), "number": 1})
    await front_of_other.asked(2)
    front_of_other.say(front_of_other.typed("222222"))
    assert (await asked).code.reveal() == "222222"
    front.say(front.typed("111111"))
    assert (await asking).code.reveal() == "111111"


async def test_a_page_that_cannot_encrypt_does_not_keep_another_one_from_it(made):
    card, front = made()
    for hello in (UNSEALED_HELLO, HELLO):
        front.say(hello)
    for number in (1, 2):
        asking = asyncio.create_task(card.ask(ASK))
        await front.asked(number)
        front.say(front.typed(CODE) if number == 1 else {"type": "unsealed_code", "number": 2, "code": CODE})
        assert (await asking).code.reveal() == CODE


async def test_a_front_end_of_another_version_cannot_switch_the_encryption_off(made):
    card, front = made()
    front.say({**UNSEALED_HELLO, "protocol": PROTOCOL - 1})
    asking = asyncio.create_task(card.ask(ASK))
    await front.asked(1)
    front.say({"type": "unsealed_code", "number": 1, "code": CODE})
    await front.asked(2)
    assert front.state["question"]["problem"] == ARRIVED_UNENCRYPTED
    front.say(front.typed(CODE))
    assert (await asking).code.reveal() == CODE


@pytest.mark.parametrize("end", ["answered", "canceled", "given up", "closed"])
async def test_when_the_prompt_ends_its_private_key_is_gone(made, end):
    def keys():
        gc.collect()
        return [each for each in gc.get_objects() if isinstance(each, OneTimeKey)]

    card, front = made()
    assert keys() == []
    asking = asyncio.create_task(card.ask(ASK))
    await front.asked(1)
    assert len(keys()) == 1
    if end == "answered":
        front.say(front.typed(CODE))
    elif end == "canceled":
        front.say({"type": "cancel"})
    elif end == "given up":
        asking.cancel()
    else:
        card.close()
    await asyncio.wait([asking])
    assert keys() == []


async def test_only_a_question_for_a_code_has_a_key(made):
    card, front = made()
    asking = asyncio.create_task(card.ask(CONFIRM))
    await front.asked(1)
    assert "sealing_key" not in front.state["question"]
    front.say({"type": "confirm", "number": 1})
    await asking


@pytest.mark.parametrize("number", [0, 1, None, "2", [2], 3])
async def test_an_answer_to_another_question_is_ignored(made, number):
    card, front = made()
    first = asyncio.create_task(card.ask(ASK))
    await front.asked(1)
    typed = front.typed(CODE)
    front.say(dict(typed))
    await first
    second = asyncio.create_task(card.ask({**ASK, "attempt": 2}))
    await front.asked(2)
    front.say({**typed, "number": number})
    front.say({"type": "authenticate", "sealed": typed["sealed"]})
    front.say(front.typed("111111"))
    assert (await second).code.reveal() == "111111"


async def test_an_answer_may_come_on_another_thread(made):
    card, front = made()
    asking = asyncio.create_task(card.ask(ASK))
    await front.asked(1)
    asyncio.get_running_loop().set_debug(True)  # which refuses what is not safe between threads
    thread = threading.Thread(target=front.say, args=[front.typed(CODE)])
    thread.start()
    assert (await asyncio.wait_for(asking, 60)).code.reveal() == CODE
    thread.join()


async def test_the_second_of_two_answers_is_ignored(made):
    card, front = made()
    asking = asyncio.create_task(card.ask(ASK))
    await front.asked(1)
    for answer in [front.typed(code) for code in (CODE, "111111")]:
        front.say(answer)
    assert (await asking).code.reveal() == CODE


@pytest.mark.parametrize(("question", "kind"), [(ASK, "confirm"), (CONFIRM, "authenticate")])
async def test_a_question_takes_only_its_own_kind_of_answer(made, question, kind):
    card, front = made()
    asking = asyncio.create_task(card.ask(question))
    await front.asked(1)
    front.say({"type": kind, "number": 1, "sealed": "", "code": CODE})
    front.say({"type": "discard", "number": 1})
    assert await asking == Answer("discard")


async def test_canceling_answers_whatever_is_asked(made):
    for cancel in (
        lambda run, _: run.cancel(),
        lambda _, front: front.say({"type": "cancel"}),
        lambda run, _: threading.Thread(target=run.cancel).start(),
    ):
        run = ScriptedRun()
        card, front = made(run)
        asking = asyncio.create_task(card.ask(ASK))
        await front.asked(1)
        cancel(run, front)
        assert await asyncio.wait_for(asking, 60) == Answer("cancel")
        assert await card.ask(ASK) == Answer("cancel")  # it is being canceled already
        assert run.question == {}


async def test_a_question_that_is_given_up_is_taken_off_the_card(made):
    card, front = made()
    asking = asyncio.create_task(card.ask(ASK))
    await front.asked(1)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    typed = front.typed(CODE)
    await front.shows(lambda state: state["question"] is None)
    front.say(typed)


async def test_a_press_too_late_is_no_error(made):
    run = ScriptedRun()

    def refuse():
        raise RunStateError("The run is applied.")

    run.cancel = run.kill = run.discard = refuse
    _, front = made(run)
    for kind in ("cancel", "kill", "discard"):
        front.say({"type": kind})
    await front.shows(lambda state: state["status"] == "pending")


async def test_two_cards_of_one_run_ask_each_for_itself(made):
    run = ScriptedRun()
    (one, front_one), (two, front_two) = made(run), made(run)
    first = asyncio.create_task(one.ask(ASK))
    await front_one.asked(1)
    front_two.say(HELLO)
    assert front_two.state["question"] is None
    front_two.say(front_one.typed(CODE))
    second = asyncio.create_task(two.ask(CONFIRM))
    await front_two.asked(1)
    front_one.say(HELLO)
    assert front_one.state["question"]["kind"] == "code"
    front_one.say(front_one.typed(CODE))
    assert (await first).code.reveal() == CODE
    assert run.question == CONFIRM
    front_two.say({"type": "confirm", "number": 1})
    assert await second == Answer("confirm")
    assert run.question == {}


async def test_pushes_are_paced_however_many_threads_change_however_much(made):
    run = ScriptedRun()
    _, front = made(run)
    clock, enough = asyncio.get_running_loop().time, threading.Event()

    def change():
        number = 0
        while not enough.is_set():
            number += 1
            run.log_lines = number
            run.progress = {"done": number, "total": 10**9, "current": []}
            time.sleep(0.001)  # else the loop hardly gets a turn, and pushes little for that

    began = clock()
    changing = [asyncio.create_task(asyncio.to_thread(change)) for _ in range(3)]
    await front.shows(lambda state: state["seq"] == 5)
    enough.set()
    await asyncio.gather(*changing)
    await front.shows(lambda state: state["progress"]["done"] == run.progress["done"])
    assert len(front.sent) <= (clock() - began) / 0.1 + 2
    assert [state["seq"] for state in front.of("state")] == list(range(1, len(front.sent) + 1))


async def test_a_state_is_bounded_and_readable(made):
    long = "\u202e" * 100_000
    run = ScriptedRun(
        roles=[{"provider": "aws", "place": "", "hops": [{"arn": "a", "state": "refused", "message": long}] * 100}] * 3,
        notes=[long] * 1000,
        error=long,
        error_documents=[{"title": long, "text": long}] * 100,
        policy_checks=[CheckResult("a", output=long, command=long)] * 100,
        progress={"done": 1, "total": 5000, "current": [{"address": "a", "action": "create", "start": 1.0}] * 5000},
        started_at=1.0,
    )
    _, front = made(run)
    front.say(HELLO)
    state = json.dumps(front.state)
    assert len(state) < 1_000_000
    assert "\\u202e" not in state
    assert front.state["progress"]["more"] == 4950


@pytest.mark.parametrize("unit", ["x", "\u202e", "\x1b[31mx\x1b[32my", '"', "漢"])
async def test_an_answer_of_lines_is_bounded_and_the_rest_can_be_asked_for(made, unit):
    _, front = made(ScriptedRun([unit * 5000] * 2000))
    start = 0
    for _ in range(5):
        front.say({"type": "lines", "start": start, "stop": 10**12})
        answer = front.of("lines")[-1]
        assert answer["start"] == start
        assert 1 <= len(answer["lines"]) <= 600
        assert len(json.dumps(answer)) < 400_000
        start += len(answer["lines"])


async def test_every_line_of_a_long_log_can_be_pulled(made):
    log = [f"{number:06d} " + "x" * 93 for number in range(100_000)]
    _, front = made(ScriptedRun(log))
    pulled = []
    while len(pulled) < len(log):
        front.say({"type": "lines", "start": len(pulled), "stop": len(pulled) + 500})
        (answer,) = front.of("lines")
        assert answer["lines"]
        pulled += answer["lines"]
        front.sent.clear()
    assert pulled == log


async def test_lines_are_text_or_pieces_with_classes_and_end_where_the_log_does(made):
    _, front = made(ScriptedRun(["plain <b>", "\x1b[32m+\x1b[0m create", ""]))
    front.say({"type": "lines", "start": -7, "stop": 99})
    assert front.of("lines")[-1]["lines"] == ["plain <b>", [["+", "green"], [" create", ""]], []]
    front.say({"type": "lines", "start": 10**30, "stop": 10**31})
    assert front.of("lines")[-1]["lines"] == []


async def test_a_log_that_was_deleted_is_an_empty_answer(made):
    run = ScriptedRun(["a"])

    def gone(*_):
        raise FileNotFoundError

    run.log_text = gone
    _, front = made(run)
    front.say({"type": "lines", "start": 0, "stop": 1})
    assert front.of("lines")[-1]["lines"] == []


async def test_the_workspace_is_shown(made):
    card, front = made(ScriptedRun(workspace="prod"))
    card.flush()
    assert front.of("state")[-1]["workspace"] == "prod"


async def test_a_failed_check_is_shown_before_the_notes(made):
    run = ScriptedRun(notes=["a note"])
    _, front = made(run)
    front.say(HELLO)
    run.failed_checks = [
        {"name": "healthy", "place": "main.tf:5", "message": "The site does not answer."},
        {"name": "", "place": "main.tf:9", "message": "Check block assertion failed"},
    ]
    told = [
        "main.tf:5: The check healthy failed: The site does not answer.",
        "main.tf:9: Check block assertion failed",
        "a note",
    ]
    await front.shows(lambda state: state["notes"] == told)
    assert front.state["warning"] == "2 checks failed"  # beside the status, which does not say so
    assert status_words(run).endswith(", 2 checks failed")
    run.failed_checks = [{"name": "\u202ex" * 1000, "place": "y", "message": "z" * 10_000}] * 50
    await front.shows(lambda state: state["notes"][5:] == ["45 more checks failed; see the log.", "a note"])
    assert "\\u202e" not in json.dumps(front.state)


async def test_widget_state_holds_nothing_of_the_run(made):
    run = ScriptedRun(["planted line"], environment="planted", lock_indicator_text="planted", error="planted")
    card, front = made(run)
    before = card.get_state()
    asking = asyncio.create_task(card.ask({**ASK, "text": "planted"}))
    await front.asked(1)
    front.say({"type": "lines", "start": 0, "stop": 1})
    run.show("refused")
    run.notes = ["planted"]
    await front.shows(lambda state: state["notes"] == ["planted"])
    assert card.get_state() == before
    saved = repr(Widget.get_manager_state(drop_defaults=False))
    assert not any(word in saved for word in ("planted", "alice", "123456789012", run.id))
    card.flush()
    asking.cancel()


async def test_closing_answers_the_question_and_nothing_is_sent_or_done_any_more(made):
    run = ScriptedRun()
    card, front = made(run)
    asking = asyncio.create_task(card.ask(ASK))
    await front.asked(1)
    card.close()
    card.close()
    assert await asking == Answer("cancel")
    sent = len(front.sent)
    _, other = made(run)
    other.say(HELLO)  # from here on its pushes come after those that the closed card would make
    run.status = "planning"
    front.say(HELLO)
    front.say({"type": "cancel"})
    await other.shows(lambda state: state["status"] == "planning")
    assert len(front.sent) == sent
    assert run.calls == []


async def test_a_run_does_not_keep_a_card_that_is_closed():
    run = ScriptedRun()
    card = RunCard(run)
    front = CardFront(card)
    run.status = "planning"
    await front.shows(lambda state: state["status"] == "planning")
    kept = weakref.ref(card)
    card.close()
    del card, front
    gc.collect()
    assert kept() is None


async def test_a_card_that_nobody_shows_is_not_waited_for(made):
    card, front = made()
    assert not await card.wait_for_front_end(0.01)
    front.say({**HELLO, "protocol": PROTOCOL + 1})  # a front end that does not know what is said next
    assert not await card.wait_for_front_end(0.01)
    front.say(HELLO)
    assert await card.wait_for_front_end(0.01)


def test_a_loop_that_has_ended_does_not_end_the_run():
    run = ScriptedRun()

    async def make():
        return RunCard(run)

    card = asyncio.run(make())
    run.status = "planning"
    card.close()


def test_an_answer_shows_no_code():
    assert CODE not in repr(Answer("code", Secret(CODE)))


PLAN_ROWS = {"type": "plan_rows", "query": 7, "start": 0, "stop": 80, "view": {"grouping": "module"}}


async def test_a_plan_is_shown_as_soon_as_it_is_known(made):
    run = ScriptedRun(PLAN)
    _, front = made(run)
    front.say(HELLO)
    front.say(PLAN_ROWS)
    assert not front.state["has_plan"]
    assert front.of("plan_rows") == []
    run.know(everything())
    await front.until(lambda message: message["type"] == "state" and message["has_plan"])
    front.say(PLAN_ROWS)
    (answer,) = front.of("plan_rows")
    assert (answer["query"], answer["changes"], answer["total"]) == (7, 8, 19)
