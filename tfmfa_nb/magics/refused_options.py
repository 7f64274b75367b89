"""Options of Terraform's that the magics refuse, each with one sentence that says why, or what does it instead.

https://developer.hashicorp.com/terraform/cli/commands/plan, …/apply, …/init; https://opentofu.org/docs/cli/commands/
"""

from __future__ import annotations

_STATE = "the state is where the backend says; configure that, or use --backend-config"
_INIT = "the providers and modules are those of the lock file and the configuration; --upgrade takes newer ones"

REFUSED = {
    "auto-approve": "a plan changes nothing, so it needs no approval; use it with %%tfapply",
    "backend": "a run needs its state; to use another backend, use --backend-config and --reconfigure",
    "backup": _STATE,
    "concise": "the log has Terraform's whole output",
    "consolidate-errors": "the log has Terraform's whole output",
    "consolidate-warnings": "the log has Terraform's whole output; --compact-warnings makes it shorter",
    "detailed-exitcode": "it is always set; run.status says whether there are changes",
    "force-copy": "--migrate-state asks before it copies the state, or needs a code",
    "from-module": "copy the module into the folder, then plan it with -C",
    "get": _INIT,
    "input": "nobody could answer Terraform; give every value with --var or --var-file",
    "json": "run.plan has the plan as data, and run.outputs the outputs",
    "lock": "without the state lock, another run could change the same state at the same time; --lock-timeout waits",
    "lockfile": _INIT,
    "no-color": "colors are shown where they can be, and run.log_text() returns them as they are",
    "out": "the plan is always saved, where only you can read it; %tfapply applies it",
    "plugin-dir": "configure a mirror in the CLI configuration, which TF_CLI_CONFIG_FILE names",
    "show-sensitive": "the notebook would keep the values",
    "state": _STATE,
    "state-out": _STATE,
    "test-directory": "tests are not run",
    "version": "run.product has the version",
}
"""The options, without dashes."""
