"""A fleet on a cluster of two workers, driven in real JupyterLab, while one of the workers is killed."""

import json
import re
import time

import pytest
from dask_cluster import ROLES, TEAMS, dask_cluster, write_teams
from deploy_roles import add_roles
from lab import Lab, give_code
from playwright.sync_api import expect

ROWS = "rows = [{'name': f't{n}', 'folder': f'live/t{n}', 'level': 'plans and applies'} for n in range(12)]"
LEFT = "rows = [row for row in rows if _[row['name']].status != 'applied']\nprint(len(rows), 'lost')"
PLAN, APPLY, CHOICE, AGAIN, LAST = range(1, 6)  # cells


@pytest.fixture(scope="module")
def cluster(tmp_path_factory, provider):
    with dask_cluster(tmp_path_factory.mktemp("cluster"), provider) as running:
        yield running


@pytest.fixture(scope="module")
def lab(tmp_path_factory, aws, cluster):
    server = Lab(tmp_path_factory.mktemp("lab"), {**aws.environ(), **cluster.environ})
    yield server
    server.stop()


def plan(page, aws, cell, count):
    page.start_cell(cell)
    card = page.output(cell).locator(".tfmfa-fleet")
    expect(card.get_by_role("button", name=f"Authenticate and plan {count} environments")).to_be_visible()
    give_code(aws, card)
    page.wait_idle(300)


def apply(page, aws, cell, count):
    page.start_cell(cell)
    card = page.output(cell).locator(".tfmfa-fleet")
    card.get_by_role("button", name=f"Apply {count} selected").click()
    expect(card.get_by_role("button", name=re.compile(f"^Authenticate and apply {count} environment"))).to_be_visible()
    give_code(aws, card)
    return card


@pytest.mark.thorough
@pytest.mark.timeout(900)
def test_a_killed_worker_is_told_on_the_card_and_nothing_is_lost(lab, aws, cluster, open_notebook):
    add_roles(aws, *ROLES)
    write_teams(lab.folder)
    s3 = aws.client("s3")
    s3.create_bucket(Bucket="states", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    on = f"%tfplan --each rows --on {cluster.address}"
    lab.write("book.ipynb", f"%load_ext tfmfa_nb\n{ROWS}", on, "%tfapply --each rows", LEFT, on, "%tfapply --each rows")
    page = open_notebook("book.ipynb", height=3600, alone=True)
    page.run_cell(0)
    plan(page, aws, PLAN, TEAMS)
    expect(page.output(PLAN)).to_contain_text("12 of 12 environments change: 12 to add, 0 to change, 0 to destroy.")
    page.screenshot("cluster-1-planned", page.output(PLAN))

    card = apply(page, aws, APPLY, TEAMS)
    while not list(cluster.folder.glob("tfmfa-remote-*/work/begun")):
        time.sleep(0.1)
    page.screenshot("cluster-2-applying", card)
    cluster.kill_machine(0)
    page.wait_idle(300)
    expect(page.output(APPLY)).to_contain_text(re.compile(r"[1-4] of 12 environments did not succeed"))
    page.screenshot("cluster-3-lost", page.output(APPLY))

    page.run_cell(CHOICE)
    lost = int(re.search(r"(\d+) lost", page.output(CHOICE).inner_text())[1])
    # What was lost is planned and applied once more, by the worker that is left.
    plan(page, aws, AGAIN, lost)
    apply(page, aws, LAST, lost)
    page.wait_idle(300)
    expect(page.output(LAST)).to_contain_text(f"{lost} applied")
    page.screenshot("cluster-4-applied", page.output(LAST))

    calls = aws.calls()
    assert [call["action"] for call in calls].count("GetSessionToken") == 4
    made = {
        call["identity"].split("/")[1] for call in calls if call["service"] == "s3" and "assumed" in call["identity"]
    }
    assert made == set(ROLES)
    for number in range(TEAMS):
        state = json.loads(s3.get_object(Bucket="states", Key=f"t{number}")["Body"].read())
        assert [one["type"] for one in state["resources"]] == ["terraform_data"]
