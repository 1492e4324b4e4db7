"""No language lacks a word."""

from __future__ import annotations

import string
from collections import Counter

import polib
import pytest

from daemon.config.service import Locale
from daemon.i18n import catalogue, translations, words_in
from tests.support.messages import messages

TRANSLATED = [locale for locale in Locale if locale is not Locale.ENGLISH]


def entries(locale: Locale) -> dict[str, polib.POEntry]:
    text = catalogue(locale).read_text(encoding="utf-8")
    return {entry.msgid: entry for entry in polib.pofile(text)}


def named(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


@pytest.mark.parametrize("locale", TRANSLATED)
def test_every_text_is_translated_and_no_other(locale: Locale) -> None:
    there, wanted = entries(locale), dict(messages())
    missing = [text for text in wanted if text not in there or not there[text].translated()]
    assert missing == [], f"add them to {catalogue(locale)}"
    assert there.keys() - wanted.keys() == set(), f"nobody says these: {catalogue(locale)}"
    assert {text: there[text].msgid_plural or None for text in wanted} == wanted


@pytest.mark.parametrize("locale", TRANSLATED)
def test_a_translation_tells_every_value_and_none_that_there_is_not(locale: Locale) -> None:
    wrong = []
    for entry in entries(locale).values():
        given = named(entry.msgid_plural or entry.msgid)
        texts = list(entry.msgstr_plural.values()) or [entry.msgstr]
        wrong += [entry.msgid for text in texts if named(text) != given]
    assert wrong == []


@pytest.mark.parametrize("locale", TRANSLATED)
def test_a_catalogue_has_each_text_once(locale: Locale) -> None:
    text = catalogue(locale).read_text(encoding="utf-8")
    counts = Counter(entry.msgid for entry in polib.pofile(text))
    assert [each for each, count in counts.items() if count > 1] == []


def test_words_are_said_in_the_language_with_their_values() -> None:
    english, korean = words_in(Locale.ENGLISH), words_in(Locale.KOREAN)
    assert english.say("{name}: ready", name="desk") == "desk: ready"
    assert korean.say("{name}: ready", name="desk") == "desk: 정상"
    assert english.count("{number} book", "{number} books", 1) == "1 book"
    assert english.count("{number} book", "{number} books", 2) == "2 books"
    assert korean.count("{number} book", "{number} books", 2) == "장부 2개"
    assert translations(Locale.ENGLISH).gettext("no positions") == "no positions"


def test_a_text_that_nobody_translated_is_said_in_english() -> None:
    assert words_in(Locale.KOREAN).say("a text of {when}", when="tomorrow") == "a text of tomorrow"
