import socket
import sys

import pytest

from haulage.runtime import ports
from haulage.runtime.fault import StartFault


def test_a_held_port_is_not_given_twice():
    if sys.platform != "linux":
        pytest.skip("ports are held by Linux's abstract sockets")
    with ports.reserve_free() as port:
        assert ports.reserve(port.number) is None


def test_a_port_can_be_had_again_after_its_release():
    with ports.reserve_free() as port:
        pass
    again = ports.reserve(port.number)
    assert again is not None
    again.release()


def test_a_port_somebody_listens_on_is_not_given():
    with socket.create_server(("127.0.0.1", 0)) as server:
        number = server.getsockname()[1]
        assert ports.reserve(number) is None
        with pytest.raises(StartFault, match=f"Port {number} is taken"):
            ports.claim(number)


def test_a_held_port_can_be_bound_by_the_server_it_is_held_for():
    with ports.reserve_free() as port, socket.create_server(("127.0.0.1", port.number)) as server:
        assert server.getsockname()[1] == port.number
