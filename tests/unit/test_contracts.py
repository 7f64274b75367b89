"""What other packages do not promise, and this one rests on: each is named here, and a new version that has it no more
fails with the sentence that says what breaks.

The behavior is tested where it is used; here is what would otherwise fail far from its cause.
"""

import importlib
import inspect
import logging

import pytest

# object that is imported | its member, or None | parameters that are given to it | what is lost without it
INTERFACES = [
    (
        "nbclient:NotebookClient",
        "async_setup_kernel",
        (),
        "an interrupt kills an apply: nbclient's own signal handlers",
    ),
    ("nbclient:NotebookClient", "create_kernel_manager", (), "the runner cannot start a kernel"),
    ("nbclient:NotebookClient", "async_start_new_kernel", (), "the runner cannot start a kernel"),
    ("nbclient:NotebookClient", "async_start_new_kernel_client", (), "the runner cannot talk to its kernel"),
    ("nbclient:NotebookClient", "_async_cleanup_kernel", (), "the runner leaves kernels behind"),
    (
        "nbclient:NotebookClient",
        "async_execute_cell",
        ("cell", "cell_index", "execution_count", "store_history"),
        "cells are not recorded, and no time limit holds",
    ),
    ("nbclient:NotebookClient", "process_message", ("msg", "cell", "cell_index"), "the runner shows no output"),
    ("nbclient.exceptions:CellExecutionError", None, (), "a failed cell is no failed runbook"),
    ("nbclient.exceptions:DeadKernelError", None, (), "a dead kernel is not told"),
    ("jupyter_client.manager:AsyncKernelManager", "interrupt_kernel", (), "an apply cannot be stopped gracefully"),
    ("jupyter_client.manager:AsyncKernelManager", "shutdown_kernel", ("now",), "a kernel cannot be ended"),
    ("jupyter_client.asynchronous:AsyncKernelClient", "input", ("string",), "the runner cannot answer a prompt"),
    ("IPython.core.magic:MagicsManager", "register", (), "there are no magics"),
    ("IPython.core.interactiveshell:InteractiveShell", "transform_cell", (), "cells are not read as HCL"),
    ("IPython.core.magic_arguments:MagicArgumentParser", "parse_args", (), "magics take no options"),
    ("IPython.core.magic_arguments:ArgDecorator", "add_to_parser", ("parser", "group"), "magics take no options"),
    ("IPython.core.completer:context_matcher", None, ("priority", "identifier"), "nothing is completed in HCL cells"),
    ("IPython.utils.text:DollarFormatter", "vformat", (), "--expand expands nothing"),
    ("ipykernel.ipkernel:IPythonKernel", "get_parent", ("channel",), "nobody can tell a person from a program"),
    ("comm.base_comm:CommManager", "register_target", (), "JupyterLab's status bar shows no lock indicator"),
    ("comm.base_comm:CommManager", "register_comm", ("comm",), "a reloaded page finds no kernel with the extension"),
    ("ipywidgets:Widget", "on_msg", (), "cards and forms get no answer"),
    ("ipywidgets:Widget", "_repr_mimebundle_", (), "a card is not displayed, and notebooks keep no text of it"),
    ("botocore.session:Session", "register_component", ("name", "component"), "files of a user change AWS's endpoints"),
    ("botocore.session:Session", "get_component", ("name",), "STS's endpoint is not found"),
    ("botocore.session:Session", "get_config_variable", ("logical_name",), "FIPS and dual-stack settings are ignored"),
    ("botocore.session:Session", "set_config_variable", ("logical_name", "value"), "keys are read for settings alone"),
    (
        "botocore.loaders:Loader",
        "__init__",
        ("extra_search_paths", "include_default_search_paths"),
        "files of a user change AWS's endpoints",
    ),
    (
        "botocore.regions:EndpointResolver",
        "construct_endpoint",
        ("service_name", "region_name", "use_dualstack_endpoint", "use_fips_endpoint"),
        "STS's endpoint is not found",
    ),
    ("botocore.auth:SigV4QueryAuth", "add_auth", ("request",), "nobody can approve a plan"),
    ("botocore.awsrequest:AWSRequest", "prepare", (), "nobody can approve a plan"),
    ("botocore.httpsession:URLLib3Session", "send", ("request",), "nobody can approve a plan"),
    ("botocore.parsers:create_parser", None, (), "the answer about an approval is not read"),
    ("botocore.utils:get_environ_proxies", None, ("url",), "approvals ignore the proxy"),
    ("botocore.hooks:HierarchicalEmitter", "register_first", (), "a client can be led to another endpoint"),
]


@pytest.mark.parametrize(("place", "member", "parameters", "lost"), INTERFACES)
def test_it_is_still_there(place, member, parameters, lost):
    module, name = place.split(":")
    gone = f"{place}{f'.{member}' if member else ''} is not what it was. Without it, {lost}."
    found = getattr(importlib.import_module(module), name, None)
    found = getattr(found, member, None) if member else found
    assert callable(found), gone
    if parameters:
        known = inspect.signature(found).parameters
        rest = any(each.kind is inspect.Parameter.VAR_KEYWORD for each in known.values())
        assert rest or set(parameters) <= set(known), f"{gone} It takes {', '.join(known)}."


def test_nbclient_awaits_what_the_runner_overrides():
    from nbclient import NotebookClient  # noqa: PLC0415 - each test imports its own

    for name in ("async_execute_cell", "_async_cleanup_kernel", "async_start_new_kernel"):
        assert inspect.iscoroutinefunction(inspect.unwrap(getattr(NotebookClient, name))), f"{name} is no coroutine."
    source = inspect.getsource(NotebookClient.async_execute)
    assert "self.async_setup_kernel(" in source, "nbclient starts kernels in another way than the runner overrides."
    assert "self.async_execute_cell(" in source, "nbclient executes cells in another way than the runner overrides."


def test_the_shell_has_the_places_in_which_the_extension_puts_itself():
    from IPython.core.interactiveshell import InteractiveShell  # noqa: PLC0415

    shell = InteractiveShell()
    assert callable(shell.register_magics), "there are no magics."
    for name in ("input_transformers_cleanup", "input_transformers_post", "configurables"):
        assert isinstance(getattr(shell, name), list), f"InteractiveShell.{name} is no list: HCL cells are not read."
    assert isinstance(shell.Completer.custom_matchers, list), "IPython completes by other matchers."
    manager = shell.magics_manager
    assert {"line", "cell"} <= set(manager.magics), "IPython keeps magics elsewhere: they cannot be unloaded."
    assert isinstance(manager.registry, dict), "IPython keeps magics elsewhere: they cannot be unloaded."
    assert isinstance(shell.user_global_ns, dict), "a magic cannot tell whether its cell awaits it."


def test_a_cell_is_turned_into_the_call_that_the_transformer_awaits():
    from IPython.core.inputtransformer2 import TransformerManager  # noqa: PLC0415

    line = TransformerManager().transform_cell("%tfruns -e x\n")
    assert line == "get_ipython().run_line_magic('tfruns', '-e x')\n", "IPython calls magics in another way."


def test_the_kernel_has_a_version_and_logs_comms_where_they_are_dropped():
    import comm.base_comm  # noqa: PLC0415
    from ipykernel import version_info  # noqa: PLC0415

    assert all(isinstance(part, int) for part in version_info[:2]), "ipykernel.version_info is no tuple of numbers."
    assert comm.base_comm.logger is logging.getLogger("Comm"), "comm logs what is typed under another name."


def test_a_widget_has_the_traits_by_which_the_extension_finds_its_view():
    from ipywidgets import Widget  # noqa: PLC0415

    wanted = {"_model_module", "_model_module_version", "_view_module", "_view_module_version"}
    assert wanted | {"_model_name", "_view_name"} <= set(Widget.class_traits()), "JupyterLab finds no view for a card."


def test_botocore_s_own_data_name_the_endpoints_of_sts():
    from botocore.loaders import Loader  # noqa: PLC0415

    loader = Loader([Loader.BUILTIN_DATA_PATH], include_default_search_paths=False)
    assert {"partitions"} <= set(loader.load_data("endpoints")), "botocore has no list of endpoints."
    assert all("regions" in each for each in loader.load_data("partitions")["partitions"]), "it has no Regions."
