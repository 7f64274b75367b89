"""Secrets sealed by a page: only the key of the prompt that asks opens them, once; both languages do the same."""

import base64
import json
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ec import derive_private_key
from hypothesis import given
from hypothesis import strategies as st
from sealer import point, seal

from tfmfa_nb.model.errors import SecretUnreadable
from tfmfa_nb.model.redaction import Secret
from tfmfa_nb.protocol.codec import encode
from tfmfa_nb.protocol.sealing import OneTimeKey, open_sealed

VECTORS = json.loads((Path(__file__).parents[1] / "fixtures" / "sealing_vectors.json").read_text())
CODE = "492 817"


def private_key(jwk):
    """A private key as WebCrypto has it."""
    return derive_private_key(int.from_bytes(base64.urlsafe_b64decode(jwk["d"] + "=")), ec.SECP256R1())


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["name"])
def test_what_the_page_seals_is_opened(vector):
    """The same vectors hold the page's language to it: labextension/test/sealing.test.ts."""
    kernel, page = private_key(vector["kernel"]), private_key(vector["page"])
    key = {"id": vector["id"], "key": base64.b64encode(point(kernel)).decode()}
    assert key["key"] == vector["key"]
    assert seal(vector["text"], vector["field"], key, page) == vector["sealed"]
    assert open_sealed(vector["sealed"], kernel, vector["field"], vector["id"]) == vector["text"]


@given(st.sampled_from(["code", "secret"]), st.text(st.characters(codec="utf-8"), max_size=64))
def test_a_secret_comes_back_as_it_was_typed_without_spaces_around_it(field, text):
    key = OneTimeKey(field)
    opened = key.open(seal(text, field, encode(key.public)))
    assert isinstance(opened, Secret)
    assert opened.reveal() == text.strip()


def test_each_prompt_has_a_key_of_its_own():
    keys = [OneTimeKey("code").public for _ in range(3)]
    assert len({key.id for key in keys}) == len({key.key for key in keys}) == 3


def test_a_key_opens_once():
    key = OneTimeKey("code")
    sealed = seal(CODE, "code", encode(key.public))
    assert key.open(sealed).reveal() == CODE
    with pytest.raises(SecretUnreadable, match="could not be decrypted"):
        key.open(sealed)


def test_a_key_that_failed_to_open_one_answer_opens_no_other():
    key = OneTimeKey("code")
    sealed = seal(CODE, "code", encode(key.public))
    for answer in ("", sealed):
        with pytest.raises(SecretUnreadable):
            key.open(answer)


def test_a_key_that_was_forgotten_opens_nothing():
    key = OneTimeKey("code")
    sealed = seal(CODE, "code", encode(key.public))
    key.forget()
    with pytest.raises(SecretUnreadable):
        key.open(sealed)


def test_what_is_sealed_for_another_prompt_or_field_is_not_opened():
    one, two = OneTimeKey("code"), OneTimeKey("code")
    with pytest.raises(SecretUnreadable):
        one.open(seal(CODE, "code", encode(two.public)))
    for field, key in (
        ("secret", encode(two.public)),
        ("code", {**encode(two.public), "id": one.public.id}),
    ):
        with pytest.raises(SecretUnreadable):
            two.open(seal(CODE, field, key))
        two = OneTimeKey("code")


@given(st.data())
def test_a_change_anywhere_is_noticed(data):
    key = OneTimeKey("code")
    sealed = bytearray(base64.b64decode(seal(CODE, "code", encode(key.public))))
    sealed[data.draw(st.integers(0, len(sealed) - 1))] ^= data.draw(st.integers(1, 255))
    with pytest.raises(SecretUnreadable):
        key.open(base64.b64encode(sealed).decode())


@given(st.text() | st.binary().map(lambda sealed: base64.b64encode(sealed).decode()))
def test_nothing_else_is_opened_and_the_error_quotes_nothing(answer):
    with pytest.raises(SecretUnreadable) as caught:
        OneTimeKey("code").open(answer)
    assert str(caught.value) == (
        "The MFA code could not be decrypted: it was changed on its way, or it belongs to an earlier prompt. "
        "It was not used; try again."
    )
    assert caught.value.__cause__ is caught.value.__context__ is None  # no frame that has seen a part of it


@pytest.mark.parametrize(("field", "most"), [("code", 64), ("secret", 4_096)])
def test_what_nobody_typed_counts_as_empty(field, most):
    for length, kept in ((most, most), (most + 1, 0)):
        key = OneTimeKey(field)
        assert len(key.open(seal("9" * length, field, encode(key.public))).reveal()) == kept


def test_no_repr_shows_a_private_key():
    key = OneTimeKey("code")
    assert repr(key) == "OneTimeKey(code)"
    with pytest.raises(TypeError):
        vars(key)
