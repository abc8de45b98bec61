"""Everything that `make run` starts, in order, and how it is kept and ended."""

import json
import os
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request

import psycopg

from config.embedded import child, demo, ports, postgres, redis
from config.embedded.child import Child
from config.embedded.identity import Unavailable
from config.embedded.place import ROOT, Place


def say(text: str) -> None:
    """One line for the person who watches."""
    print(f"  {text}", flush=True)


class House:
    """Call `build` once, `tend` every now and then, `close` at the end, whatever happened in between."""

    def __init__(self, place: Place) -> None:
        self.place, self.data, self.logs = place, place.data, place.data / "log"
        self.cluster: postgres.Cluster | None = None
        self.services: list[Child] = []  # what the application stands on
        self.workers: list[Child] = []  # the application itself
        self.addresses: demo.Addresses | None = None
        self.next_rotation = 0.0
        self.environment = {
            **os.environ,
            "SLIPWAY_DATA": str(self.data),
            "SLIPWAY_PORT": str(place.port),
            "SLIPWAY_DEMO": "1" if place.demo else "0",
            "SLIPWAY_URL": place.url,
            "SLIPWAY_INSECURE_HTTP": os.environ.get("SLIPWAY_INSECURE_HTTP", "1"),
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "PYTHONPATH": str(ROOT),
            "PYTHONPYCACHEPREFIX": os.environ.get("PYTHONPYCACHEPREFIX") or str(self.data / "pycache"),
            "PYTHONUNBUFFERED": "1",
        }

    def build(self) -> None:
        """Start everything, from the bottom up. Raises Unavailable with what is lacking."""
        self.start_postgres()
        self.start_services()
        self.manage("migrate", "--verbosity", "0", saying="Bringing the database up to date")
        self.manage("collectstatic", "--noinput", "--verbosity", "0", saying="Collecting static files")
        if self.place.demo:
            fresh = "Loading the story of Storefront: two small rollouts really happen, 20 s or so"
            self.manage("load_story", saying=fresh if self.is_empty() else "Looking where the demo's services listen")
            self.note_addresses()
        self.start_workers()

    def start_postgres(self) -> None:
        if self.environment.get("DATABASE_URL"):
            say("PostgreSQL: yours (DATABASE_URL)")
            return
        say("Starting PostgreSQL 18")
        sockets = self.cluster.sockets if self.cluster else None
        cluster = postgres.start(self.data / "postgres", log=self.logs / "postgres.log", sockets=sockets)
        self.cluster = cluster
        self.environment["DATABASE_URL"] = cluster.url(postgres.APP)
        self.environment["DATABASE_OWNER_URL"] = cluster.url(postgres.OWNER)

    def start_services(self) -> None:
        if self.environment.get("REDIS_URL"):
            say("Redis: yours (REDIS_URL)")
        else:
            program = redis.find_program()
            file, url = redis.configuration(self.data / "redis")
            port = int(url.rsplit(":", 1)[1].split("/")[0])
            command = [str(program), str(file)]
            self.add(Child("redis", command, self.environment, self.logs / "redis.log", lambda: ports.answers(port)))
            self.environment["REDIS_URL"] = url
        if self.place.demo:
            self.start_demo()
        for service in self.services:
            service.start()
        for service in self.services:
            service.wait_ready()
        say(f"Started {', '.join(service.name for service in self.services) or 'nothing of our own beside it'}")

    def start_demo(self) -> None:
        if not self.environment.get("EMAIL_URL"):
            port = ports.free()[0]
            self.environment["EMAIL_URL"] = f"smtp://127.0.0.1:{port}"
            self.add(demo.mailbox(port, self.data, self.environment))
        self.addresses = demo.Addresses.choose(self.data / "ports.json")
        given = {name: value for name, value in os.environ.items() if value}
        self.environment |= {**self.addresses.environment(self.logs / "access.log"), **given}
        self.services += demo.children(self.addresses, self.data, self.environment)

    def start_workers(self) -> None:
        celery = [sys.executable, "-m", "celery", "-A", "config.celery:app"]
        quiet = ["--without-gossip", "--without-mingle", "--loglevel", "INFO"]
        web = [
            sys.executable, "-m", "granian", "--interface", "asgi", "--workers", "1", "--workers-kill-timeout", "5",
            "--host", "127.0.0.1", "--port", str(self.place.port), "--no-ws", "--backpressure", "16384",
            "config.asgi:application",
        ]  # fmt: skip
        commands = {
            "web": web,
            "worker": [*celery, "worker", "-Q", "default", "-c", "2", "-n", "default@%h", *quiet],
            "rollback worker": [*celery, "worker", "-Q", "rollback", "-c", "2", "-n", "rollback@%h", *quiet],
            "mail worker": [*celery, "worker", "-Q", "mail", "-c", "1", "-n", "mail@%h", *quiet],
            "beat": [
                *celery,
                "beat",
                "--schedule",
                str(self.data / "beat-schedule"),
                "--pidfile=",
                "--loglevel",
                "INFO",
            ],
        }
        for name, command in commands.items():
            log = self.logs / f"{name.replace(' ', '-')}.log"
            self.workers.append(Child(name, command, self.environment, log, self.is_up if name == "web" else None))
        for worker in self.workers:
            worker.start()
        for worker in self.workers:
            worker.wait_ready()
        say(f"Started {', '.join(worker.name for worker in self.workers)}")

    def add(self, service: Child) -> None:
        self.services.append(service)

    def manage(self, *arguments: str, saying: str) -> None:
        """One of Django's commands, with its output in a log. Raises Unavailable with the end of that output."""
        say(saying)
        log = self.logs / "manage.log"
        command = [sys.executable, str(ROOT / "manage.py"), *arguments]
        with log.open("ab") as output:
            done = subprocess.run(command, env=self.environment, stdout=output, stderr=output, check=False)
        if done.returncode != 0:
            tail = "\n".join(log.read_text(errors="replace").splitlines()[-20:])
            raise Unavailable(f"`manage.py {arguments[0]}` failed. The end of {log}:\n{tail}")

    def is_empty(self) -> bool:
        """Whether nobody is known yet."""
        with psycopg.connect(self.environment["DATABASE_URL"]) as connection:
            row = connection.execute("SELECT EXISTS (SELECT 1 FROM core_user)").fetchone()
        return not (row and row[0])

    def is_up(self) -> bool:
        request = urllib.request.Request(f"http://127.0.0.1:{self.place.port}/healthz")
        try:
            with urllib.request.urlopen(request, timeout=5):
                return True
        except urllib.error.HTTPError as answer:
            return answer.code < 500
        except OSError:
            return False

    def note_addresses(self) -> None:
        """Ports may have changed since the story was loaded: scripts read them from demo.json."""
        file = self.data / "demo.json"
        if file.exists() and self.addresses:
            content = json.loads(file.read_text())
            names = ("SEARCH", "ENVOY", "BLUE", "GREEN")
            content["addresses"] = {name.lower(): self.environment[f"SLIPWAY_DEMO_{name}"] for name in names} | {
                "site": self.place.url,
                "mail": str(self.data / "mail"),
            }
            draft = file.with_suffix(".new")
            draft.touch(mode=0o600)
            draft.write_text(json.dumps(content, indent=2))
            draft.replace(file)

    def tend(self) -> None:
        """Start again what has died; set a large access log aside."""
        if self.cluster and self.cluster.process and self.cluster.process.poll() is not None:
            say(f"PostgreSQL ended ({child.ending(self.cluster.process.returncode)}); starting it again")
            self.start_postgres()
        for one in (*self.services, *self.workers):
            one.tend(say)
        if self.addresses and time.monotonic() > self.next_rotation:
            self.next_rotation = time.monotonic() + 60
            if demo.rotate(self.logs / "access.log"):
                threading.Thread(target=_post, args=(f"{self.environment['SLIPWAY_DEMO_ENVOY']}/reopen_logs",)).start()

    def close(self) -> None:
        """From the top down; PostgreSQL last, cleanly."""
        child.stop_all([*self.workers, *(one for one in self.services if one.name == "traffic")])
        child.stop_all(self.services)
        if self.cluster:
            self.cluster.stop()


def _post(url: str) -> None:
    try:
        urllib.request.urlopen(urllib.request.Request(url, method="POST"), timeout=5).close()
    except OSError as error:
        say(f"Envoy did not open its access log again: {error}")
