"""`jupyter tfmfa`: the same from a terminal."""

from __future__ import annotations

from jupyter_core.application import JupyterApp

from tfmfa_nb import __version__


class TfmfaApp(JupyterApp):
    """`jupyter tfmfa`."""

    name = "jupyter-tfmfa"
    version = __version__
    description = "Terraform runs on AWS from notebooks, under multi-factor authentication."
    subcommands = {
        "run": ("tfmfa_nb.runbooks.command.RunApp", "Execute a runbook; codes from the terminal or a command."),
        "verify": ("tfmfa_nb.runbooks.command.VerifyApp", "Check an executed runbook against the audit trail."),
        "sandbox": ("tfmfa_nb.sandbox.command.SandboxApp", "An AWS on this machine that is strict about MFA."),
        "doctor": ("tfmfa_nb.doctor.command.DoctorApp", "Look at everything that a run depends on."),
        "demo": ("tfmfa_nb.runbooks.demo.DemoApp", "The main job against the sandbox, headless."),
    }

    def start(self) -> None:
        """Hand over to the subcommand, or list them.

        Raises:
            SystemExit: with the subcommand's code; 2 where none was given.
        """
        super().start()
        if self.subapp is None:
            self.print_help()
            self.exit(2)


main = TfmfaApp.launch_instance

if __name__ == "__main__":
    main()
