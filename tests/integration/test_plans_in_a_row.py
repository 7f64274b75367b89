"""A plan is read as data while a person goes on: with the next plan, which deletes its file, or with its apply."""

CELL = '%%tfplan -e row\nresource "terraform_data" "{name}" {{\n  input = "x"\n}}'


async def test_a_plan_is_known_though_the_next_one_has_deleted_its_file(ipython_with):
    ipython = ipython_with()

    async def value(cell):
        result = await ipython.run_cell_async(cell, transformed_cell=ipython.transform_cell(cell))
        result.raise_error()
        return result.result

    runs = [await value(CELL.format(name=name)) for name in ("one", "two", "three")]
    assert [run.driver.store.has_plan for run in runs] == [False, False, True]
    assert [run.plan.creates for run in runs] == [
        ("terraform_data.one",),
        ("terraform_data.two",),
        ("terraform_data.three",),
    ]
