"""Days that families photograph though no law has them: by country, where the package ``holidays`` has none.

Taken from what is general knowledge of each country's customs; a country that is not named here has only what the
package knows. Where custom differs within a country, the day of most of it is told.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Final

from core.events.days_of_year import MONDAY, SUNDAY, DayOf, fixed, from_easter, last, nth
from core.events.observances import Observance

CHRISTMAS_EVE, NEW_YEARS_EVE = "Christmas Eve", "New Year's Eve"

_PENTECOST: Final = 49
"""Days after Easter."""

_MAY_2, _MAY_1, _JUNE_3 = nth(5, SUNDAY, 2), nth(5, SUNDAY, 1), nth(6, SUNDAY, 3)


def _last_sunday_of_may_unless_pentecost(year: int) -> date:
    day = last(5, SUNDAY)(year)
    return nth(6, SUNDAY, 1)(year) if day == from_easter(_PENTECOST)(year) else day


_WEST: Final = (
    "AD AT AX BE CH CZ DE DK EE ES FI FO FR GB GG GI HR HU IE IM IS IT JE LI LT LU LV MC MT NL NO PL PT SE SI SJ SK SM"
)
"""Europe that keeps the Easter of the Gregorian calendar."""
_EUROPE: Final = f"{_WEST} BG CY GR RO"
_AMERICAS: Final = (
    "AG AI AR AW BB BL BM BO BR BS BZ CA CL CO CR CU CW DM DO EC GD GF GP GT GY HN HT JM KN KY LC MF MQ MS MX NI PA PE "
    "PM PR PY SR SV SX TC TT UY VC VE VG VI"
)
_OVERSEAS: Final = "AS AU CX CC GU NC NF NZ PF PH RE ZA"

_CUSTOMS: Final[tuple[tuple[str, DayOf, str], ...]] = (
    ("Valentine's Day", fixed(2, 14), f"{_EUROPE} {_AMERICAS} {_OVERSEAS} HK IN JP KR MO SG TH TW UA VN"),
    ("Halloween", fixed(10, 31), f"{_EUROPE} {_AMERICAS} {_OVERSEAS} HK JP SG"),
    # Christmas where it is no holiday and is kept all the same
    (CHRISTMAS_EVE, fixed(12, 24), "JP TW TH SG VN CN"),
    ("Christmas Day", fixed(12, 25), "JP TW TH VN CN"),
    # before Lent
    ("Women's Carnival Day", from_easter(-52), "DE"),
    ("Carnival Monday", from_easter(-48), "AT BE CH DE LI LU NL"),
    ("Carnival Tuesday", from_easter(-47), "AT BE CH DE ES FR HR IT LI LU MC MT NL PT SI"),
    ("Shrovetide Sunday", from_easter(-49), "DK FO IS NO"),
    ("Fat Thursday", from_easter(-52), "PL"),
    ("Pancake Day", from_easter(-47), "GB IE AU NZ CA"),
    # round the year
    ("Holy Saturday", from_easter(-1), "AT CH DE HR HU PL SK"),
    ("Easter Sunday", from_easter(0), f"{_WEST} {_AMERICAS} {_OVERSEAS} GH KE MG NG"),
    ("April Fools' Day", fixed(4, 1), "GB IE FR DE AT CH US CA AU NZ"),
    ("Walpurgis Night", fixed(4, 30), "DE AT CZ FI"),
    ("St. Patrick's Day", fixed(3, 17), "GB CA AU NZ"),
    ("Bonfire Night", fixed(11, 5), "GB NZ"),
    ("Burns Night", fixed(1, 25), "GB"),
    ("Day of the Dead", fixed(11, 2), "MX"),
    ("Sant Jordi", fixed(4, 23), "ES"),
    ("Midsummer Eve", fixed(6, 23), "DK FO NO EE LV"),
    ("St. John's Eve", fixed(6, 23), "ES PT"),
    ("Music Day", fixed(6, 21), "FR"),
    ("Epiphany", fixed(1, 6), "DE CH BE FR NL MX AR"),
    ("Candlemas", fixed(2, 2), "FR BE LU MX"),
    ("Corpus Christi", from_easter(60), "DE CH ES"),
    ("All Saints' Day", fixed(11, 1), "DE CH"),
    ("St. Martin's Day", fixed(11, 11), "AT BE CH DE LI NL SI"),
    ("St. Nicholas' Eve", fixed(12, 5), "AT DE NL CZ SK SI HU"),
    ("St. Nicholas' Day", fixed(12, 6), "AT BE CH CZ DE HR HU LI LU NL PL RO SI SK"),
    ("St. Lucia's Day", fixed(12, 13), "DK FI NO SE"),
    ("Thanksgiving", nth(10, SUNDAY, 1), "DE AT"),
    ("Thanksgiving", nth(10, MONDAY, 2), "CA"),
    ("Good Friday", from_easter(-2), "CH"),
    ("Easter Monday", from_easter(1), "CA CH GB"),
    ("Pentecost", from_easter(_PENTECOST), "AT CH DE"),
    ("Saint Stephen's Day", fixed(12, 26), "CH"),
    ("Boxing Day", fixed(12, 26), "CA"),
    ("Doll Festival", fixed(3, 3), "JP"),
    ("Seven-Five-Three", fixed(11, 15), "JP"),
    ("Tanabata", fixed(7, 7), "JP"),
    # mothers
    (
        "Mother's Day",
        _MAY_2,
        "AT AU BB BD BE BR CA CH CL CN CO CU CY CZ DE DK EC EE FI GR HK HN HR IN IS IT JM JP KE LI LK LV MO MT MY NL "
        "NZ PE PH PK PR SG SK TR TT TW UA UY VE VI ZA ZM",
    ),
    ("Mother's Day", _MAY_1, "AO CV ES HU LT MZ PT RO"),
    ("Mother's Day", from_easter(-21), "GB GG IE IM JE NG"),
    ("Mother's Day", _last_sunday_of_may_unless_pentecost, "FR GF GP MC MQ NC PF RE"),
    ("Mother's Day", last(5, SUNDAY), "SE DO DZ HT MA TN SN CI CM MG"),
    ("Mother's Day", nth(6, SUNDAY, 2), "LU"),
    ("Mother's Day", nth(10, SUNDAY, 3), "AR"),
    ("Mother's Day", nth(2, SUNDAY, 2), "NO SJ"),
    ("Mother's Day", last(11, SUNDAY), "RU"),
    ("Mother's Day", nth(9, SUNDAY, 3), "KZ"),
    ("Mother's Day", fixed(3, 21), "AE BH EG IQ JO KW LB LY OM PS QA SA SD SY YE"),
    ("Mother's Day", fixed(3, 25), "SI"),
    ("Mother's Day", fixed(5, 10), "GT MX SV BZ"),
    ("Mother's Day", fixed(5, 15), "PY"),
    ("Mother's Day", fixed(5, 26), "PL"),
    ("Mother's Day", fixed(5, 27), "BO"),
    ("Mother's Day", fixed(5, 30), "NI"),
    ("Mother's Day", fixed(10, 14), "BY"),
    ("Mother's Day", fixed(12, 8), "PA"),
    ("Mother's Day", fixed(12, 22), "ID"),
    ("International Women's Day", fixed(3, 8), "AL BA BG ME MK RO RS VN"),
    ("Parents' Day", fixed(5, 8), "KR"),
    ("Grandmother's Day", fixed(1, 21), "PL"),
    ("Grandfather's Day", fixed(1, 22), "PL"),
    # fathers
    (
        "Father's Day",
        _JUNE_3,
        "AR BB BD CA CL CN CO CR CY CZ EC FR GB GG GR HK HU IE IM IN JE JM JP KE LK MO MT MX MY NG NL PA PE PH PK "
        "PR SG SK TR TT UA VE VI ZA",
    ),
    ("Father's Day", nth(6, SUNDAY, 2), "AT BE"),
    ("Father's Day", nth(6, SUNDAY, 1), "CH LT"),
    ("Father's Day", from_easter(39), "DE"),
    ("Father's Day", fixed(3, 19), "BO ES HN HR IT LI PT"),
    ("Father's Day", nth(9, SUNDAY, 1), "AU NZ"),
    ("Father's Day", nth(11, SUNDAY, 2), "EE FI IS NO SE SJ"),
    ("Father's Day", nth(9, SUNDAY, 2), "LV"),
    ("Father's Day", nth(10, SUNDAY, 1), "LU"),
    ("Father's Day", nth(10, SUNDAY, 3), "RU"),
    ("Father's Day", nth(7, SUNDAY, 3), "UY"),
    ("Father's Day", nth(8, SUNDAY, 2), "BR"),
    ("Father's Day", fixed(6, 5), "DK"),
    ("Father's Day", fixed(6, 17), "GT SV"),
    ("Father's Day", fixed(6, 23), "NI PL"),
    ("Father's Day", fixed(8, 8), "TW"),
    ("Children's Day", fixed(6, 1), "CZ PL PT RO RU SK UA"),
)


def _by_country() -> Mapping[str, Sequence[Observance]]:
    found: dict[str, list[Observance]] = defaultdict(list)
    for name, day_of, codes in _CUSTOMS:
        for code in codes.split():
            found[code].append(Observance(name, day_of))
    return found


CUSTOMS: Final = _by_country()
"""ISO 3166-1 alpha-2 code → days; a country that is not in it has none of its own."""
