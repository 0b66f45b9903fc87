"""Damages bytes and JSON documents, for `fuzz.py`: what a disk, an editor or an attacker may leave behind."""

from __future__ import annotations

import copy
import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from random import Random

SPECIAL_BYTES = (0, 1, 9, 10, 13, 0x22, 0x2C, 0x2D, 0x30, 0x7F, 0x80, 0xFF)
SNIPPETS = (
    b"NaN",
    b"-Infinity",
    b"1e999",
    b"-0",
    b"\\ud800",
    b"\xff\xfe",
    b"\xef\xbb\xbf",
    b"\x00",
    b"\r\n",
    b"\xe2\x80\xa8",
    b"[" * 3000,
    b'{"a":' * 600,
    b'"' * 50,
    b"9" * 400,
    b"9" * 5000,
    b"../" * 40,
    b"true",
    b"null",
    b"{}",
)
NUMBERS = (
    *("NaN", "Infinity", "-Infinity", "1e999", "-1e999", "1e-999", "-0", "0", "-1", "1", "2", "0.5", "1.5"),
    *("1e308", "9" * 30, "9" * 400, "9" * 5000, "-" + "9" * 400),
)
TEXTS = (
    *('""', '"0.5"', '"\\u0000"', '"\\ud800"', '"\\n\\u001b[31m"', '"../../x"', '"/dev/zero"', '"~/x"'),
    *('"http://x/y"', '"' + "x" * 5000 + '"'),
)
NESTED = ("[]", "{}", "[[]]", "[0]", "[8, 8]", "[8, 8, 8]", '{"a": {}}', "[" * 3000 + "]" * 3000)
TOKENS = (*NUMBERS, *TEXTS, *NESTED, "true", "false", "null")  # values as they are written


def damage_bytes(content: bytes, random: Random) -> bytes:
    """Return the bytes with one to four changes."""
    changed = bytearray(content)
    for _ in range(random.randint(1, 4)):
        place = random.randrange(len(changed) + 1)
        stop = place + random.randint(1, 40)
        match random.randrange(8):
            case 0 if place < len(changed):
                changed[place] ^= 1 << random.randrange(8)
            case 1 if place < len(changed):
                changed[place] = random.choice(SPECIAL_BYTES)
            case 2:
                del changed[place:stop]
            case 3:
                changed[place:place] = random.randbytes(random.randint(1, 20))
            case 4:
                changed[place:place] = changed[place:stop]
            case 5:
                changed[place:place] = random.choice(SNIPPETS)
            case 6:
                del changed[place:]
            case _:
                changed[place:stop] = bytes(len(changed[place:stop]))  # as after a loss of power
    return bytes(changed)


def damage_document(document: Any, random: Random) -> bytes:
    """Return a document as JSON, with one to three of its values or keys changed, doubled or left out."""
    changed = copy.deepcopy(document)
    tokens: list[str] = []
    for _ in range(random.randint(1, 3)):
        parent, key = random.choice(_places(changed) or [([changed], 0)])
        match random.randrange(6):
            case 0:
                del parent[key]
            case 1 if isinstance(parent, dict):
                parent[random.choice((key + "s", key.upper(), "", "kind", "\ud800"))] = parent.pop(key)
            case 2 if isinstance(parent, dict):  # the same key once more, with another value
                parent[f"{key}@again"] = _token(random, tokens)
            case 3:
                other, place = random.choice(_places(changed))
                parent[key] = copy.deepcopy(other[place])
            case _:
                parent[key] = _token(random, tokens)
    text = json.dumps(changed, ensure_ascii=random.random() < 0.5, indent=random.choice((None, 2)))
    text = text.replace("@again", "")
    for number, token in enumerate(tokens):
        text = text.replace(f'"@{number}@"', token)
    prefix = "\ufeff" if random.random() < 0.02 else ""
    return (prefix + text).encode("utf-8", "surrogatepass")


def _token(random: Random, tokens: list[str]) -> str:
    """Return the text that stands in a document for a token until it is written."""
    tokens.append(random.choice(TOKENS))
    return f"@{len(tokens) - 1}@"


def _places(node: Any) -> list[tuple[Any, Any]]:
    """Return where all values below a node are: the mapping or list, and the key or index."""
    if not isinstance(node, dict | list):
        return []
    keys = list(node) if isinstance(node, dict) else list(range(len(node)))
    return [place for key in keys for place in [(node, key), *_places(node[key])]]
