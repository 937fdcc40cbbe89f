"""A message as one short line. Pure."""

MAX_LENGTH = 300
_PAIRS = {"]": "[", "}": "{"}


def one_line(message: str) -> str:
    """`message` in one line of at most `MAX_LENGTH` characters.

    Debezium prints whole objects inside a sentence, and the end of the sentence follows them: they are left
    out of a message that is too long.
    """
    text = " ".join(message.split())
    if len(text) > MAX_LENGTH:
        text = " ".join(_without_objects(text).split())
    return text if len(text) <= MAX_LENGTH else text[: MAX_LENGTH - 3] + "..."


def _without_objects(text: str) -> str:
    """Leave out what stands in brackets, with a field's name in front of it. One pass over the text."""
    opened: list[int] = []
    ends: dict[int, int] = {}
    for at, character in enumerate(text):
        if character in "[{":
            opened.append(at)
        elif character in "]}" and opened:
            start = opened.pop()
            if text[start] == _PAIRS[character]:
                ends[start] = at
    kept: list[str] = []
    at = done = 0
    while at < len(text):
        if at not in ends:
            at += 1
            continue
        kept.append(_without_name(text[done:at]).rstrip())
        at = done = ends[at] + 1
    return "".join((*kept, text[done:]))


def _without_name(text: str) -> str:
    """Without `name=` at the end, which belongs to the object that follows."""
    if not text.endswith("="):
        return text
    words = text[:-1]
    return words[: len(words.rstrip("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_$."))]
