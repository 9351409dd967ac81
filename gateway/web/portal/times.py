"""Moments, spans and numbers as people read them, in their language; exact ones are in UTC and say so."""

from datetime import UTC, date, datetime, timedelta

from babel.dates import format_date, format_datetime, format_timedelta
from babel.numbers import format_decimal
from markupsafe import Markup, escape

from gateway.web.portal.words import Words


class Times:
    """The words for times at one moment, `now`."""

    def __init__(self, words: Words, now: datetime) -> None:
        self._words = words
        self._now = now

    def ago(self, moment: datetime | None) -> Markup | str:
        """`3 days ago`, or `in 3 days`, with the exact moment behind it; `never` for none."""
        if moment is None:
            return self._words("never")
        gone = moment - self._now
        if abs(gone) < timedelta(seconds=45):
            return self._time(moment, self._words("just now"), is_relative=True)
        return self._time(
            moment,
            format_timedelta(gone, add_direction=True, threshold=1.2, locale=self._words.locale),
            is_relative=True,
        )

    def moment(self, moment: datetime | None) -> Markup | str:
        """`22 Nov 2026, 09:41 UTC`; `never` for none."""
        return self._words("never") if moment is None else self._time(moment, self._exact(moment))

    def day(self, moment: date | None) -> Markup | str:
        """`22 Nov 2026`, in UTC; `never` for none."""
        if moment is None:
            return self._words("never")
        if not isinstance(moment, datetime):
            return Markup('<time datetime="{}">{}</time>').format(
                moment.isoformat(), format_date(moment, "d MMM y", locale=self._words.locale)
            )
        return self._time(moment, format_datetime(moment.astimezone(UTC), "d MMM y", locale=self._words.locale))

    def span(self, span: timedelta) -> str:
        """`3 months`: about how long."""
        return format_timedelta(span, threshold=1, locale=self._words.locale)

    def number(self, number: float) -> str:
        """`1,234`."""
        return str(format_decimal(number, locale=self._words.locale))

    def _exact(self, moment: datetime) -> str:
        return format_datetime(moment.astimezone(UTC), "d MMM y, HH:mm 'UTC'", locale=self._words.locale)

    def _time(self, moment: datetime, text: str, *, is_relative: bool = False) -> Markup:
        stamp = moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
        more = Markup(' title="{}" data-relative').format(self._exact(moment)) if is_relative else Markup("")
        return Markup('<time datetime="{}"{}>{}</time>').format(stamp, more, escape(text))
