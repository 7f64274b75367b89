"""IAM's SimulatePrincipalPolicy, as far as one action on one resource goes; moto has none.

https://docs.aws.amazon.com/IAM/latest/APIReference/API_SimulatePrincipalPolicy.html
"""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from tfmfa_nb.sandbox.aws_http import error_response, sts_response
from tfmfa_nb.sandbox.callers import iam, policies_of
from tfmfa_nb.sandbox.policy_evaluation import Verdict, decide

if TYPE_CHECKING:
    from tfmfa_nb.sandbox.aws_http import AwsRequest, AwsResponse

_DECISIONS = {Verdict.ALLOW: "allowed", Verdict.SILENT: "implicitDeny", Verdict.DENY: "explicitDeny"}
_MOST_ENTRIES = 20


def answer_simulation(request: AwsRequest) -> AwsResponse:
    """What the identity policies of a user or a role say, by the values that the request gives."""
    given = request.parameters()
    source = given.get("PolicySourceArn", "")
    people = (*iam().users.values(), *iam().roles.values())
    identity = next((one for one in people if one.arn == source), None)
    if identity is None:
        return error_response(request, 404, "NoSuchEntity", f"The principal {source} cannot be found.")
    context = {
        given[f"{entry}.ContextKeyName"]: given.get(f"{entry}.ContextKeyValues.member.1", "")
        for number in range(1, _MOST_ENTRIES)
        if f"{(entry := f'ContextEntries.member.{number}')}.ContextKeyName" in given
    }
    action, resource = given.get("ActionNames.member.1", ""), given.get("ResourceArns.member.1", "*")
    verdict = decide(policies_of(identity), action, resource, context)
    matched = "<MatchedStatements/>"
    if verdict is Verdict.DENY:
        matched = (
            f"<MatchedStatements><member><SourcePolicyId>{escape(identity.name)}</SourcePolicyId>"
            "<SourcePolicyType>IAM Policy</SourcePolicyType></member></MatchedStatements>"
        )
    return sts_response(
        "SimulatePrincipalPolicy",
        f"<IsTruncated>false</IsTruncated><EvaluationResults><member><EvalActionName>{escape(action)}</EvalActionName>"
        f"<EvalResourceName>{escape(resource)}</EvalResourceName><EvalDecision>{_DECISIONS[verdict]}</EvalDecision>"
        f"{matched}<MissingContextValues/></member></EvaluationResults>",
    )
