"""What a policy demands of the audit trail, in one file and in several."""

from pathlib import Path

import pytest

from tfmfa_nb.model.errors import ConfigurationError
from tfmfa_nb.organization.policy import Policy
from tfmfa_nb.organization.policy_audit import NO_AUDIT_RULES, AuditRules
from tfmfa_nb.organization.policy_parser import PolicyParser
from tfmfa_nb.views.mfa_status import policy_lines


def layer(name="policy.toml", **audit):
    return PolicyParser(Path("/etc") / name).layer({"mfa": True, "audit": audit})


def test_without_a_demand_there_are_no_rules():
    assert Policy().audit == Policy((layer(),)).audit == NO_AUDIT_RULES
    assert not NO_AUDIT_RULES.demands_signatures


def test_a_policy_says_who_signs_who_may_and_where_lines_go(monkeypatch):
    monkeypatch.setenv("HOME", "/home/alice")
    policy = Policy((layer(signing_key="~/.ssh/id.pub", signers="/etc/signers", sinks=["syslog", "https://a.b/c"]),))
    rules = AuditRules(Path("/home/alice/.ssh/id.pub"), Path("/etc/signers"), ("syslog", "https://a.b/c"))
    assert policy.audit == rules
    assert policy_lines(policy)[-4:-1] == [
        "Signing key of the audit trail: /home/alice/.ssh/id.pub  (organization policy /etc/policy.toml)",
        "Allowed signers of the audit trail: /etc/signers  (organization policy /etc/policy.toml)",
        "The audit trail also goes to: syslog, https://a.b/c  (organization policy /etc/policy.toml)",
    ]


@pytest.mark.parametrize("name", ["signing_key", "signers"])
def test_one_of_the_two_demands_signatures(name):
    assert Policy((layer(**{name: "/a"}),)).audit.demands_signatures


def test_several_files_unite_their_sinks_and_the_first_key_counts():
    system = layer("system.toml", signing_key="/system", sinks=["journald"])
    user = layer("user.toml", signing_key="/user", signers="/signers", sinks=["syslog", "journald"])
    assert Policy((system, user)).audit == AuditRules(Path("/system"), Path("/signers"), ("journald", "syslog"))
    assert Policy((system, layer("user.toml", sinks=[]))).audit.sinks == ("journald",)


def test_only_the_file_that_names_a_sink_says_who_vouches_for_it():
    a, b = "https://a.example.com/", "https://b.example.com/"
    policy = Policy((layer("system.toml", sinks=[a]), layer("user.toml", sinks=[a, b], authorities="/user.pem")))
    assert policy.audit.sinks == (a, b)
    assert policy.audit.authorities == {b: Path("/user.pem")}
    (said,) = [line for line in policy_lines(policy) if "authorities of" in line]
    assert said == "Certificate authorities of https://b.example.com/: /user.pem  (organization policy /etc/user.toml)"


@pytest.mark.parametrize(
    ("audit", "words"),
    [
        ({"signing_key": "id.pub"}, r"audit\.signing_key: 'id\.pub' is not the path of a file"),
        ({"signers": 7}, r"audit\.signers: 7 is not the path of a file"),
        ({"sinks": "journald"}, r"audit\.sinks: must be a list"),
        ({"sinks": ["http://a.b/"]}, r"audit\.sinks: 'http://a\.b/' is not a sink\. Sinks: "),
        ({"authorities": "~/ca.pem"}, r"audit\.authorities: '~/ca\.pem' is not an absolute path"),
        ({"sink": []}, r'audit\.sink: unknown key\. Did you mean "sinks"\?'),
    ],
)
def test_what_is_not_understood_is_an_error(audit, words):
    with pytest.raises(ConfigurationError, match=words):
        layer(**audit)


def test_a_home_that_is_not_known_is_an_error():
    policy = Policy((layer(signing_key="~/id_ed25519"),))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Path, "expanduser", _no_home)
        with pytest.raises(ConfigurationError, match="The home folder is not known, so ~/id_ed25519 in"):
            _ = policy.audit


def _no_home(_path):
    raise RuntimeError
