"""Timestamps as texts by a format, and texts read by one.

A format comes from the compiler as bytes: those of texts as they are, and a zero byte before a
code (`jobspec.sql.functions.time_formats`). A code that is at least 128 is the one without leading
zeros.
"""

from __future__ import annotations

SOURCE = '''
DAY = 86400000000


def time_format(micros: i64, format: str) -> str:
    """The timestamp in a format."""
    bytes = string_len(format)
    at = string_ptr(format)
    end = at + bytes
    start = alloc(bytes * 5 + 8)
    target = start
    while at < end:
        byte = load8u(at)
        at += 1
        if byte != 0:
            store8(target, byte)
            target += 1
        else:
            target = time_field_put(target, micros, load8u(at))
            at += 1
    return string_pack(start, target - start)


def time_field_put(target: i32, micros: i64, code: i32) -> i32:
    """Write what a code stands for; the address behind it."""
    name = time_field_name(micros, code)
    if string_len(name) > 0:
        memory_copy(target, string_ptr(name), string_len(name))
        return target + string_len(name)
    value = time_field(micros, code & 127)
    digits = time_field_digits(code & 127)
    if code >= 128:
        digits = 1
        if value >= 100:
            digits = 3
        elif value >= 10:
            digits = 2
    time_put(target, value, digits)
    return target + digits


def time_field_name(micros: i64, code: i32) -> str:
    """The name that %a, %A, %b, %B or %p stands for; empty for other codes."""
    if code == 112:
        return "PM" if time_field(micros, 72) >= 12 else "AM"
    days = micros // DAY
    if code == 65 or code == 97:
        name = calendar_day_name(calendar_weekday(days))
        return name if code == 65 else string_pack(string_ptr(name), 3)
    if code == 66 or code == 98:
        name = calendar_month_name(((civil(days) >> 5) & 15) - 1)
        return name if code == 66 else string_pack(string_ptr(name), 3)
    return ""


def time_field_digits(code: i32) -> i32:
    """How many digits the number of a code has."""
    if code == 89 or code == 71:
        return 4
    if code == 102:
        return 6
    if code == 103 or code == 106:
        return 3
    return i32(1) if code == 117 or code == 119 else 2


def time_field(micros: i64, code: i32) -> i64:
    """The number that a code stands for."""
    days = micros // DAY
    clock = micros - days * DAY
    if code == 72:
        return div(clock, 3600000000)
    if code == 73:
        return rem(div(clock, 3600000000) + 11, 12) + 1
    if code == 77:
        return rem(div(clock, 60000000), 60)
    if code == 83:
        return rem(div(clock, 1000000), 60)
    if code == 102:
        return rem(clock, 1000000)
    if code == 103:
        return div(rem(clock, 1000000), 1000)
    return time_day_field(days, code)


def time_day_field(days: i64, code: i32) -> i64:
    """The same for codes that the day answers."""
    packed = civil(days)
    if code == 89:
        return packed >> 9
    if code == 121:
        return rem(packed >> 9, 100)
    if code == 109:
        return (packed >> 5) & 15
    if code == 100:
        return packed & 31
    day_of_year = calendar_day_of_year(days)
    if code == 106:
        return day_of_year
    weekday = calendar_weekday(days)
    if code == 117:
        return weekday + 1
    if code == 119:
        return rem(weekday + 1, 7)
    if code == 85:
        return div(day_of_year + 6 - rem(weekday + 1, 7), 7)
    if code == 87:
        return div(day_of_year + 6 - weekday, 7)
    week = calendar_iso_week(days)
    return week >> 6 if code == 71 else week & 63


def time_parse(s: str, format: str) -> i64:
    """The timestamp that a text says in a format; str_parsed tells whether it does."""
    global str_parsed
    fields = alloc(96)
    memory_fill(fields, 0, 96)
    store64(fields, 1900)
    store64(fields, 1, 8)
    store64(fields, 1, 16)
    time_open(s)
    if time_at == time_end:
        str_parsed = 0
    at = string_ptr(format)
    end = at + string_len(format)
    while at < end and str_parsed != 0:
        byte = load8u(at)
        at += 1
        if byte == 0:
            time_field_read(fields, load8u(at) & 127)
            at += 1
        elif str_is_space(byte):
            time_skip_spaces()
        elif not time_takes(byte):
            str_parsed = 0
    time_skip_spaces()
    if time_at < time_end:
        str_parsed = 0
    return time_of_fields(fields)


def time_of_fields(fields: i32) -> i64:
    """The timestamp of what has been read; clears str_parsed if there is none.

    Fields: year, month, day, hour, minute, second, microsecond, day of the year, half of the day.
    """
    global str_parsed
    year = load64(fields)
    hour = load64(fields, 24)
    half = load64(fields, 64)
    if half != 0:
        if hour < 1 or hour > 12:
            str_parsed = 0
        hour = rem(hour, 12) + (half - 1) * 12
    if str_parsed == 0 or not is_civil(year, load64(fields, 8), load64(fields, 16)):
        str_parsed = 0
        return 0
    days = days_of(year, load64(fields, 8), load64(fields, 16))
    if load64(fields, 56) != 0:
        days = days_of(year, 1, 1) + load64(fields, 56) - 1
    clock = (hour * 60 + load64(fields, 32)) * 60 + load64(fields, 40)
    micros = days * DAY + clock * 1000000 + load64(fields, 48)
    if not is_timestamp(micros):
        str_parsed = 0
    return micros


def time_field_read(fields: i32, code: i32) -> None:
    """Read what a code stands for into its field; clears str_parsed if it is not there."""
    if code == 65 or code == 97 or code == 66 or code == 98:
        time_name_read(fields, code)
    elif code == 112:
        time_half_read(fields)
    elif code == 102:
        time_fraction_read(fields, 6)
    elif code == 103:
        time_fraction_read(fields, 3)
    elif code == 89:
        store64(fields, time_digits(4))
    elif code == 121:
        year = time_digits(2)
        store64(fields, year + 1900 if year >= 69 else year + 2000)
    elif code == 109:
        store64(fields, time_number(2, 1, 12), 8)
    elif code == 100:
        store64(fields, time_number(2, 1, 31), 16)
    elif code == 72:
        store64(fields, time_number(2, 0, 23), 24)
    elif code == 73:
        store64(fields, time_number(2, 1, 12), 24)
    elif code == 77:
        store64(fields, time_number(2, 0, 59), 32)
    elif code == 83:
        store64(fields, time_number(2, 0, 59), 40)
    else:
        store64(fields, time_number(3, 1, 366), 56)


def time_number(most: i32, low: i64, high: i64) -> i64:
    """The number of at most so many digits; clears str_parsed if it is out of range."""
    global str_parsed
    value = time_digits(most)
    if value < low or value > high:
        str_parsed = 0
    return value


def time_fraction_read(fields: i32, digits: i32) -> None:
    """Digits behind the point of a second."""
    first = time_at
    value = time_digits(digits)
    for i in range(6 - (time_at - first)):
        value *= 10
    store64(fields, value, 48)


def time_half_read(fields: i32) -> None:
    """AM or PM, in any case."""
    global str_parsed
    half: i64 = 0
    if time_takes_word("AM"):
        half = 1
    elif time_takes_word("PM"):
        half = 2
    else:
        str_parsed = 0
    store64(fields, half, 64)


def time_name_read(fields: i32, code: i32) -> None:
    """The name of a month or of a day of the week, which is only looked at."""
    global str_parsed
    is_month = (code | 32) == 98
    number: i64 = 0
    while number < (12 if is_month else i64(7)):
        name = calendar_month_name(number) if is_month else calendar_day_name(number)
        if code >= 97:
            name = string_pack(string_ptr(name), 3)
        if time_takes_word(name):
            if is_month:
                store64(fields, number + 1, 8)
            return
        number += 1
    str_parsed = 0


def time_takes_word(word: str) -> bool:
    """Whether the next bytes are those letters in any case, which are then read."""
    global time_at
    bytes = string_len(word)
    if time_end - time_at < bytes:
        return False
    for i in range(bytes):
        if (load8u(time_at + i) | 32) != (load8u(string_ptr(word) + i) | 32):
            return False
    time_at += bytes
    return True
'''
