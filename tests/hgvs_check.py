"""Does an HGVS name say what became of a protein? Judged by doing what the name says."""

from __future__ import annotations

import re

from seqgen.residues import THREE_LETTER

_ONE = {three.capitalize(): one for three, one in THREE_LETTER.items()}
_AA = "([A-Z][a-z]{2})"
_RESIDUE = rf"{_AA}(\d+)"


def one_letters(text: str) -> str:
    return "".join(_ONE[text[at : at + 3]] for at in range(0, len(text), 3))


def says_truly(name: str, ref: str, read: str) -> bool:
    """Whether ``name`` describes a protein ``ref`` (with its stop) turned into ``read``.

    ``read`` goes on behind stops, to the end of the transcript.
    """
    whole = read[: read.index("*") + 1] if "*" in read else None
    body = name.removeprefix("p.")
    if body == "=" or re.fullmatch(rf"{_RESIDUE}=", body):
        found = re.fullmatch(rf"{_RESIDUE}=", body)
        return whole == ref and (not found or ref[int(found[2]) - 1] == _ONE[found[1]])
    if body == "Met1?":
        return read[0] != "M"
    if found := re.fullmatch(rf"{_RESIDUE}{_AA}fsTer(\d+|\?)", body):
        at, new, n = int(found[2]) - 1, _ONE[found[3]], found[4]
        same = read[:at] == ref[:at] and ref[at] == _ONE[found[1]] != new == read[at]
        return same and (whole is None if n == "?" else len(whole or "") == at + int(n))
    if found := re.fullmatch(rf"Ter(\d+){_AA}extTer(\d+|\?)", body):
        at, new, n = int(found[1]) - 1, _ONE[found[2]], found[3]
        same = read[:at] == ref[:at] and ref[at] == "*" and read[at] == new != "*"
        return same and (whole is None if n == "?" else len(whole or "") == at + int(n) + 1)
    if whole is None and body == "?":  # the transcript ends where the reading does
        return ref.startswith(read[:-1])
    if whole is None and re.search(r"_Ter\d+del$", body):
        return _applied(body, ref) == read
    if body.endswith("extTer?"):
        return whole is None and _applied(body.removesuffix("extTer?"), ref) == read
    return whole is not None and _applied(body, ref) == whole


def _applied(body: str, ref: str) -> str | None:
    """The protein that a replacement, deletion, insertion or duplication makes; cut at a stop."""
    found = re.fullmatch(
        rf"{_RESIDUE}(?:_{_RESIDUE})?(?:(delins|del|ins|dup)?((?:[A-Z][a-z]{{2}})*))", body
    )
    if not found or _ONE[found[1]] != ref[int(found[2]) - 1]:
        return None
    first, last = int(found[2]) - 1, int(found[4] or found[2])
    if found[3] and _ONE[found[3]] != ref[last - 1]:
        return None
    kind, new = found[5], one_letters(found[6])
    old, after = ref[first:last], ref[last : last + 1]
    if kind == "dup":
        # As far towards the end as it can be.
        return None if old[0] == after else _cut(ref[:last] + old + ref[last:])
    if kind == "del":
        return None if old[0] == after != "" else _cut(ref[:first] + ref[last:])
    if kind == "ins":
        if last != first + 2 or new[0] == ref[first + 1] or ref[: first + 1].endswith(new):
            return None
        return _cut(ref[: first + 1] + new + ref[first + 1 :])
    if kind == "delins" and (old[0] == new[0] or len(old) == len(new) == 1):
        return None
    if kind == "delins" and old[-1] == new[-1] != "*":
        return None
    if kind is None and (len(new) != 1 or len(old) != 1):
        return None
    return _cut(ref[:first] + new + ref[last:])


def _cut(text: str) -> str:
    return text[: text.index("*") + 1] if "*" in text else text
