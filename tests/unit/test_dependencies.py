"""Which resource depends on which, through whatever stands between them."""

from hypothesis import given
from hypothesis import strategies as st

from tfmfa_nb.terraform.dependencies import between, dependencies_of, resource_of


def configuration(**resources):
    return {
        "configuration": {
            "root_module": {
                "resources": [
                    {
                        "address": f"x.{name}",
                        "expressions": {"a": {"references": [f"x.{other}.id" for other in others]}},
                    }
                    for name, others in resources.items()
                ]
            }
        }
    }


def test_what_is_no_longer_configured_depends_on_what_the_state_says():
    document = configuration(one=[]) | {
        "prior_state": {
            "values": {
                "root_module": {
                    "child_modules": [
                        {
                            "resources": [
                                {"address": 'module.a["b"].x.old[0]', "depends_on": ["x.one", "module.a.x.other"]}
                            ]
                        }
                    ]
                }
            }
        }
    }
    assert dependencies_of(document, {})["module.a.x.old"] == ("module.a.x.other", "x.one")


def test_a_provider_leads_to_what_configures_it():
    document = configuration(one=[], two=[])
    root = document["configuration"]["root_module"]
    root["resources"][1]["provider_config_key"] = "kubernetes"
    document["configuration"]["provider_config"] = {
        "kubernetes": {"expressions": {"host": {"references": ["x.one.url"]}}}
    }
    assert dependencies_of(document, {}) == {"x.one": (), "x.two": ("x.one",)}


def test_whatever_a_document_has_in_these_places_nothing_is_raised():
    for value in (
        None,
        7,
        "x",
        [],
        [7],
        {"root_module": 7},
        {"root_module": {"resources": [7], "module_calls": {"a": 7}}},
    ):
        assert dependencies_of({"configuration": value, "prior_state": value}, {}) in ({}, {"": ()})


def test_keys_of_instances_are_no_part_of_a_resource():
    assert resource_of('module.a["x].y"].module.b[3].aws_x.y["z"]') == "module.a.module.b.aws_x.y"
    assert resource_of("data.aws_ami.x") == "data.aws_ami.x"


NAMES = st.sampled_from("abcdefg")


@given(
    edges=st.sets(
        st.tuples(NAMES, NAMES).map(lambda pair: tuple(sorted(pair))).filter(lambda pair: pair[0] != pair[1])
    ),
    wanted=st.sets(NAMES),
)
def test_leaving_resources_out_keeps_who_waits_for_whom(edges, wanted):
    dependencies = {name: [other for one, other in edges if one == name] for name in "abcdefg"}
    found = between(dependencies, sorted(wanted))
    assert set(found) == wanted
    for name in wanted:
        assert reached(found, name) == reached(dependencies, name) & wanted
        for other in found[name]:  # no edge that follows from the others
            less = {**found, name: [each for each in found[name] if each != other]}
            assert other not in reached(less, name)


def test_a_circle_ends():
    assert between({"a": ["b"], "b": ["a"]}, "ab") == {"a": ("b",), "b": ("a",)}


def test_a_long_chain_is_no_recursion():
    chain = {str(number): [str(number + 1)] for number in range(5_000)}
    assert between(chain, ["0", "4999"]) == {"0": ("4999",), "4999": ()}


def reached(dependencies, start):
    seen, waiting = set(), [start]
    while waiting:
        for other in dependencies.get(waiting.pop(), ()):
            if other not in seen:
                seen.add(other)
                waiting.append(other)
    return seen
