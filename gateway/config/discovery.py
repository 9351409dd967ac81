"""Which file is the configuration."""

from collections.abc import Mapping
from pathlib import Path

from gateway.config.fault import ConfigError, ConfigInvalid

VARIABLE = "TOKEN_GATEWAY_CONFIG"
SYSTEM = Path("/etc/token-gateway")
# The last is what `token-gateway init /etc/token-gateway` makes.
PLACES = (Path("token-gateway.yaml"), SYSTEM / "config.yaml", SYSTEM / "token-gateway.yaml")


def find(explicit: Path | None, env: Mapping[str, str]) -> Path:
    """`--config`, else `TOKEN_GATEWAY_CONFIG`, else the first of `PLACES` that is there. ConfigInvalid when none is.

    What was named is returned even if it is not there: reading it then says so, instead of another file being used.
    """
    if explicit is not None:
        return explicit
    if env.get(VARIABLE):
        return Path(env[VARIABLE])
    for place in PLACES:
        try:
            if place.exists():
                return place
        except PermissionError:  # as when root's folder is the current one of the gateway's own user
            if place.is_absolute():
                raise
    raise ConfigInvalid(
        [
            ConfigError(
                file=str(PLACES[0]),
                line=0,
                column=0,
                key="file",
                message=f"there is no configuration, neither here nor in {SYSTEM}",
                mend=f"name it with --config or {VARIABLE}, or make one with token-gateway init DIR",
            )
        ]
    )
