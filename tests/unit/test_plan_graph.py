"""The dependencies that the card draws: bounded, and without what nobody asked for."""

from scripted_run import ScriptedRun

from tfmfa_nb.protocol.picture_messages import PlanGraphRequest, TimelineRequest
from tfmfa_nb.protocol.plan_messages import PlanView
from tfmfa_nb.terraform.plan import Plan
from tfmfa_nb.views.card_plan import CardPlan
from tfmfa_nb.views.plan_graph import plan_graph


def planned(dependencies, **actions):
    """A plan with a change for each address; `__` stands for a dot in it, and a number for its instances."""
    changes = []
    for name, action in actions.items():
        kinds = {"replace": ["delete", "create"]}
        change = {"actions": kinds.get(action, [action])}
        changes.append({"address": name.replace("__", "."), "type": "x", "change": change})
    return Plan({"resource_changes": changes, "dependencies": dependencies})


def drawn(graph):
    names = [f"{node.sign} {node.address}{f' ×{node.number}' if node.number > 1 else ''}" for node in graph.nodes]
    return names, [(names[one], names[other]) for one, other in graph.edges]


def test_changes_are_joined_through_what_does_not_change():
    plan = planned({"x.c": ["x.b", "x.a"], "x.b": ["x.a"]}, x__a="create", x__c="delete")
    names, edges = drawn(plan_graph(1, plan, plan.changes))
    assert names == ["+ x.a", "- x.c"]
    assert edges == [("+ x.a", "- x.c")]


def test_instances_with_one_action_are_one():
    changes = [
        {"address": f'module.m["{key}"].x.a[{number}]', "change": {"actions": ["create"]}}
        for key in "pq"
        for number in range(3)
    ]
    changes.append({"address": 'module.m["p"].x.a[3]', "change": {"actions": ["delete"]}})
    plan = Plan({"resource_changes": changes, "dependencies": {}})
    assert drawn(plan_graph(1, plan, plan.changes))[0] == ["+ module.m.x.a ×6", '- module.m["p"].x.a[3]']


def large(**risky):
    names = [f"n{number}" for number in range(600)]
    dependencies = {f"x.n{number}": [f"x.n{number - 1}"] for number in range(590, 600)}
    return planned(dependencies, **{f"x__{name}": risky.get(name, "create") for name in names})


def test_of_too_many_what_is_destroyed_and_what_depends_on_it_is_shown():
    plan = large(n595="replace")
    graph = plan_graph(1, plan, plan.changes)
    assert drawn(graph)[0] == ["-/+ x.n595", "+ x.n596", "+ x.n597", "+ x.n598", "+ x.n599"]
    assert graph.note.startswith("600 resources are too many for a picture. It shows what is destroyed or replaced")
    assert len(plan_graph(1, plan, plan.changes, {"x.n590"}).nodes) == 10
    assert plan_graph(1, plan, plan.changes[:500]).note == ""


def test_of_too_many_without_a_destroy_nothing_is_shown_but_what_to_do():
    plan = large()
    graph = plan_graph(1, plan, plan.changes)
    assert graph.nodes == graph.edges == ()
    assert graph.note.endswith("Filter the changes to see the dependencies of some.")


def test_the_card_draws_what_the_filters_leave():
    plan = planned({"x.c": ["x.a"]}, x__a="create", x__c="delete")
    view = PlanView(grouping="module", actions=("delete",))
    answer = CardPlan(ScriptedRun(plan=plan)).answer(PlanGraphRequest(query=7, view=view))
    assert answer["query"] == 7
    assert [node["address"] for node in answer["nodes"]] == ["x.c"]


def test_what_is_not_known_is_not_answered():
    card = CardPlan(ScriptedRun())
    assert card.answer(PlanGraphRequest(query=7, view=PlanView(grouping="module"))) is None
    assert card.answer(TimelineRequest()) is None
