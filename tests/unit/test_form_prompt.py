import asyncio

import pytest
from front import HELLO, CardFront
from IPython.core.interactiveshell import InteractiveShell
from scripted_run import ScriptedRun, request

from tfmfa_nb.model.errors import PromptUnavailable, RunCanceled, RunDiscarded
from tfmfa_nb.model.statuses import Phase
from tfmfa_nb.prompts import CodeRequest
from tfmfa_nb.prompts.choice import choose_prompt
from tfmfa_nb.prompts.form import FormPrompt, NoFrontEnd
from tfmfa_nb.prompts.form_or_terminal import FormOrTerminalPrompt
from tfmfa_nb.views.card import RunCard
from tfmfa_nb.views.open_cards import open_card


class Person(CardFront):
    """Answers every question with the same message, or with the same code."""

    def __init__(self, card, message):
        super().__init__(card)
        self.card = card
        self.message, self.questions = message, []

    def receive(self, content):
        super().receive(content)
        question = content.get("question")
        if question and question not in self.questions:
            self.questions.append(question)
            typed = isinstance(self.message, str)
            answer = self.typed(self.message) if typed else {**self.message, "number": question["number"]}
            asyncio.get_running_loop().call_soon(self.say, answer)

    def arrive(self):
        self.say(dict(HELLO))


@pytest.fixture
async def asked():
    cards = []

    def make(message):
        card = RunCard(ScriptedRun())
        cards.append(card)
        person = Person(card, message)
        person.arrive()
        return FormPrompt(card), person

    yield make
    for card in cards:
        card.close()


async def test_the_code_is_what_was_typed(asked):
    prompt, person = asked("492 817")
    assert (await prompt.ask(request())).reveal() == "492 817"
    (question,) = person.questions
    assert question.pop("sealing_key")
    assert question == {
        "kind": "code",
        "phase": "plan",
        "button": "Authenticate and plan",
        "word": "",
        "text": 'MFA code for alice to plan in "staging":',
        "attempt": 1,
        "next_code_at": 0.0,
        "number": 1,
        "problem": "",
    }


async def test_after_a_refusal_the_card_knows_when_the_next_code_comes(asked):
    prompt, person = asked("492817")
    what = request(attempt=2, next_code_in=12)
    await prompt.ask(what)
    assert person.questions[0]["next_code_at"] == what.refusal.next_code_at > 0
    assert person.questions[0]["attempt"] == 2


@pytest.mark.parametrize(("kind", "error"), [("cancel", RunCanceled), ("discard", RunDiscarded)])
async def test_leaving_the_prompt_raises_what_it_means(asked, kind, error):
    prompt, _ = asked({"type": kind})
    with pytest.raises(error, match=r"was (canceled|discarded)"):
        await prompt.ask(request(phase="apply"))


@pytest.mark.parametrize(("kind", "agreed"), [("confirm", True), ("discard", False)])
async def test_a_confirmation_is_yes_or_no(asked, kind, agreed):
    prompt, person = asked({"type": kind})
    assert await prompt.confirm("Apply?") is agreed
    assert person.questions[0]["text"] == "Apply?"


async def test_a_confirmation_can_be_canceled(asked):
    prompt, _ = asked({"type": "cancel"})
    with pytest.raises(RunCanceled):
        await prompt.confirm("Apply?")


async def test_a_card_that_nobody_sees_asks_nobody():
    run = ScriptedRun()
    card = RunCard(run)
    prompt = FormPrompt(card, hello_timeout=0.01)
    for asking in (prompt.ask(request()), prompt.confirm("Apply?")):
        with pytest.raises(NoFrontEnd):
            await asking
    assert run.question == {}
    card.close()


async def test_a_card_that_is_closed_while_it_asks_cancels():
    run = ScriptedRun()
    card = RunCard(run)
    Person(card, {"type": "nothing"}).arrive()
    asking = asyncio.create_task(FormPrompt(card).ask(request()))
    while not run.question:  # noqa: ASYNC110 - a trait of the run
        await asyncio.sleep(0.01)
    card.close()
    with pytest.raises(RunCanceled):
        await asking


async def test_where_nobody_sees_the_card_the_terminal_says_why_it_asks_once(monkeypatch, capsys):
    asked = iter(["492817", "yes"])
    monkeypatch.setattr("getpass.getpass", lambda _: next(asked))
    card = RunCard(ScriptedRun())
    prompt = FormOrTerminalPrompt(FormPrompt(card, hello_timeout=0.01))
    assert (await prompt.ask(CodeRequest(Phase.PLAN, "staging", None, "", None, 1))).reveal() == "492817"
    assert await prompt.confirm("Apply?")
    assert capsys.readouterr().out == (
        "This front end does not display the run card (the JupyterLab extension tfmfa_nb is missing, disabled, or a "
        "different version), so the prompt is here.\n"
    )
    card.close()


async def test_where_the_policy_does_not_allow_the_terminal_it_asks_for_confirmations_only(monkeypatch):
    asked = iter(["yes"])
    monkeypatch.setattr("getpass.getpass", lambda _: next(asked))
    card = RunCard(ScriptedRun())
    own = FormOrTerminalPrompt(FormPrompt(card, hello_timeout=0.01))
    prompt = choose_prompt("auto", "", own, attended=True, allows={"form"}.__contains__, files="/etc/policy.toml")
    assert prompt is own
    for _ in range(2):
        with pytest.raises(PromptUnavailable, match=r'prompt "terminal" is not allowed .* Allowed: "form"[.]'):
            await prompt.ask(CodeRequest(Phase.PLAN, "staging", None, "", None, 1))
    assert await prompt.confirm("Apply?")
    card.close()


async def test_where_no_code_helps_the_form_for_the_variables_is_shown_and_no_code_is_asked_for(asked):
    prompt, person = asked({"type": "confirm"})
    shown = []
    prompt = FormPrompt(person.card, show_variables=lambda: shown.append("form"))
    for attempt in (1, 2):
        answer = await prompt.ask(request(attempt=attempt, wrong_variables=True))
        assert not answer  # the variables are read again
    assert shown == ["form"]
    question = person.questions[0]
    assert (question["kind"], question["button"]) == ("confirm", "Try again")
    assert "in the form below" in question["text"]


async def test_a_word_that_was_not_typed_confirms_nothing():
    run = ScriptedRun()
    card = RunCard(run)
    person = Person(card, {"type": "nothing"})
    person.arrive()
    asking = asyncio.create_task(FormPrompt(card).confirm("Destroy?", word="staging"))
    while not person.questions:  # noqa: ASYNC110 - a message of the card
        await asyncio.sleep(0.01)
    number = person.questions[0]["number"]
    for word in ("", "yes", "Staging"):
        person.say({"type": "confirm", "number": number, "word": word})
    await asyncio.sleep(0)
    assert not asking.done()
    person.say({"type": "confirm", "number": number, "word": "staging"})
    assert await asking
    card.close()


async def test_an_open_card_can_be_shown_again_and_reads_as_the_run_where_there_are_no_widgets():
    run = ScriptedRun()
    card = RunCard(run)
    assert open_card(run) == card.model_id
    bundle, _ = InteractiveShell.instance().display_formatter.format(card)
    first, _, rest = bundle["text/plain"].partition(" Full log: ")
    assert first == "Terraform run run-20261124-101500-3f9c in staging: Pending."
    assert rest.startswith("staging/")
    card.close()
    assert open_card(run) == ""
