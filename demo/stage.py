"""What runs in the demo: an installation of the gateway, the real Traefik and the sample app, in a temporary folder."""

import os
import subprocess
import sys
import time
from pathlib import Path
from urllib.error import URLError
from urllib.request import ProxyHandler, build_opener

from demo.programs import Program, ProgramError, free_ports
from demo.stopping import Stopping

HERE = Path(__file__).parent
BIN = Path(sys.executable).parent
LOG_LINES = 25


class Stage:
    """Everything that runs: one installation in a temporary folder. Leaving it stops all programs, newest first."""

    def __init__(self, folder: Path, stopping: Stopping) -> None:
        self.folder = folder
        self._stopping = stopping
        self.config = folder / "gateway" / "token-gateway.yaml"
        self._programs: list[Program] = []
        ports = free_ports(5)
        self.web = f"http://127.0.0.1:{ports[0]}"
        self.app = f"127.0.0.1:{ports[1]}"
        self.portal = f"http://localhost:{ports[2]}"
        self._ops = f"http://127.0.0.1:{ports[4]}"
        self._ports = dict(zip(("8080", "8081", "9190", "9191", "9192"), map(str, ports), strict=True))

    def set(self) -> None:
        """Make the installation, write the configs, start all three programs, return when they answer."""
        self.gateway("init", str(self.config.parent), "--admin", "admin")
        self._copy(HERE / "token-gateway.yaml", self.config)
        traefik = self.folder / "traefik"
        self._copy(HERE / "traefik" / "traefik.yaml", traefik / "traefik.yaml")
        self._copy(HERE / "traefik" / "app.yaml", traefik / "dynamic" / "app.yaml")
        app = self._start("app", sys.executable, HERE / "app.py", self.app.rpartition(":")[2])
        gateway = self._start("gateway", BIN / "token-gateway", "--config", self.config, "serve")
        self.gateway("proxy-config", "traefik", "--output", str(self.folder / "printed"))
        middleware = (self.folder / "printed" / "middleware.yaml").read_text("utf-8")
        (traefik / "dynamic" / "middleware.yaml").write_text(middleware, "utf-8")
        proxy = self._start("traefik", BIN / "traefik", "--configFile=traefik.yaml", folder=traefik)
        app.wait_until(lambda: _answers(f"http://{self.app}/"))
        gateway.wait_until(lambda: _answers(f"{self._ops}/health/ready"))
        proxy.wait_until(lambda: _answers(f"{self.web}/public/ready"))

    def gateway(self, *words: str, said: str = "") -> str:
        """Run `token-gateway` on the installation, with `said` as its input; what it printed. ProgramError with its
        words when it refuses.
        """
        known = {name: value for name, value in os.environ.items() if not name.startswith("TOKEN_GATEWAY_")}
        environment = known | {"TOKEN_GATEWAY_CONFIG": str(self.config)}
        done = subprocess.run(
            [str(BIN / "token-gateway"), *words],
            env=environment,
            input=said,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise ProgramError(f"token-gateway {words[0]} ended with {done.returncode}: {done.stderr.strip()}")
        return done.stdout.strip()

    def asked_app(self) -> int:
        """How many requests have reached the app."""
        return (self.folder / "app.log").read_text("utf-8").count("\n")

    def stay(self) -> None:
        """Until a program ends (ProgramError) or a signal comes (Stopped)."""
        while True:
            for program in self._programs:
                program.must_live()
            time.sleep(0.5)

    def stop(self) -> None:
        """Stop what was started, newest first."""
        while self._programs:
            self._programs.pop().stop()

    def logs(self) -> list[tuple[str, list[str]]]:
        """The end of each program's log."""
        found = sorted(self.folder.glob("*.log"))
        return [(log.name, log.read_text("utf-8", "replace").splitlines()[-LOG_LINES:]) for log in found]

    def _start(self, name: str, *argv: str | Path, folder: Path | None = None) -> Program:
        log = self.folder / f"{name}.log"
        with self._stopping.held_back():
            program = Program.start(name, argv, log=log, folder=folder or self.folder)
            self._programs.append(program)
        return program

    def _copy(self, source: Path, target: Path) -> None:
        text = source.read_text("utf-8")
        for usual, free in self._ports.items():
            text = text.replace(f":{usual}", f":{free}")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, "utf-8")


def _answers(url: str) -> bool:
    """Whether the address answers 200, asked directly and not through a proxy of the environment."""
    try:
        with build_opener(ProxyHandler({})).open(url, timeout=1) as got:
            return bool(got.status == 200)
    except (URLError, OSError):
        return False
