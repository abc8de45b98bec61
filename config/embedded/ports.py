"""Free loopback ports."""

import socket


def free(count: int = 1) -> list[int]:
    """`count` different ports that nobody listens on at this moment."""
    held = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [int(server.getsockname()[1]) for server in held]
    for server in held:
        server.close()
    return ports


def is_free(host: str, port: int) -> bool:
    """Whether we could listen there now."""
    try:
        socket.create_server((host, port)).close()
    except OSError:
        return False
    return True


def answers(port: int) -> bool:
    """Whether somebody accepts connections there."""
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True
