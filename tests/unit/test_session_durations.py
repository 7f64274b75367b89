import pytest

from tfmfa_nb.authentication.refusal import Cause
from tfmfa_nb.authentication.session_durations import chained_duration_refusal, format_duration, session_length_warning
from tfmfa_nb.model.roles import RoleChain, RoleHop

ROLE = "arn:aws:iam::123456789012:role/it"


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0 s"),
        (59, "59 s"),
        (900, "15 min"),
        (3600, "1 h"),
        (5400, "1 h 30 min"),
        (43_200, "12 h"),
        (3661, "1 h 1 min 1 s"),
    ],
)
def test_a_duration_in_words(seconds, words):
    assert format_duration(seconds) == words


@pytest.mark.parametrize(
    ("seconds", "number", "refused"),
    [(43_200, 0, False), (3600, 1, False), (None, 1, False), (3601, 1, True), (43_200, 4, True)],
)
def test_only_a_role_from_a_role_is_known_to_be_bound_to_an_hour(seconds, number, refused):
    refusal = chained_duration_refusal(RoleHop(ROLE, duration_seconds=seconds), number)
    assert bool(refusal) is refused
    if refusal:
        assert refusal.cause is Cause.DURATION
        assert ROLE in refusal.problem
    assert chained_duration_refusal(RoleHop(None, "local.x", duration_seconds=seconds), number) is None


def chains(*seconds):
    return [
        RoleChain("aws.none"),
        *(RoleChain(f"aws.a{one}", (RoleHop(ROLE, duration_seconds=one),), f"main.tf:{one}") for one in seconds),
    ]


@pytest.mark.parametrize(
    ("hops", "session", "note"),
    [
        ((), 900, ""),
        ((None,), 900, ""),
        ((3600,), 3600, ""),
        ((3600, 7200), 3600, "2 h"),
        ((1800,), 900, "30 min"),
    ],
)
def test_a_session_too_short_to_renew_a_role_is_reported(hops, session, note):
    said = session_length_warning(chains(*hops), session)
    assert bool(said) is bool(note)
    if note:
        assert (
            f"The MFA session lasts {format_duration(session)}, but the longest role session of aws.a{max(hops)}"
            in said
        )
        assert f"(main.tf:{max(hops)}) lasts {note}." in said
        assert f"Set session_duration to {max(hops)} or more" in said
