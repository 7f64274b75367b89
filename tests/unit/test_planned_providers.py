"""Terraform's own word about the providers of a plan."""

import pytest

from tfmfa_nb.model.roles import RoleChain, RoleHop
from tfmfa_nb.runs.gate.saved_plan import contradictions
from tfmfa_nb.terraform.planned_providers import PlannedProvider, planned_providers
from tfmfa_nb.terraform.role_chains import Findings

AWS = "registry.terraform.io/hashicorp/aws"
ROLE = "arn:aws:iam::123456789012:role/deploy"
DOCUMENT = {
    "configuration": {
        "provider_config": {
            "aws": {
                "name": "aws",
                "full_name": AWS,
                "expressions": {
                    "access_key": {"constant_value": "AKIAEXAMPLE"},
                    "secret_key": {"constant_value": ""},
                    "token": {"constant_value": None},
                    "profile": {"references": ["var.profile"]},
                    "assume_role": [{"role_arn": {"constant_value": ROLE}}, {"role_arn": {"references": ["var.r"]}}],
                },
            },
            "module.net:aws.audit": {
                "name": "aws",
                "full_name": AWS,
                "alias": "audit",
                "module_address": "module.net",
                "expressions": {"assume_role_with_web_identity": [{"role_arn": {"constant_value": ROLE}}]},
            },
            "null": {"name": "null", "full_name": "registry.terraform.io/hashicorp/null"},
        },
        "root_module": {
            "resources": [
                {
                    "address": "data.terraform_remote_state.old",
                    "mode": "data",
                    "type": "terraform_remote_state",
                    "expressions": {"backend": {"constant_value": "azurerm"}},
                }
            ],
            "module_calls": {
                "net": {
                    "module": {
                        "resources": [
                            {
                                "address": "data.terraform_remote_state.base",
                                "mode": "data",
                                "type": "terraform_remote_state",
                                "expressions": {
                                    "backend": {"constant_value": "s3"},
                                    "config": {"constant_value": {"bucket": "b", "profile": "ops", "token": None}},
                                },
                            }
                        ]
                    }
                }
            },
        },
    }
}


def test_each_provider_and_remote_state_of_every_module_is_found():
    root, audit, null, state = planned_providers(DOCUMENT)
    assert root == PlannedProvider(
        "aws", AWS, frozenset({"access_key", "assume_role"}), frozenset({"profile"}), frozenset({ROLE})
    )
    assert (audit.address, audit.literals) == ("module.net.aws.audit", {"assume_role_with_web_identity"})
    assert not null.is_aws
    assert (state.address, state.literals) == (
        "module.net.data.terraform_remote_state.base",
        {"bucket", "profile"},
    )
    assert state.is_aws


def test_no_value_of_a_setting_is_kept():
    assert "AKIAEXAMPLE" not in repr(planned_providers(DOCUMENT))


@pytest.mark.parametrize("document", [None, [], {}, {"configuration": None}, {"configuration": []}])
def test_a_plan_that_says_nothing_is_an_error(document):
    with pytest.raises(ValueError, match="configuration"):
        planned_providers(document)


@pytest.mark.parametrize(
    "odd",
    [
        {"provider_config": []},
        {"provider_config": {"aws": None}},
        {"provider_config": {"aws": {"full_name": AWS, "expressions": [1]}}},
        {"provider_config": {"aws": {"full_name": AWS, "expressions": {"assume_role": [None, {"role_arn": 1}]}}}},
        {"root_module": {"resources": [None, {"mode": "data", "type": "terraform_remote_state"}], "module_calls": 1}},
    ],
)
def test_odd_documents_raise_nothing_else(odd):
    planned_providers({"configuration": odd})


def provider(literals=(), computed=(), roles=(), address="aws", source=AWS):
    return PlannedProvider(address, source, frozenset(literals), frozenset(computed), frozenset(roles))


def names(planned, findings=None):
    return [problem.name for problem in contradictions(planned, findings or Findings())]


@pytest.mark.parametrize(
    "setting",
    ["profile", "access_key", "secret_key", "token", "shared_credentials_files", "assume_role_with_web_identity"],
)
@pytest.mark.parametrize("source", [AWS, "registry.opentofu.org/hashicorp/aws", "registry.terraform.io/mycorp/aws", ""])
def test_a_literal_that_bypasses_the_session_is_refused_whatever_the_text_showed(setting, source):
    declared = Findings(declared=frozenset({("aws", setting)}))
    assert names(provider([setting], source=source), declared) == [setting]


def test_a_computed_setting_must_have_been_examined_in_the_same_provider():
    planned = provider(computed=["profile", "region"])
    assert names(planned, Findings(declared=frozenset({("aws", "profile")}))) == []
    assert names(planned, Findings(declared=frozenset({("aws.audit", "profile")}))) == ["profile"]
    assert names(planned) == ["profile"]


def test_a_role_that_was_not_shown_is_refused_and_no_policy_allows_it():
    known = Findings((RoleChain("aws", (RoleHop(ROLE, ROLE),), "main.tf:1"),))
    assert names(provider(roles=[ROLE]), known) == []
    assert names(provider(roles=[ROLE])) == [""]


def test_ordinary_settings_and_other_providers_are_not_looked_at():
    assert names(provider(["region", "assume_role"], ["default_tags"])) == []
    assert names(provider(["token", "profile"], source="registry.terraform.io/integrations/github")) == []
