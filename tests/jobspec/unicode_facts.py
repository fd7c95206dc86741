"""What DuckDB knows of Unicode: the facts that `jobspec.unicode` keeps, asked for anew.

`python -m tests.jobspec.unicode_facts` writes the tables; a test compares every code point.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from textwrap import wrap

import duckdb

from jobspec.unicode import ranges

FOLDER = Path(ranges.__file__).parent
CATEGORIES = "Lu Ll Lt Lm Lo Mn Mc Me Nd Nl No Pc Pd Ps Pe Pi Pf Po Sm Sc Sk So Zs Zl Zp Cc Cf Co"
SCRIPTS = """
Adlam Ahom Anatolian_Hieroglyphs Arabic Armenian Avestan Balinese Bamum Bassa_Vah Batak Bengali
Bhaiksuki Bopomofo Brahmi Braille Buginese Buhid Canadian_Aboriginal Carian Caucasian_Albanian
Chakma Cham Cherokee Chorasmian Common Coptic Cuneiform Cypriot Cypro_Minoan Cyrillic Deseret
Devanagari Dives_Akuru Dogra Duployan Egyptian_Hieroglyphs Elbasan Elymaic Ethiopic Georgian
Glagolitic Gothic Grantha Greek Gujarati Gunjala_Gondi Gurmukhi Han Hangul Hanifi_Rohingya Hanunoo
Hatran Hebrew Hiragana Imperial_Aramaic Inherited Inscriptional_Pahlavi Inscriptional_Parthian
Javanese Kaithi Kannada Katakana Kawi Kayah_Li Kharoshthi Khitan_Small_Script Khmer Khojki Khudawadi
Lao Latin Lepcha Limbu Linear_A Linear_B Lisu Lycian Lydian Mahajani Makasar Malayalam Mandaic
Manichaean Marchen Masaram_Gondi Medefaidrin Meetei_Mayek Mende_Kikakui Meroitic_Cursive
Meroitic_Hieroglyphs Miao Modi Mongolian Mro Multani Myanmar Nabataean Nag_Mundari Nandinagari
New_Tai_Lue Newa Nko Nushu Nyiakeng_Puachue_Hmong Ogham Ol_Chiki Old_Hungarian Old_Italic
Old_North_Arabian Old_Permic Old_Persian Old_Sogdian Old_South_Arabian Old_Turkic Old_Uyghur Oriya
Osage Osmanya Pahawh_Hmong Palmyrene Pau_Cin_Hau Phags_Pa Phoenician Psalter_Pahlavi Rejang Runic
Samaritan Saurashtra Sharada Shavian Siddham SignWriting Sinhala Sogdian Sora_Sompeng Soyombo
Sundanese Syloti_Nagri Syriac Tagalog Tagbanwa Tai_Le Tai_Tham Tai_Viet Takri Tamil Tangsa Tangut
Telugu Thaana Thai Tibetan Tifinagh Tirhuta Toto Ugaritic Vai Vithkuqi Wancho Warang_Citi Yezidi Yi
Zanabazar_Square
"""


@cache
def code_points() -> duckdb.DuckDBPyConnection:
    """A connection with the table `points(i, s)`: each code point and its text."""
    connection = duckdb.connect()
    connection.execute(
        "CREATE TABLE points AS SELECT i::INT AS i, chr(i::INT) AS s FROM range(1114112) r(i) "
        "WHERE i NOT BETWEEN 55296 AND 57343"
    )
    return connection


def members(pattern: str) -> ranges.Ranges:
    """The code points that match a pattern, as ranges."""
    found = code_points().execute(
        "SELECT min(i), max(i) FROM (SELECT i, i - row_number() OVER (ORDER BY i) AS run "
        f"FROM points WHERE regexp_full_match(s, '{pattern}')) GROUP BY run ORDER BY 1"
    )
    return tuple((low, high) for low, high in found.fetchall())


def mapping(function: str) -> dict[int, int]:
    """What `lower` or `upper` makes of the code points that it changes."""
    found = code_points().execute(
        f"SELECT i, unicode({function}(s)) FROM points WHERE {function}(s) <> s"
    )
    return dict(found.fetchall())


def runs(changed: dict[int, int]) -> list[tuple[int, int, int, int]]:
    """First, last, step and difference of code points that move alike."""
    found: list[tuple[int, int, int, int]] = []
    for point, image in sorted(changed.items()):
        if found:
            first, last, step, difference = found[-1]
            gap = point - last
            starts = first == last and gap in (1, 2)
            if difference == image - point and (starts or (first != last and gap == step)):
                found[-1] = (first, point, gap, difference)
                continue
        found.append((point, point, 1, image - point))
    return found


def _quoted(text: str) -> str:
    return "\n".join(f'    "{line} "' for line in wrap(text, 88))


def property_members(name: str) -> ranges.Ranges:
    return members(rf"\p{{{name}}}")


def _table(name: str, keys: str) -> str:
    rows = "".join(
        f'    "{key}": (\n{_quoted(ranges.written(property_members(key)))}\n    ),\n'
        for key in keys.split()
    )
    return f"{name}: dict[str, str] = {{\n{rows}}}\n"


def _case(name: str, function: str) -> str:
    text = " ".join(
        f"{first:x}.{last - first:x}.{step}.{difference:+x}"
        for first, last, step, difference in runs(mapping(function))
    )
    return f"{name} = (\n{_quoted(text)}\n)\n"


def _write(name: str, title: str, *parts: str) -> None:
    note = "Written by `tests.jobspec.unicode_facts` from what DuckDB knows; a test compares them."
    head = f'"""{title}\n\n{note}\n"""\n\nfrom __future__ import annotations\n\n'
    (FOLDER / name).write_text(head + "\n".join(parts))


def main() -> None:
    _write(
        "categories.py",
        "The code points of each general category of Unicode, as `jobspec.unicode.ranges` reads.",
        _table("CATEGORIES", CATEGORIES),
    )
    _write(
        "scripts.py",
        "The code points of each script of Unicode, as `jobspec.unicode.ranges` reads them.",
        _table("SCRIPTS", SCRIPTS),
    )
    _write(
        "case_runs.py",
        "Simple case mappings: `first.length.step.difference` of code points that move alike.",
        _case("LOWER", "lower"),
        _case("UPPER", "upper"),
    )


if __name__ == "__main__":
    main()
