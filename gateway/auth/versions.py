"""Two people who edit one thing: the second is told, and loses nothing that the first has done."""

from gateway.auth.refused import Refused


def refuse_other_version(what: str, version: int, expected: int | None) -> None:
    """Refused `changed_meanwhile` when it is not the version that the editor has seen; None: they take it as it is.

    Ask inside the change that writes, with the version as that change read it.
    """
    if expected is not None and version != expected:
        raise Refused(
            "changed_meanwhile",
            field="version",
            message=f"{what} was changed by somebody else meanwhile",
            mend="look at it again, and edit it then",
        )
