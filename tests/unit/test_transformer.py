import ast

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from IPython.core.inputtransformer2 import TransformerManager

from tfmfa_nb.magics.transformer import ReadCells, await_magics


def transform(cell):
    manager = TransformerManager()
    manager.cleanup_transforms.insert(0, ReadCells())
    return "".join(await_magics(manager.transform_cell(cell).splitlines(keepends=True)))


@pytest.mark.parametrize("magic", ["tfplan", "tfapply"])
def test_our_magics_are_awaited(magic):
    assert transform(f"%%{magic} -e x\nlocals {{}}\n").startswith(f"await get_ipython().run_cell_magic('{magic}'")
    assert transform(f"%{magic} -e x").startswith(f"await get_ipython().run_line_magic('{magic}'")
    assert transform(f"run = %{magic} -e x").startswith("run = await get_ipython()")
    assert "    await get_ipython()" in transform(f"if ok:\n    %{magic}\n")


@pytest.mark.parametrize("cell", ["%%tfapply -e x", "%%tfapply -e x\n", "%%tfapply -e x\n  \n\n"])
def test_a_cell_magic_over_nothing_is_the_line_magic(cell):
    assert transform(cell).strip() == "await get_ipython().run_line_magic('tfapply', '-e x')"


@pytest.mark.parametrize("outer", ["%%time", "%%capture out", "%%timeit", "%%prun"])
def test_a_magic_around_ours_says_that_it_cannot(outer):
    with pytest.raises(SyntaxError, match="cannot run %%tf"):
        transform(f"{outer}\n%%tfplan\nlocals {{}}\n")
    with pytest.raises(SyntaxError, match="cannot run %%tf"):
        transform(f"{outer}\nx = 1\n%tfapply\n")


def test_the_same_around_a_line_magic():
    with pytest.raises(SyntaxError, match="cannot run %%tfapply"):
        transform("%time %tfapply")


@pytest.mark.parametrize(
    "cell",
    [
        "%%writefile x.py\n%%tfplan\n",
        "%time 1",
        "print('%tfapply')",
        "%%time\nx = 1\n",
        "%%bash\necho %tfplan\n",
    ],
)
def test_other_cells_are_left_alone(cell):
    assert "await" not in transform(cell)


def test_it_is_not_awaited_twice():
    lines = ["await get_ipython().run_line_magic('tfapply', '')\n"]
    assert await_magics(lines) == lines


@given(st.text(st.characters(codec="utf-8"), max_size=60), st.sampled_from(["", "  ", "\t", "\n "]))
@example("  b\n>>> c\n... d\nIn [1]: e", "  ")  # what IPython would dedent, and take for prompts of Python's
def test_any_body_survives(body, indent):
    code = transform(f"{indent}%%tfplan -e x\n{body}\n# end\n")
    (call,) = [node for node in ast.walk(ast.parse(code)) if isinstance(node, ast.Call) and len(node.args) == 3]
    assert ast.literal_eval(call.args[2]) == f"{body}\n# end\n"
    assert code.startswith("await ")


@pytest.mark.parametrize("prompt", [">>> ", "In [1]: "])
def test_a_cell_that_was_copied_with_its_prompt_is_awaited_too(prompt):
    assert transform(f"{prompt}%%tfplan -e x\nlocals {{}}\n").startswith("await get_ipython().run_cell_magic('tfplan'")


def test_a_terminal_waits_for_the_blank_line_below_a_cell():
    manager = TransformerManager()
    manager.cleanup_transforms.insert(0, ReadCells())
    assert manager.check_complete("%%tfplan -e x") == ("incomplete", 0)
    assert manager.check_complete("%%tfplan -e x\nlocals {}\n\n") == ("complete", None)
