import base64
import copy
import pickle
import traceback

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tfmfa_nb.model.errors import RunCanceled
from tfmfa_nb.model.redaction import MASK, Redactor, Secret

PLANTED = "wJalrXUtnFEMI/K7MDENG+planted"


def test_nothing_shows_a_secret():
    secret = Secret(PLANTED)
    assert PLANTED not in repr(secret) + str(secret) + f"{secret} {secret!r} {secret:>40}" + repr([secret])
    assert f"{secret:>40}" == str(secret) == f"Secret{MASK}"
    assert secret
    assert secret.reveal() == PLANTED
    for leak in (lambda: pickle.dumps(secret), lambda: copy.copy(secret), lambda: copy.deepcopy(secret)):
        with pytest.raises(TypeError):
            leak()
    with pytest.raises(TypeError):
        vars(secret)


def test_a_forgotten_secret_is_gone():
    secret = Secret(PLANTED)
    kept = secret.duplicate()
    secret.forget()
    assert not secret
    assert secret.reveal() == ""
    assert kept.reveal() == PLANTED


@given(st.lists(st.text(min_size=6, max_size=30), min_size=1, max_size=5), st.text(max_size=20))
def test_no_known_value_passes_the_gate(values, between):
    redact = Redactor(map(Secret, values))
    cleaned = redact(between.join([*values, between]))
    for value in values:
        for line in value.splitlines():
            if len(line) >= 6 and line not in MASK and not between:
                assert line not in cleaned.replace(MASK, "")


@given(st.text())
def test_other_text_passes_unchanged(text):
    assert Redactor([Secret(PLANTED)])(text) == Redactor()(text) == Redactor([Secret("short")])(text) == text


def test_the_longer_of_two_nested_values_goes_whole():
    assert Redactor([Secret("abcdef"), Secret("abcdefghij")])("<abcdefghij abcdef>") == f"<{MASK} {MASK}>"


@pytest.mark.parametrize("before", ["", "a", "ab", "abc", '{"token":"'])
@pytest.mark.parametrize("encode", [base64.b64encode, base64.urlsafe_b64encode])
def test_a_key_in_base64_is_masked_wherever_it_stands_in_the_text(before, encode):
    key = "?>~?>~" + PLANTED  # which is "+" and "/", or "-" and "_"
    encoded = encode(f"{before}{key}{before}".encode()).decode()
    shown = Redactor(keys=[Secret(key)])(f"<{encoded}>")
    assert MASK in shown
    assert len(shown.replace(MASK, "")) <= len(encoded) - len(encode(key.encode()).rstrip(b"=")) + 6


@pytest.mark.parametrize("length", [12, 13, 14, len(PLANTED)])
@pytest.mark.parametrize("before", range(4))
@pytest.mark.parametrize("after", range(1, 4))
def test_exactly_what_a_key_decides_of_base64_is_masked(length, before, after):
    """Characters that have bits of what stands beside the key differ with it, and are no character of a form."""
    key = PLANTED[:length]
    texts = [edge * before + key.encode() + edge * after for edge in (b"\0", b"\xff")]
    one, other = (base64.b64encode(text).decode().rstrip("=") for text in texts)
    decided = [place for place, pair in enumerate(zip(one, other, strict=True)) if pair[0] == pair[1]]
    assert Redactor(keys=[Secret(key)])(one) == one[: decided[0]] + MASK + one[decided[-1] + 1 :]


@given(st.integers(12, len(PLANTED)))
def test_the_beginning_of_a_key_is_masked_as_far_as_it_goes(length):
    redact = Redactor(keys=[Secret(PLANTED), Secret(PLANTED[:15] + "another")])
    assert redact(f"<{PLANTED[:length]}\u2026 {PLANTED[:15]}ano!>") == f"<{MASK}\u2026 {MASK}!>"
    assert redact(f"<{PLANTED[:length]}") == f"<{MASK}"  # as in a line that was cut


def test_what_may_be_no_key_is_left_alone():
    redact = Redactor([Secret(PLANTED)], keys=[Secret("short"), Secret("longer"), Secret(PLANTED)])
    assert redact(f"{PLANTED[:11]} short") == f"{PLANTED[:11]} short"
    assert redact("longer") == MASK
    assert Redactor([Secret(PLANTED)])(PLANTED[:20]) == PLANTED[:20]


def test_a_redactor_keeps_what_it_masks_to_itself():
    redact = Redactor([Secret(PLANTED)])
    assert (repr(redact), repr(Redactor())) == ("Redactor(active)", "Redactor(empty)")
    for leak in (lambda: pickle.dumps(redact), lambda: copy.copy(redact)):
        with pytest.raises(TypeError):
            leak()


def test_a_secret_of_several_lines_is_masked_in_each_of_them():
    """Output is read by lines: none of them holds the whole secret."""
    redact = Redactor([Secret("-----BEGIN KEY-----\nMIIEpAIBAAKCAQEA\nq3Yf0z\nAA==\n")])
    lines = ["key: -----BEGIN KEY-----", "  MIIEpAIBAAKCAQEA", "q3Yf0z.", "AA=="]
    assert [redact(line) for line in lines] == [f"key: {MASK}", f"  {MASK}", f"{MASK}.", "AA=="]


def test_an_error_shows_itself_in_one_line():
    error = RunCanceled("The plan was canceled.", "Nothing was changed.")
    assert error._render_traceback_() == ["RunCanceled: The plan was canceled. Nothing was changed."]
    assert "Nothing was changed." in "".join(traceback.format_exception_only(error))
