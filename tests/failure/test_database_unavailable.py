"""While the database is unavailable, the API says so and the IM servers keep their sockets."""

import urllib.error
import urllib.request

import pytest

from tests.failure.cluster import Cluster
from tests.failure.load import Load
from tests.services import wait_until


def test_api_answers_503_with_retry_after_and_sockets_stay_open(large_cluster: Cluster) -> None:
    large_cluster.wait_ready()
    with Load(large_cluster) as load:
        wait_until(lambda: all(client.memory.is_live for client in load.clients), seconds=20, what="clients connect")
        database = large_cluster.services["postgresql"]
        database.stop()
        try:
            with pytest.raises(urllib.error.HTTPError) as refusal:
                _read_inbox(large_cluster, load.targets[0].token)
            assert refusal.value.code == 503
            assert int(refusal.value.headers["Retry-After"]) > 0
            refusal.value.close()
            assert "database: unavailable" in large_cluster.read("api", "/readyz")
            assert [large_cluster.read(server, "/livez") for server in ("im0", "im1")] == ["ok\n", "ok\n"]
        finally:
            database.start()
        _read_inbox(large_cluster, load.targets[0].token)
        assert [len(client.connected_at) for client in load.clients] == [1] * len(load.clients)


def _read_inbox(cluster: Cluster, token: str) -> None:
    url = f"{cluster.system.api.url}/v1_0/user/notifications"
    request = urllib.request.Request(url, headers={"Authorization": f"Bearer {token}"})
    urllib.request.urlopen(request, timeout=15).close()
