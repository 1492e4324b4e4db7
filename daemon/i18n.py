"""Words for people, in their language: gettext, domain ``nettingd``.

The English text is the key. ``daemon/locale/LANGUAGE/LC_MESSAGES/nettingd.po`` holds the others;
it is read as it stands, so there is nothing to compile. A text that is missing there fails
``tests/daemon/test_i18n.py``, which finds every call of ``say`` and ``count``, and every notice.

Sentences that arise elsewhere, in English, are said ``again`` (see ``daemon.sentences``).

Values are named: ``words.say("{book} is halted", book="a")``. What a value says (a name, a number,
a reason of a broker) is not translated.
"""

from __future__ import annotations

import io
from functools import cache
from gettext import GNUTranslations, NullTranslations
from pathlib import Path

from daemon.config.service import Locale
from daemon.labels import LABELS, STATES
from daemon.sentences import Sentences

DOMAIN, SENTENCES = "nettingd", "sentences"
FOLDER = Path(__file__).with_name("locale")


def catalogue(locale: Locale, domain: str = DOMAIN) -> Path:
    """Return a file of a language."""
    return FOLDER / locale.value / "LC_MESSAGES" / f"{domain}.po"


@cache
def translations(locale: Locale) -> NullTranslations:
    """Return a language as the standard library (and jinja) wants it."""
    if locale is Locale.ENGLISH:
        return NullTranslations()
    # Nobody else needs to read catalogues.
    import polib  # noqa: PLC0415

    binary = polib.pofile(catalogue(locale).read_text(encoding="utf-8")).to_binary()
    return GNUTranslations(io.BytesIO(binary))


@cache
def sentences(locale: Locale) -> Sentences:
    """Return what recognises sentences."""
    import polib  # noqa: PLC0415 - as above

    text = catalogue(locale, SENTENCES).read_text(encoding="utf-8")
    forms = {entry.msgid: entry.msgstr for entry in polib.pofile(text)}
    known = translations(locale)
    return Sentences(forms, {state: known.gettext(LABELS[state]) for state in STATES})


class Words:
    """Says things in one language."""

    def __init__(self, locale: Locale) -> None:
        self.locale = locale
        self._translations = translations(locale)

    def say(self, text: str, /, **values: object) -> str:
        """Return a text with its values."""
        return self._translations.gettext(text).format_map(values)

    def again(self, text: str, /) -> str:
        """Return a sentence that was made in English, as far as it is known."""
        return text if self.locale is Locale.ENGLISH else sentences(self.locale).again(text)

    def heading(self, text: str, /) -> str:
        """Return a heading or a help, which may be one word, as far as it is known."""
        return text if self.locale is Locale.ENGLISH else sentences(self.locale).heading(text)

    def label(self, word: str, /) -> str:
        """Return a word of the machine as people say it; any other one as it is."""
        return self._translations.gettext(LABELS[word]) if word in LABELS else word

    def check(self, name: str, /) -> str:
        """Return the name of a check of readiness, such as ``account main``."""
        kind, blank, which = name.partition(" ")
        return f"{self.label(kind)}{blank}{which}"

    def count(self, one: str, many: str, number: int, /, **values: object) -> str:
        """Return the text for this number, which it may name as ``{number}``."""
        text = self._translations.ngettext(one, many, number)
        return text.format_map({"number": number, **values})


@cache
def words_in(locale: Locale) -> Words:
    """Return the words of a language."""
    return Words(locale)
