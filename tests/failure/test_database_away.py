"""A database that blinks: the API says so, and the IM servers go on."""

import urllib.error
import urllib.request

import pytest

from tests.failure.load import Load
from tests.failure.world import World
from tests.services import wait_until


def test_the_api_answers_503_with_retry_after_and_open_sockets_stay_open(big_world: World) -> None:
    big_world.wait_ready()
    with Load(big_world) as load:
        wait_until(lambda: all(device.memory.is_live for device in load.devices), seconds=20, what="devices connect")
        database = big_world.services["postgresql"]
        database.stop()
        try:
            with pytest.raises(urllib.error.HTTPError) as refusal:
                _read_inbox(big_world, load.targets[0].token)
            assert refusal.value.code == 503
            assert int(refusal.value.headers["Retry-After"]) > 0
            refusal.value.close()
            assert "database: away" in big_world.says("api", "/readyz")
            assert [big_world.says(server, "/livez") for server in ("im0", "im1")] == ["ok\n", "ok\n"]
        finally:
            database.start()
        _read_inbox(big_world, load.targets[0].token)
        assert [len(device.connected_at) for device in load.devices] == [1] * len(load.devices)


def _read_inbox(world: World, token: str) -> None:
    url = f"{world.system.api.url}/v1_0/user/notifications"
    request = urllib.request.Request(url, headers={"Authorization": f"Bearer {token}"})
    urllib.request.urlopen(request, timeout=15).close()
