import ast

import pytest
from hypothesis import given
from hypothesis import strategies as st
from IPython.core.inputtransformer2 import TransformerManager

from tfmfa_nb.magics.transformer import await_magics


def transform(cell):
    return "".join(await_magics(TransformerManager().transform_cell(cell).splitlines(keepends=True)))


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


@given(st.text(st.characters(codec="utf-8", exclude_characters="\r\n\f\v\x1c\x1d\x1e\x85\u2028\u2029"), max_size=60))
def test_any_body_survives(body):
    code = transform(f"%%tfplan -e x\n{body}\n# end\n")
    (call,) = [node for node in ast.walk(ast.parse(code)) if isinstance(node, ast.Call) and len(node.args) == 3]
    kept = body if body.strip() else ""  # IPython empties a first line that is blank
    assert ast.literal_eval(call.args[2]) in {f"{body}\n# end\n", f"{kept}\n# end\n"}
    assert code.startswith("await ")
