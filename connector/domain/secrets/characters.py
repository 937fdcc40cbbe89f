"""Characters in a secret that nobody sees: they come along when a value is copied, and are never meant.

A user name with a line break at its end is another user for the database, so each try is a wrong login; a
host with a zero width space is another host. The value itself is never part of what is said here.
"""

import unicodedata

#: What may surround a value that is not confidential, and is then left out.
BLANKS = " \t\r\n"

BYTE_ORDER_MARK = chr(0xFEFF)

_NAMES = {
    0x0009: "a tab",
    0x000A: "a line break",
    0x000D: "a line break",
    0x00A0: "a no-break space",
    0x200B: "a zero width space",
    0xFEFF: "a byte order mark",
}
#: Letters, marks and symbols that show nothing all the same: fillers, a joiner, an empty Braille cell (The
#: Unicode Standard, 5.21, Default Ignorable Code Points; 21.1, Braille).
_BLANK_LETTERS = frozenset((0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x2800, 0x3164, 0xFFA0))
#: They change how the character before them looks, if at all.
_VARIATION_SELECTORS = (range(0xFE00, 0xFE10), range(0xE0100, 0xE01F0))


def invisible(text: str, allowed: str = "") -> str | None:
    """The first character of `text` that cannot be seen, and where it is; None when there is none.

    A plain space can be seen. `allowed` are characters that may be there: line breaks in a PEM text.
    """
    for place, character in enumerate(text):
        if character not in allowed and not _seen(character):
            at = "at its start" if place == 0 else "at its end" if place == len(text) - 1 else "in it"
            return f"{_name(character)} (U+{ord(character):04X}) {at}"
    return None


def _seen(character: str) -> bool:
    code = ord(character)
    shows_nothing = code in _BLANK_LETTERS or any(code in selectors for selectors in _VARIATION_SELECTORS)
    return character.isprintable() and not shows_nothing


def _name(character: str) -> str:
    named = unicodedata.name(character, "").lower()
    return _NAMES.get(ord(character)) or (f"the character {named}" if named else "a control character")
