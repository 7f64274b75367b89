"""`make mutants`: changes the sources that security rests on, one place at a time, and lists what no test notices.

mutmut does it, on a copy under build/; which sources and which tests stands in pyproject.toml. The names of mutants may
follow, or patterns of them: `tfmfa_nb.runs.audit.*`. A survivor is either killed by a test, or changes nothing that
matters: a text, a pace.
"""

import json
import os
import shutil
import sys
from collections import Counter
from pathlib import Path

import libcst as cst
from mutmut.__main__ import cli
from mutmut.mutation import mutators
from mutmut.runners.harness import PytestRunner
from mutmut.state import state
from mutmut.stats import status_by_exit_code
from mutmut.workers import isolation

ROOT = Path(__file__).parent.parent
COPY = ROOT / "build/mutants"
LIVED = ("survived", "no tests", "suspicious")


def leave_out(node):
    """A call or an error that is not there: mutmut itself changes only what is passed on."""
    call = node.value.expression if isinstance(node, cst.Expr) and isinstance(node.value, cst.Await) else None
    if isinstance(node, cst.Raise) or isinstance(call or getattr(node, "value", None), cst.Call):
        yield cst.Pass()


def turn_around(node):
    """A condition that is the other way round."""
    inner = node.test.with_changes(lpar=[cst.LeftParen()], rpar=[cst.RightParen()])
    yield node.with_changes(test=cst.UnaryOperation(cst.Not(), inner))


def words_alone(node):
    """Strings, but no sentences: what is said to people is not what is looked for here."""
    if " " not in getattr(node, "value", " "):
        yield from mutators.operator_string(node)


class QuickTestsFirst(PytestRunner):
    """The quickest file comes first, and in it the quickest test: few mutants live longer. mutmut has no order at all.

    A file's tests stay together, because they may share a fixture.
    """

    def run_tests(self, *, mutant_name, tests):
        seconds, whole = state().duration_by_test, Counter()
        for name in tests:
            whole[file_of(name)] += seconds.get(name, 0)
        ordered = sorted(tests, key=lambda name: (whole[file_of(name)], file_of(name), seconds.get(name, 0)))
        return super().run_tests(mutant_name=mutant_name, tests=ordered)


def file_of(test):
    return test.partition("::")[0]


def main():
    operators = [pair for pair in mutators.mutation_operators if pair[1] is not mutators.operator_string]
    more = [(cst.BaseString, words_alone), (cst.Expr, leave_out), (cst.Raise, leave_out)]
    mutators.mutation_operators[:] = [*operators, *more, (cst.If, turn_around), (cst.While, turn_around)]
    isolation.PytestRunner = QuickTestsFirst
    COPY.mkdir(parents=True, exist_ok=True)
    for name in ("tfmfa_nb", "tests"):
        shutil.rmtree(COPY / name, ignore_errors=True)
        shutil.copytree(ROOT / name, COPY / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md"):
        shutil.copy2(ROOT / name, COPY)
    os.chdir(COPY)
    cli(["run", *sys.argv[1:]], standalone_mode=False)
    for path in Path("mutants/tfmfa_nb").rglob("*.py.meta"):
        results = json.loads(path.read_text())["exit_code_by_key"]
        for name in (name for name, code in results.items() if status_by_exit_code[code] in LIVED):
            cli(["show", name], standalone_mode=False)


if __name__ == "__main__":
    main()
