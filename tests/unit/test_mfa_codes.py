import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tfmfa_nb.authentication.mfa_codes import UsedCodes, parse_code
from tfmfa_nb.authentication.refusal import RefusalKind, Refused, next_code_at
from tfmfa_nb.model.redaction import Secret


@pytest.fixture
def clock(monkeypatch):
    """A clock that is moved by hand."""
    now = [1_800_000_007.5]
    monkeypatch.setattr(time, "time", lambda: now[0])
    return now


@pytest.mark.parametrize("text", ["123456", "123 456", " 123-456\n", "1 2 3 4 5 6", "123\u00a0456"])
def test_a_code_as_people_type_it(text):
    assert parse_code(text).reveal() == "123456"


@pytest.mark.parametrize("text", ["", "  ", "12345", "1234567", "12345a", "１２３４５６", "123,456", "pass word 1"])
def test_text_that_is_not_a_code_is_refused_and_dropped(text):
    with pytest.raises(Refused) as caught:
        parse_code(text)
    refusal = caught.value.refusal
    assert refusal.kind is RefusalKind.MALFORMED
    assert (refusal.code_spent, refusal.next_code_at) == (False, 0.0)
    frame = caught.value.__traceback__.tb_next
    while frame:
        assert {"text", "digits"}.isdisjoint(frame.tb_frame.f_locals)
        frame = frame.tb_next
    if text.strip():
        assert text not in str(caught.value)


@given(st.text())
def test_any_text_is_six_digits_or_refused(text):
    try:
        assert len(parse_code(text).reveal()) == 6
    except Refused as error:
        assert error.refusal.remedy == "Enter the six digits that your device shows."


@given(st.text(alphabet="0123456789", min_size=6, max_size=6), st.lists(st.sampled_from(" -\t\n"), max_size=6))
def test_spaces_and_hyphens_are_ignored(digits, blanks):
    text = digits
    for place, blank in enumerate(blanks):
        text = text[: place * 2] + blank + text[place * 2 :]
    assert parse_code(text).reveal() == digits


def test_a_used_code_is_refused_until_aws_would_not_take_it_anyway(clock):
    used, code = UsedCodes(), Secret("123456")
    used.refuse_if_used("device", code)
    used.remember("device", code)
    with pytest.raises(Refused) as caught:
        used.refuse_if_used("device", Secret("123456"))
    refusal = caught.value.refusal
    assert refusal.kind is RefusalKind.USED
    assert refusal.code_spent
    assert refusal.next_code_at == 1_800_000_030
    used.refuse_if_used("device", Secret("654321"))
    used.refuse_if_used("another device", code)
    clock[0] += 89
    with pytest.raises(Refused):
        used.refuse_if_used("device", code)
    clock[0] += 2
    used.refuse_if_used("device", code)


def test_a_remedy_on_screen_does_not_go_stale(clock):
    used, code = UsedCodes(), Secret("123456")
    used.remember("device", code)
    sentences = set()
    for _ in range(3):
        with pytest.raises(Refused) as caught:
            used.refuse_if_used("device", code)
        sentences.add(str(caught.value))
        clock[0] += 20
    assert len(sentences) == 1
    assert not any(char.isdigit() for char in sentences.pop())


def held(kept):
    """Every bytes object in a value, as a dump of the memory would show it."""
    if isinstance(kept, bytes):
        return {kept}
    parts = [*kept.keys(), *kept.values()] if isinstance(kept, dict) else kept if isinstance(kept, (list, set)) else ()
    return set().union(*map(held, parts))


def test_expired_codes_are_dropped(clock):
    used = UsedCodes()
    for number in range(1000):
        used.remember("device", Secret(f"{number:06}"))
        clock[0] += 10
    assert 9 <= len(held(vars(used))) <= 11


def test_codes_are_kept_as_digests_of_one_process_only():
    one, other = UsedCodes(), UsedCodes()
    for used in (one, other):
        used.remember("device", Secret("123456"))
    assert len(held(vars(one))) >= 2  # salt and digest
    assert not held(vars(one)) & held(vars(other))
    assert "123456" not in repr(vars(one))


@pytest.mark.parametrize(("now", "then"), [(0.0, 30.0), (29.999, 30.0), (30.0, 60.0), (59.5, 60.0)])
def test_the_next_code_comes_with_the_next_half_minute(monkeypatch, now, then):
    monkeypatch.setattr(time, "time", lambda: now)
    assert next_code_at() == then
