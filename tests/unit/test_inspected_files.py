import time

import pytest

from tfmfa_nb.terraform.configuration import Configuration
from tfmfa_nb.terraform.inspected_files import inspected
from tfmfa_nb.terraform.variable_arguments import VariableArguments

HCL = 'variable "plain" {}\nvariable "db_password" {}\n'


@pytest.fixture
def sha256(tmp_path):
    (tmp_path / "main.tf").write_text(HCL)

    def of(environ, *words):
        return inspected(Configuration(tmp_path, "terraform", {}), environ, VariableArguments(words)).sha256

    return of


@pytest.mark.parametrize("name", ["TF_VAR_plain", "TF_VAR_db_password", "TF_WORKSPACE"])
def test_a_variable_that_counts_changes_the_hash(sha256, name):
    assert len({sha256({}), sha256({name: "a"}), sha256({name: "b"})}) == 3
    assert sha256({name: "a"}) == sha256({name: "a", "TF_VAR_undeclared": "x"})


def test_the_order_of_values_on_the_line_counts(sha256):
    assert sha256({}, "-var=plain=a", "-var=plain=b") != sha256({}, "-var=plain=b", "-var=plain=a")


def test_a_secret_is_slow_to_guess_by_the_hash(sha256):
    def seconds(name):
        begun = time.process_time()
        for value in range(3):
            sha256({name: str(value)})
        return time.process_time() - begun

    assert seconds("TF_VAR_db_password") > 5 * seconds("TF_VAR_plain")
