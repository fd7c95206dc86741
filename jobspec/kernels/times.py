"""Dates and timestamps as texts and as years, months and days of the Gregorian calendar.

A date is the days since 1970-01-01, a timestamp the microseconds since then; both lie in the
years 1 to 9999, and what leaves them says so by `time_valid`. Not here: parts, truncation,
differences (`jobspec.kernels.calendar`), formats (`jobspec.kernels.time_formats`).
"""

from __future__ import annotations

SOURCE = '''
DAY = 86400000000
HOUR = 3600000000
MINUTE = 60000000
SECOND = 1000000

time_at: i32 = 0
time_end: i32 = 0


def civil(days: i64) -> i64:
    """The year, month and day of a date, packed: year << 9 | month << 5 | day."""
    since_march = days + 719468
    era = since_march // 146097
    day_of_era = since_march - era * 146097
    lost = div(day_of_era, 1460) - div(day_of_era, 36524) + div(day_of_era, 146096)
    year_of_era = div(day_of_era - lost, 365)
    leap_days = div(year_of_era, 4) - div(year_of_era, 100)
    day_of_year = day_of_era - year_of_era * 365 - leap_days
    month = div(day_of_year * 5 + 2, 153)
    day = day_of_year - div(month * 153 + 2, 5) + 1
    month = month + 3 if month < 10 else month - 9
    year = year_of_era + era * 400 + i64(month <= 2)
    return (year << 9) | (month << 5) | day


def days_of(year: i64, month: i64, day: i64) -> i64:
    """The date of a year, a month from 1 to 12 and a day."""
    year -= i64(month <= 2)
    era = year // 400
    year_of_era = year - era * 400
    month = month - 3 if month > 2 else month + 9
    day_of_year = div(month * 153 + 2, 5) + day - 1
    leap_days = div(year_of_era, 4) - div(year_of_era, 100)
    return era * 146097 + year_of_era * 365 + leap_days + day_of_year - 719468


def month_days(year: i64, month: i64) -> i64:
    """How many days a month has."""
    if month == 2:
        leap = (year & 3) == 0 and ((year & 15) == 0 or year % 25 != 0)
        return 28 + i64(leap)
    return 30 + ((month ^ (month >> 3)) & 1)


def is_civil(year: i64, month: i64, day: i64) -> bool:
    """Whether the year is from 1 to 9999 and has such a month and day."""
    if year < 1 or year > 9999 or month < 1 or month > 12 or day < 1:
        return False
    return day <= month_days(year, month)


def time_skip_spaces() -> None:
    """Move to what is no space."""
    global time_at
    while time_at < time_end and str_is_space(load8u(time_at)):
        time_at += 1


def time_open(s: str) -> None:
    """Begin to read a text behind its leading spaces."""
    global time_at, time_end, str_parsed
    time_at = string_ptr(s)
    time_end = time_at + string_len(s)
    str_parsed = 1
    time_skip_spaces()


def time_next() -> i32:
    """The byte that is read next; -1 at the end."""
    if time_at >= time_end:
        return -1
    return load8u(time_at)


def time_takes(byte: i32) -> bool:
    """Whether the next byte is that one, which is then read."""
    global time_at
    if time_next() != byte:
        return False
    time_at += 1
    return True


def time_digits(most: i32) -> i64:
    """The number of the next digits, so many at most; clears str_parsed if there is none."""
    global time_at, str_parsed
    value: i64 = 0
    taken: i32 = 0
    while taken < most:
        byte = time_next()
        if byte < 48 or byte > 57:
            break
        value = value * 10 + i64(byte - 48)
        taken += 1
        time_at += 1
    if taken == 0:
        str_parsed = 0
    return value


def time_is_digit() -> bool:
    """Whether a digit is next."""
    byte = time_next()
    return byte >= 48 and byte <= 57


def date_read() -> i64:
    """A year, month and day with one kind of separator; clears str_parsed if there are none."""
    global time_at, str_parsed
    year = time_digits(9)
    separator = time_next()
    if separator != 45 and separator != 47 and separator != 92 and separator != 32:
        str_parsed = 0
    time_at += 1
    month = time_digits(2)
    if not time_takes(separator):
        str_parsed = 0
    day = time_digits(2)
    if str_parsed == 0 or time_is_digit() or not is_civil(year, month, day):
        str_parsed = 0
        return 0
    return days_of(year, month, day)


def clock_read() -> i64:
    """A time of day in microseconds; clears str_parsed if there is none."""
    global time_at, str_parsed
    time_skip_spaces()
    hour = time_digits(9)
    if not time_takes(58):
        str_parsed = 0
    minute: i64 = 0
    second: i64 = 0
    fraction: i64 = 0
    if time_is_digit():
        minute = time_digits(2)
    if time_takes(58) and time_is_digit():
        second = time_digits(2)
        if time_takes(46):
            fraction = fraction_read()
    micros = hour * HOUR + minute * MINUTE + second * SECOND + fraction
    if minute > 59 or second > 59 or micros > DAY:
        str_parsed = 0
    return micros


def fraction_read() -> i64:
    """The digits behind the point of a second, in microseconds; further ones are cut off."""
    global time_at
    value: i64 = 0
    unit: i64 = 100000
    while time_is_digit():
        value += i64(time_next() - 48) * unit
        unit = div(unit, 10)
        time_at += 1
    return value


def zone_skip() -> None:
    """Read over the name or offset of a time zone."""
    global time_at, str_parsed
    if time_at >= time_end or time_takes(90):
        return
    if time_next() == 43 or time_next() == 45:
        time_at += 1
        offset_skip()
        return
    if not time_takes(32):
        str_parsed = 0
    while time_is_zone(time_next()):
        time_at += 1


def offset_skip() -> None:
    """Read over HH, HH:MM or HH:MM:SS, with or without colons."""
    global time_at, str_parsed
    for i in range(3):
        if i > 0:
            time_takes(58)
        first = time_at
        if time_is_digit():
            time_at += 1
        if time_is_digit():
            time_at += 1
        if time_at - first != 2:
            if i == 0:
                str_parsed = 0
            time_at = first
            return


def time_is_zone(byte: i32) -> bool:
    """Whether a byte can stand in the name of a time zone."""
    lower = byte | 32
    if (lower >= 97 and lower <= 122) or (byte >= 48 and byte <= 57):
        return True
    return byte == 95 or byte == 47 or byte == 43 or byte == 45


def timestamp_read(days: i64) -> i64:
    """What follows a date up to the end of the text: nothing, or a time of day."""
    global time_at, str_parsed
    if time_at >= time_end or str_parsed == 0:
        return days * DAY
    if not time_takes(32):
        time_takes(84)
    micros = days * DAY + clock_read()
    zone_skip()
    time_skip_spaces()
    if time_at < time_end or not is_timestamp(micros):
        str_parsed = 0
    return micros


def is_date(days: i64) -> bool:
    """Whether days since 1970-01-01 are in the years 1 to 9999."""
    return days >= -719162 and days <= 2932896


def is_timestamp(micros: i64) -> bool:
    """Whether microseconds since 1970-01-01 are in the years 1 to 9999."""
    return micros >= -62135596800000000 and micros <= 253402300799999999


def timestamp_parse(s: str) -> i64:
    """The timestamp that a text says; str_parsed tells whether it does. Time zones are ignored."""
    time_open(s)
    days = date_read()
    return timestamp_read(days)


def date_parse(s: str) -> i64:
    """The date that a text says, or the one of a timestamp; str_parsed tells whether it does."""
    time_open(s)
    days = date_read()
    kept = time_at
    time_skip_spaces()
    if time_at < time_end:
        time_rewind(kept)
        timestamp_read(days)
    return days


def time_rewind(address: i32) -> None:
    """Read from there again."""
    global time_at
    time_at = address


def time_put(at: i32, value: i64, digits: i32) -> None:
    """Write the last digits of a number, with leading zeros."""
    while digits > 0:
        digits -= 1
        tenth = div(value, 10)
        store8(at + digits, i32(value - tenth * 10) + 48)
        value = tenth


def date_put(at: i32, days: i64) -> None:
    """Write a date as YYYY-MM-DD."""
    packed = civil(days)
    time_put(at, packed >> 9, 4)
    store8(at, 45, 4)
    time_put(at + 5, (packed >> 5) & 15, 2)
    store8(at, 45, 7)
    time_put(at + 8, packed & 31, 2)


def date_text(days: i64) -> str:
    """The date as YYYY-MM-DD."""
    at = alloc(10)
    date_put(at, days)
    return string_pack(at, 10)


def timestamp_text(micros: i64) -> str:
    """The timestamp as YYYY-MM-DD hh:mm:ss, and behind a point what is left of the second."""
    at = alloc(26)
    days = micros // DAY
    rest = micros - days * DAY
    date_put(at, days)
    store8(at, 32, 10)
    time_put(at + 11, div(rest, HOUR), 2)
    store8(at, 58, 13)
    time_put(at + 14, rem(div(rest, MINUTE), 60), 2)
    store8(at, 58, 16)
    time_put(at + 17, rem(div(rest, SECOND), 60), 2)
    fraction = rem(rest, SECOND)
    if fraction == 0:
        return string_pack(at, 19)
    digits: i32 = 6
    while rem(fraction, 10) == 0:
        fraction = div(fraction, 10)
        digits -= 1
    store8(at, 46, 19)
    time_put(at + 20, fraction, digits)
    return string_pack(at, 20 + digits)
'''
