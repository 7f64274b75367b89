"""Plans of one environment beside one another, with real Terraform."""

CELL = '%%tfplan -e shop\nresource "terraform_data" "one" {{ input = "{}" }}\nresource "terraform_data" "two" {{}}\n'


async def value(shell, cell):
    result = await shell.run_cell_async(cell, transformed_cell=shell.transform_cell(cell), store_history=True)
    result.raise_error()
    return result.result


async def test_a_plan_knows_what_the_one_before_had(ipython):
    first = await value(ipython, CELL.format("a"))
    assert first.plan.creates  # it is known
    second = await value(ipython, CELL.format("b"))
    found = second.compare()
    assert found.run == first.id
    assert {address: each.kind for address, each in found.changes.items()} == {
        "terraform_data.one": "different",
        "terraform_data.two": "same",
    }
    await value(ipython, "%tfapply -e shop --auto-approve")
    third = await value(ipython, CELL.format("c"))
    assert third.compare().sentence.startswith("The change is new since the plan that was applied in the run of ")
