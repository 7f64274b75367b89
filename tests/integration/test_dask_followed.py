"""A fleet on a cluster whose kernel dies in the middle of its apply: another kernel follows it to its end."""

import re

from dask_cluster import STATES, dask_cluster
from kernels import Kernel
from runbooks import DEVICE

SLOW = """
resource "terraform_data" "slow" {
  provisioner "local-exec" {
    command = "touch begun; for i in $(seq 600); do sleep 0.1; [ -e ../../go-on ] && break; done"
  }
}"""
PLAN = f"%%tfplan --each rows --on ADDRESS\n{STATES}{SLOW}"
ROWS = 'rows = [{"name": "a", "backend_config": "key=a"}]'


def test_a_run_on_a_worker_outlives_its_kernel(tmp_path, sandbox, provider):
    s3 = sandbox.client("s3")
    s3.create_bucket(Bucket="states", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    (folder := tmp_path / "cluster").mkdir()
    started = []

    def kernel(cluster):
        environ = {**sandbox.environ(), **provider, **cluster.environ, "TFMFA_TOKEN_COMMAND": DEVICE}
        started.append(Kernel(tmp_path, environ))
        assert started[-1].run(f"%load_ext tfmfa_nb\n{ROWS}") == ("", "")
        return started[-1]

    with dask_cluster(folder, provider, workers=1) as cluster:
        try:
            old = kernel(cluster)
            assert old.run(PLAN.replace("ADDRESS", cluster.address))[1] == ""
            old.start("%tfapply --each rows --auto-approve")
            other = kernel(cluster)
            while not list(folder.glob("tfmfa-remote-*/work/begun")):
                other.run("import time; time.sleep(0.1)")
            listed, _ = other.run("%tfruns")
            fleet = re.search(r"^(fleet-[\w-]+):", listed, re.MULTILINE)[1]
            old.kill()
            following = other.start(f"%tfruns follow {fleet}")
            other.showing(following, "Applying")
            (folder / "go-on").touch()
            text, error = other.ended(following)
            assert error == ""
            assert "1 applied." in text
            assert [one["Key"] for one in s3.list_objects_v2(Bucket="states")["Contents"]] == ["a"]
        finally:
            for each in started:
                each.stop()
