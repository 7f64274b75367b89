"""The plugin cache: who uses it, and who waits for whom."""

import asyncio
import contextlib

import pytest

from tfmfa_nb.terraform import plugin_cache as cache_module
from tfmfa_nb.terraform.plugin_cache import plugin_cache, shared_cache, turn_of_init

LOCKED = """# This file is maintained automatically by "terraform init".
provider "registry.terraform.io/hashicorp/aws" {
  version     = "5.100.0"
  constraints = "~> 5.0"
  hashes = [
    "h1:edXOJWE4ORX8Fm+dpVpICzMZJat4AX0VRCAy/xkcOc0=",
  ]
}
"""


@pytest.fixture
def environ(tmp_path, monkeypatch):
    """Of somebody without any configuration of Terraform's; their cache folder is below the test's."""
    monkeypatch.setattr(cache_module, "user_cache_dir", lambda name: str(tmp_path / "cache" / name))
    return {"HOME": str(tmp_path / "home"), "XDG_DATA_DIRS": str(tmp_path / "no")}


@pytest.fixture
def folder(tmp_path):
    made = tmp_path / "live"
    made.mkdir()
    return made


def test_the_cache_is_the_one_that_terraform_uses(tmp_path, environ):
    assert plugin_cache(environ) is None
    (tmp_path / "home").mkdir()
    (tmp_path / "home/.terraformrc").write_text('plugin_cache_dir = "$HOME/plugins"\n')
    assert plugin_cache(environ) == tmp_path / "home/plugins"
    assert plugin_cache({**environ, "TF_PLUGIN_CACHE_DIR": "/other"}).as_posix() == "/other"


def test_a_folder_that_cells_write_and_one_with_a_lock_file_share_a_private_cache(tmp_path, environ, folder):
    shared = str(tmp_path / "cache/tfmfa_nb/plugins")
    without = "TF_PLUGIN_CACHE_MAY_BREAK_DEPENDENCY_LOCK_FILE"
    assert shared_cache(environ, folder, owned=True) == {"TF_PLUGIN_CACHE_DIR": shared, without: "true"}
    assert shared_cache(environ, folder, owned=False) == {}
    (folder / ".terraform.lock.hcl").write_text(LOCKED)
    for owned in (True, False):
        assert shared_cache(environ, folder, owned=owned) == {"TF_PLUGIN_CACHE_DIR": shared}
    made = tmp_path / "cache/tfmfa_nb/plugins"
    assert made.stat().st_mode & 0o777 == 0o700
    made.chmod(0o777)  # providers are programs
    assert shared_cache(environ, folder, owned=True) == {}


@pytest.mark.parametrize("text", ['plugin_cache_dir = "/own"\n', "provider_installation {\n  direct {}\n}\n"])
def test_what_a_person_has_said_about_providers_stays(tmp_path, environ, folder, text):
    (tmp_path / "home").mkdir()
    (tmp_path / "home/.terraformrc").write_text(text)
    assert shared_cache(environ, folder, owned=True) == {}


async def most_at_once(environ, *folders):
    inside, most = 0, 0

    async def one(folder):
        nonlocal inside, most
        async with turn_of_init(environ, folder):
            inside += 1
            most = max(most, inside)
            await asyncio.sleep(0.01)
            inside -= 1

    await asyncio.gather(*map(one, folders))
    return most


async def test_one_at_a_time_may_write_to_the_cache(tmp_path, environ, folder):
    cache = tmp_path / "plugins"
    environ["TF_PLUGIN_CACHE_DIR"] = str(cache)
    assert await most_at_once(environ, folder, folder) == 2  # there is no such folder, which Terraform reports
    cache.mkdir()
    assert await most_at_once(environ, folder, folder, folder) == 1
    (folder / ".terraform.lock.hcl").write_text(LOCKED)
    assert await most_at_once(environ, folder, folder) == 1  # it has to be installed
    (cache / "registry.terraform.io/hashicorp/aws/5.100.0").mkdir(parents=True)
    assert await most_at_once(environ, folder, folder) == 2
    (folder / ".terraform.lock.hcl").write_text(LOCKED.replace("h1:", "zh:"))
    assert await most_at_once(environ, folder, folder) == 1  # Terraform installs it again
    del environ["TF_PLUGIN_CACHE_DIR"]
    assert await most_at_once(environ, folder, folder) == 2


async def test_whose_turn_it_is_has_what_the_one_before_has_left(tmp_path, environ, folder):
    (tmp_path / "plugins").mkdir()
    environ["TF_PLUGIN_CACHE_DIR"] = str(tmp_path / "plugins")
    left, seen = [], []

    async def one(number):
        def prepare():
            seen[:] = left

        async with turn_of_init(environ, folder, prepare):
            assert seen == left
            left.append(number)

    await asyncio.gather(*map(one, range(3)))
    assert len(left) == 3


async def test_who_is_canceled_while_it_waits_holds_nothing(tmp_path, environ, folder):
    (tmp_path / "plugins").mkdir()
    environ["TF_PLUGIN_CACHE_DIR"] = str(tmp_path / "plugins")
    async with turn_of_init(environ, folder):
        waiting = asyncio.create_task(most_at_once(environ, folder))
        await asyncio.sleep(0)
        waiting.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await waiting
    assert await asyncio.wait_for(most_at_once(environ, folder), 5) == 1
