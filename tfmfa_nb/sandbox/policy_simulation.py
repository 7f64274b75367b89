"""IAM's SimulatePrincipalPolicy for one action on one resource, which moto does not implement.

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
_MAX_ENTRIES = 20


def answer_simulation(request: AwsRequest) -> AwsResponse:
    """Answer a call: the decision of the identity policies of a user or a role, with the request's context values."""
    parameters = request.parameters()
    source = parameters.get("PolicySourceArn", "")
    identities = (*iam().users.values(), *iam().roles.values())
    identity = next((one for one in identities if one.arn == source), None)
    if identity is None:
        return error_response(request, 404, "NoSuchEntity", f"The principal {source} cannot be found.")
    context = {
        parameters[f"{entry}.ContextKeyName"]: parameters.get(f"{entry}.ContextKeyValues.member.1", "")
        for number in range(1, _MAX_ENTRIES)
        if f"{(entry := f'ContextEntries.member.{number}')}.ContextKeyName" in parameters
    }
    action, resource = parameters.get("ActionNames.member.1", ""), parameters.get("ResourceArns.member.1", "*")
    verdict = decide(policies_of(identity), action, resource, context)
    matched = "<MatchedStatements/>"
    if verdict is Verdict.DENY:
        matched = (
            f"<MatchedStatements><member><SourcePolicyId>{escape(identity.name)}</SourcePolicyId>"
            "<SourcePolicyType>IAM Policy</SourcePolicyType></member></MatchedStatements>"
        )
    return sts_response(
        request,
        f"<IsTruncated>false</IsTruncated><EvaluationResults><member><EvalActionName>{escape(action)}</EvalActionName>"
        f"<EvalResourceName>{escape(resource)}</EvalResourceName><EvalDecision>{_DECISIONS[verdict]}</EvalDecision>"
        f"{matched}<MissingContextValues/></member></EvaluationResults>",
    )
