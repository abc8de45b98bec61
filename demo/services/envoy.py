"""The proxy's configuration: a route whose share of users on green is moved by runtime keys.

Sticky by user and monotone: the route hashes `x-user-id`, and the clusters divide the hash space from the left, blue
first and green last, so that green grows from the right edge. `slipway.search.blue` and `.green` must always add up to
`TOTAL`.
A restarted Envoy forgets them and starts with everybody on blue.
"""

import json
from pathlib import Path
from typing import Any

TOTAL = 1000
PREFIX = "slipway.search"
USER = "x-user-id"
BUCKETS = [5, 10, 25, 40, 50, 55, 60, 65, 70, 75, 80, 85, 90, 100, 125, 150, 200, 300, 500, 1000, 5000]
"""Upper bounds of the latency histogram, in milliseconds."""


def write(file: Path, *, port: int, admin: int, blue: int, green: int, access_log: Path) -> None:
    """Write the bootstrap (JSON). All ports are on loopback; the log gets one JSON object a line for each request."""
    file.write_text(
        json.dumps(bootstrap(port=port, admin=admin, blue=blue, green=green, access_log=access_log), indent=1)
    )


def command(program: Path, file: Path) -> list[str]:
    """How to run it: beside other Envoys of the machine, log lines on disk within 0.2 s, one thread."""
    return [
        str(program), "-c", str(file), "--disable-hot-restart", "--concurrency", "1",
        "--file-flush-interval-msec", "200", "--log-level", "warning",
    ]  # fmt: skip


def bootstrap(*, port: int, admin: int, blue: int, green: int, access_log: Path) -> dict[str, Any]:
    """The same as a dictionary."""
    return {
        "admin": {"address": _address(admin)},
        "stats_flush_interval": "1s",
        "stats_config": {
            "histogram_bucket_settings": [{"match": {"suffix": "upstream_rq_time"}, "buckets": BUCKETS}],
        },
        "layered_runtime": {"layers": [{"name": "admin", "admin_layer": {}}]},
        "static_resources": {
            "listeners": [
                {
                    "name": "search",
                    "address": _address(port),
                    "filter_chains": [{"filters": [_typed(_CONNECTIONS, _connections(access_log), name="http")]}],
                }
            ],
            "clusters": [_cluster("blue", blue), _cluster("green", green)],
        },
    }


_TYPES = "type.googleapis.com/envoy.extensions"
_CONNECTIONS = f"{_TYPES}.filters.network.http_connection_manager.v3.HttpConnectionManager"
_ROUTER = f"{_TYPES}.filters.http.router.v3.Router"
_FILE_LOG = f"{_TYPES}.access_loggers.file.v3.FileAccessLog"


def _connections(access_log: Path) -> dict[str, Any]:
    line = {
        "time": "%START_TIME(%Y-%m-%dT%H:%M:%S.%3fZ)%",
        "user": f"%REQ({USER})%",
        "cluster": "%UPSTREAM_CLUSTER%",
        "status": "%RESPONSE_CODE%",
        "duration_ms": "%DURATION%",
        "path": "%REQ(:PATH)%",
    }
    return {
        "stat_prefix": "search",
        "access_log": [_typed(_FILE_LOG, {"path": str(access_log), "log_format": {"json_format": line}}, name="file")],
        "http_filters": [_typed(_ROUTER, {}, name="router")],
        "route_config": {
            "name": "search",
            "virtual_hosts": [{"name": "search", "domains": ["*"], "routes": _routes()}],
        },
    }


def _routes() -> list[dict[str, Any]]:
    clusters = [{"name": "blue", "weight": TOTAL}, {"name": "green", "weight": 0}]
    by_user = {
        "timeout": "10s",
        "hash_policy": [{"header": {"header_name": USER}}],
        "weighted_clusters": {"clusters": clusters, "use_hash_policy": True, "runtime_key_prefix": PREFIX},
    }
    return [
        {"match": {"prefix": "/", "headers": [{"name": USER, "present_match": True}]}, "route": by_user},
        {"match": {"prefix": "/"}, "route": {"cluster": "blue", "timeout": "10s"}},  # nobody in particular: stable
    ]


def _cluster(name: str, port: int) -> dict[str, Any]:
    endpoint = {"endpoint": {"address": _address(port)}}
    return {
        "name": name,
        "connect_timeout": "1s",
        "type": "STATIC",
        "load_assignment": {"cluster_name": name, "endpoints": [{"lb_endpoints": [endpoint]}]},
    }


def _address(port: int) -> dict[str, Any]:
    return {"socket_address": {"address": "127.0.0.1", "port_value": port}}


def _typed(kind: str, content: dict[str, Any], *, name: str) -> dict[str, Any]:
    return {"name": name, "typed_config": {"@type": kind, **content}}
