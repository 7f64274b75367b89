import pytest

from tfmfa_nb.authentication.refusal import Cause
from tfmfa_nb.authentication.session_durations import duration_refusal, format_duration, session_length_warning
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
    ("seconds", "refused"), [(None, False), (900, False), (3600, False), (3601, True), (43_200, True)]
)
def test_no_role_has_a_session_of_more_than_an_hour(seconds, refused):
    refusal = duration_refusal(RoleHop(ROLE, duration_seconds=seconds, place="main.tf:4"))
    assert bool(refusal) is refused
    if refusal:
        assert refusal.cause is Cause.DURATION
        assert refusal.problem.startswith(
            f"main.tf:4: {ROLE} cannot be assumed: a session of {format_duration(seconds)}"
        )
        assert 'duration = "3600s"' in refusal.remedy
        assert 'duration = "3600s"' in refusal.documents[0].text
    assert duration_refusal(RoleHop(None, "local.x", duration_seconds=seconds)) is None


@pytest.mark.parametrize(("seconds", "refused"), [(0, False), (1, True), (899, True)])
def test_no_role_has_a_session_of_less_than_15_minutes(seconds, refused):
    refusal = duration_refusal(RoleHop(ROLE, duration_seconds=seconds, place="main.tf:4"))
    assert bool(refusal) is refused
    if refusal:
        assert refusal.cause is Cause.ARGUMENT
        assert "too short: AWS's minimum is 15 minutes" in refusal.problem
        assert 'duration = "900s"' in refusal.remedy
        assert 'duration = "900s"' in refusal.documents[0].text


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
        ((900, 3600), 1800, "1 h"),
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
