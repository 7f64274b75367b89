"""What each key of a policy file means, and which values of it are refused, each by its own name."""

import copy
from dataclasses import fields, replace
from pathlib import Path

import pytest

from tfmfa_nb.model.errors import ConfigurationError
from tfmfa_nb.model.levels import Level
from tfmfa_nb.organization.policy import LONGEST_SESSION, SHORTEST_SESSION, Layer
from tfmfa_nb.organization.policy_approvals import LONGEST_AGE, MOST_APPROVALS, SHORTEST_AGE, ApprovalRule
from tfmfa_nb.organization.policy_checks import LONGEST_CHECK, PolicyCheck
from tfmfa_nb.organization.policy_minimums import Minimum
from tfmfa_nb.organization.policy_notifications import NotificationRule, NotifiedEvent
from tfmfa_nb.organization.policy_parser import PolicyParser

PATH = Path("/etc/tfmfa_nb/policy.toml")
ROLE = "arn:aws:iam::111122223333:role/approver"
WHOLE = {
    "mfa": True,
    "owners": ["alice"],
    "default_level": "never",
    "confirm_destroy": False,
    "environments": {"prod-*": "plans and applies", "*": "applies only"},
    "minimum": [
        {
            "level": "plans and applies",
            "environments": ["e"],
            "paths": ["/p"],
            "workspaces": ["w"],
            "accounts": ["111122223333"],
            "roles": ["r"],
            "backend_keys": ["k"],
        },
        {"level": "applies only"},
    ],
    "policy_check": [
        {"name": "rules", "command": ["/bin/rules", "{plan}"], "timeout": 7, "environments": ["c"]},
        {"name": "cost", "command": ["/bin/cost"]},
    ],
    "session": {"shortest": 1_000, "longest": 2_000},
    "allow": {
        "accounts": ["444455556666"],
        "roles": ["arn:*"],
        "local_state": False,
        "bypasses": ["profile"],
        "prompts": ["form"],
        "endpoints": ["http://127.0.0.1:*"],
        "programs": ["/bin/program"],
        "providers": ["mycorp/aws"],
        "process_variables": ["PG*"],
        "proxies": False,
    },
    "audit": {
        "signing_key": "/etc/ssh/key",
        "signers": "~/signers",
        "sinks": ["journald"],
        "authorities": "/etc/authorities.pem",
    },
    "approvals": {
        "prod-*": {
            "apply": 2,
            "not_by_requester": False,
            "by": ["arn:aws:iam::1:user/*"],
            "role": ROLE,
            "maximum_age": 600,
            "other_changes": True,
        },
        "*": {"apply": 1},
    },
    "notification": [
        {
            "to": ["https://chat.example.com/x"],
            "key": "TFMFA_KEY",
            "events": ["errored"],
            "environments": ["n"],
            "authorities": "/etc/chat.pem",
        },
        {"to": ["command:/bin/tell"]},
    ],
}
PARSED = Layer(
    PATH,
    mfa=True,
    owners=("alice",),
    default_level=Level.NEVER,
    environments=(("prod-*", Level.PLANS_AND_APPLIES), ("*", Level.APPLIES_ONLY)),
    session_seconds=(1_000, 2_000),
    accounts=frozenset({"444455556666"}),
    roles=("arn:*",),
    local_state=False,
    confirm_destroy=False,
    proxies=False,
    bypasses=frozenset({"profile"}),
    approvals=(
        ApprovalRule(
            "prod-*",
            apply=2,
            not_by_requester=False,
            by=("arn:aws:iam::1:user/*",),
            role=ROLE,
            maximum_age=600,
            other_changes=True,
        ),
        ApprovalRule("*", apply=1),
    ),
    minimums=(
        Minimum(
            Level.PLANS_AND_APPLIES,
            environments=("e",),
            paths=("/p",),
            workspaces=("w",),
            accounts=("111122223333",),
            roles=("r",),
            backend_keys=("k",),
        ),
        Minimum(Level.APPLIES_ONLY),
    ),
    policy_checks=(
        PolicyCheck("rules", ("/bin/rules", "{plan}"), 7.0, ("c",), str(PATH)),
        PolicyCheck("cost", ("/bin/cost",), 300.0, None, str(PATH)),
    ),
    notifications=(
        NotificationRule(
            ("https://chat.example.com/x",), "TFMFA_KEY", (NotifiedEvent.ERRORED,), ("n",), Path("/etc/chat.pem")
        ),
        NotificationRule(("command:/bin/tell",), "", tuple(NotifiedEvent), None, None),
    ),
    prompts=frozenset({"form"}),
    endpoints=("http://127.0.0.1:*",),
    programs=("/bin/program",),
    providers=("mycorp/aws",),
    process_variables=("PG*",),
    signing_key="/etc/ssh/key",
    signers="~/signers",
    sinks=("journald",),
    authorities="/etc/authorities.pem",
    sha256="digest",
)


def parse(document):
    return PolicyParser(PATH).layer(document)


def test_each_key_means_what_it_says():
    assert PolicyParser(PATH).layer(WHOLE, "digest") == PARSED


def test_each_setting_of_a_layer_is_one_that_this_test_knows():
    """Else a new key could be read into the wrong one."""
    assert [field.name for field in fields(Layer) if getattr(PARSED, field.name) == field.default] == []


def test_what_is_not_there_demands_and_allows_nothing():
    assert parse({}) == Layer(PATH)
    assert parse({"session": {}, "allow": {}, "audit": {}, "approvals": {}, "minimum": []}) == Layer(PATH)
    for table in ("session", "allow", "audit"):
        kept = {key: value for key, value in WHOLE.items() if key != table}
        assert parse(kept) == replace(
            PARSED,
            sha256="",
            **{
                "session": {"session_seconds": (None, None)},
                "allow": dict.fromkeys(
                    ("accounts", "roles", "local_state", "bypasses", "prompts", "endpoints", "programs", "providers",
                     "process_variables", "proxies")
                ),
                "audit": dict.fromkeys(("signing_key", "signers", "sinks", "authorities")),
            }[table],
        )  # fmt: skip


def test_empty_lists_are_no_missing_ones():
    """They allow nothing, where a missing one allows everything."""
    names = ("accounts", "roles", "bypasses", "prompts", "endpoints", "programs", "providers", "process_variables")
    layer = parse({"owners": [], "allow": {name: [] for name in names}, "audit": {"sinks": []}})
    assert all(not getattr(layer, name) and getattr(layer, name) is not None for name in (*names, "owners", "sinks"))


def changed(place, value):
    """The whole document with another value, or None, at a place: "allow.roles", "minimum.0.level"."""
    document = copy.deepcopy(WHOLE)
    *way, last = (int(part) if part.isdigit() else part for part in place.split("/"))
    inner = document
    for part in way:
        inner = inner[part]
    inner[last] = value
    return document


STRINGS = (
    *("owners", *(f"allow/{name}" for name, value in WHOLE["allow"].items() if isinstance(value, list))),
    *("audit/sinks", "policy_check/0/command", "policy_check/1/environments", "notification/0/to"),
    *("notification/1/events", "notification/1/environments", "approvals/prod-*/by"),
    *(f"minimum/1/{name}" for name in WHOLE["minimum"][0] if name != "level"),
)
BOOLEANS = ("mfa", "confirm_destroy", "allow/local_state", "allow/proxies", "approvals/*/not_by_requester",
            "approvals/*/other_changes")  # fmt: skip
TABLES = ("session", "allow", "audit", "environments", "approvals", "approvals/*", "minimum/1", "policy_check/1",
          "notification/1")  # fmt: skip
WRONG = [
    *((place, value, "must be a list of non-empty strings") for place in STRINGS for value in ("x", [""], [1], 3)),
    *((place, value, f"{value!r} is not a boolean") for place in BOOLEANS for value in (0, 1, "true", [])),
    *((place, value, "must be a table") for place in TABLES for value in (1, [], "x")),
    *((place, {"level": 1}, "must be a list of tables") for place in ("minimum", "policy_check", "notification")),
    *((f"{place}/unknown", 1, "unknown key") for place in TABLES if place not in {"environments", "approvals"}),
    ("unknown", 1, "unknown key"),
    ("default_level", "always", "'always' is not a level"),
    ("environments/prod-*", "always", "'always' is not a level"),
    ("minimum/1/level", "always", "'always' is not a level"),
    *((f"session/{key}", value, "is not a number of seconds from") for key in ("shortest", "longest")
      for value in (SHORTEST_SESSION - 1, LONGEST_SESSION + 1, True, 1_000.0, "1000")),
    *((place, [value], f"{value!r} is not an account ID") for place in ("allow/accounts", "minimum/1/accounts")
      for value in ("11112222333", "1111222233334", "\N{ARABIC-INDIC DIGIT ONE}" * 12, "alice")),
    ("allow/prompts", ["telepathy"], "'telepathy' is not a prompt"),
    ("allow/endpoints", ["https://a@b"], "'https://a@b' is not an endpoint"),
    *(("allow/providers", [value], f"{value!r} is not a source address") for value in ("a/b/c/d", "a b", "\u00e9")),
    ("audit/sinks", ["here"], "'here' is not a sink"),
    *((f"audit/{name}", value, f"{value!r} is not the path of a file")
      for name in ("signing_key", "signers", "authorities") for value in ("key", 1, "./key", True)),
    ("audit/authorities", "~/authorities", "'~/authorities' is not an absolute path"),
    ("notification/0/authorities", "~/authorities", "'~/authorities' is not an absolute path"),
    ("notification/0/authorities", "authorities", "'authorities' is not the path of a file"),
    *((f"minimum/1/{name}", [], "must not be empty: the rule would hold for nothing")
      for name in WHOLE["minimum"][0] if name != "level"),
    ("policy_check/0/environments", [], "must not be empty: the check would judge nothing"),
    ("notification/0/environments", [], "must not be empty: nobody would be told"),
    ("notification/0/events", [], "must not be empty: nobody would be told"),
    ("approvals/prod-*/by", [], "must not be empty: nobody could approve"),
    *(("approvals/*/apply", value, f"{value!r} is not a number from 1 to {MOST_APPROVALS}")
      for value in (0, MOST_APPROVALS + 1, True, 1.0, "1")),
    *(("approvals/*/maximum_age", value, f"is not a number from {SHORTEST_AGE} to {LONGEST_AGE}")
      for value in (SHORTEST_AGE - 1, LONGEST_AGE + 1, True, 100.0)),
    ("approvals/prod-*/by", ["alice"], "'alice' is not a pattern of ARNs"),
    *(("approvals/*/role", value, "is not the ARN of a role") for value in ("approver", 1, f"{ROLE} ", ["x"])),
    *(("policy_check/1/name", value, "must be a name") for value in ("", " ", 1, None)),
    *(("policy_check/1/command", value, "must be a program, by its absolute path")
      for value in ([], ["conftest"], ["./conftest", "/x"], None)),
    *(("policy_check/1/timeout", value, "is not a number of seconds up to")
      for value in (0, -1, LONGEST_CHECK + 1, True, "5", float("nan"))),
    *(("notification/1/to", value, "must be a list of targets") for value in ([], None)),
    ("notification/1/to", ["mail:alice"], "'mail:alice' is not a target"),
    ("notification/1/events", ["planned"], "'planned' is not an event"),
    *(("notification/0/key", value, "must be the name of a secret") for value in ("AWS_SECRET_ACCESS_KEY", 1, "x")),
    ("notification/0/key", "", "is missing: what an https URL gets is signed"),
]  # fmt: skip


def named(place):
    """How an error names a place: a table of a list by its number, an environment of people's in quotes."""
    first, *rest = place.split("/")
    if rest and rest[0].isdigit():
        return ".".join([f"{first}[{int(rest[0]) + 1}]", *rest[1:]])
    if rest and first in {"approvals", "environments"}:
        return ".".join([f'{first}."{rest[0]}"', *rest[1:]])
    return ".".join([first, *rest])


@pytest.mark.parametrize(("place", "value", "problem"), WRONG)
def test_what_is_wrong_is_refused_by_its_name(place, value, problem):
    with pytest.raises(ConfigurationError) as caught:
        parse(changed(place, value))
    assert caught.value.problem.startswith(f"The policy {PATH} is invalid: {named(place)}: ")
    assert problem in caught.value.problem
    assert caught.value.remedy


@pytest.mark.parametrize(
    ("place", "name"), [("minimum/0/level", "minimum[1].level"), ("approvals/prod-*/apply", 'approvals."prod-*".apply')]
)
def test_what_is_missing_is_named(place, name):
    document = copy.deepcopy(WHOLE)
    first, second, last = place.split("/")
    del document[first][int(second) if second.isdigit() else second][last]
    with pytest.raises(ConfigurationError) as caught:
        parse(document)
    assert caught.value.problem == f"The policy {PATH} is invalid: {name}: is missing."
    assert caught.value.remedy


@pytest.mark.parametrize("document", [None, [], "mfa", 3])
def test_a_file_that_is_no_table_is_refused(document):
    with pytest.raises(ConfigurationError, match="is invalid: the file: must be a table") as caught:
        parse(document)
    assert "mfa" in caught.value.remedy


@pytest.mark.parametrize(
    ("place", "value"),
    [
        *((f"session/{key}", value) for key in WHOLE["session"] for value in (SHORTEST_SESSION, LONGEST_SESSION)),
        *(("approvals/*/apply", value) for value in (1, MOST_APPROVALS)),
        *(("approvals/*/maximum_age", value) for value in (SHORTEST_AGE, LONGEST_AGE)),
        *(("policy_check/1/timeout", value) for value in (0.1, LONGEST_CHECK)),
        *(("allow/providers", [value]) for value in ("aws", "mycorp/aws", "registry.example.com:8443/*/aws", "a?c/x")),
        ("approvals/*/role", ""),
        ("notification/1/key", "TFMFA_KEY"),
        ("audit/signing_key", "~/key"),
    ],
)  # fmt: skip
def test_the_limits_themselves_are_allowed(place, value):
    assert parse(changed(place, value)).path == PATH


def test_a_key_that_is_nearly_one_is_pointed_to():
    with pytest.raises(ConfigurationError, match=r"mfaa: unknown key") as caught:
        parse({"mfaa": True})
    assert caught.value.remedy == 'Did you mean "mfa"?'
    with pytest.raises(ConfigurationError, match=r"allow\.zzz: unknown key") as caught:
        parse({"allow": {"zzz": True}})
    assert caught.value.remedy.startswith("Supported keys: accounts, roles, ")
