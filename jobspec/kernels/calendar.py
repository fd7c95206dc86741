"""Parts, steps and differences of dates and timestamps in the calendar.

Dates are days, timestamps microseconds since 1970-01-01, both as i64. Not here: texts
(`jobspec.kernels.times`, `jobspec.kernels.time_formats`).
"""

from __future__ import annotations

SOURCE = '''
DAY = 86400000000
NOWHERE = -0x8000000000000000


def calendar_year(days: i64) -> i64:
    """The year of a date."""
    return civil(days) >> 9


def calendar_month_index(days: i64) -> i64:
    """The months from January of the year 0 to the one of a date."""
    packed = civil(days)
    return (packed >> 9) * 12 + ((packed >> 5) & 15) - 1


def calendar_month_start(index: i64) -> i64:
    """The first day of the month of an index."""
    year = index // 12
    return days_of(year, index - year * 12 + 1, 1)


def calendar_day_of_year(days: i64) -> i64:
    """The number of a day in its year, from 1."""
    return days - days_of(calendar_year(days), 1, 1) + 1


def calendar_weekday(days: i64) -> i64:
    """0 for Monday to 6 for Sunday."""
    return (days + 3) % 7


def calendar_iso_week(days: i64) -> i64:
    """The week after ISO 8601, from 1, and the year it belongs to, packed: year << 6 | week."""
    thursday = days - calendar_weekday(days) + 3
    year = calendar_year(thursday)
    return (year << 6) | (div(thursday - days_of(year, 1, 1), 7) + 1)


def calendar_iso_year_start(days: i64) -> i64:
    """The Monday on which the ISO year of a date begins."""
    fourth = days_of(calendar_iso_week(days) >> 6, 1, 4)
    return fourth - calendar_weekday(fourth)


def calendar_last_day(days: i64) -> i64:
    """The last day of the month of a date."""
    return calendar_month_start(calendar_month_index(days) + 1) - 1


def calendar_add_months(days: i64, months: i64) -> i64:
    """The same day in another month, or the last one of a shorter month."""
    start = calendar_month_start(calendar_month_index(days) + months)
    day = min(civil(days) & 31, (civil(calendar_last_day(start)) & 31))
    return start + day - 1


def calendar_add(micros: i64, months: i64, days: i64, more: i64) -> i64:
    """A timestamp moved by months, then days, then microseconds; the least i64 if it is too far."""
    if abs(months) > 240000 or abs(days) > 8000000 or abs(div(more, DAY)) > 8000000:
        return NOWHERE
    day = micros // DAY
    rest = micros - day * DAY
    if months != 0:
        day = calendar_add_months(day, months)
    result = (day + days) * DAY + rest + more
    return result if is_timestamp(result) else NOWHERE


def calendar_whole_months(start: i64, end: i64) -> i64:
    """How many whole months lie between two timestamps; below 0 if the first is the later one."""
    if start > end:
        return 0 - calendar_months_passed(end, start)
    return calendar_months_passed(start, end)


def calendar_months_passed(start: i64, end: i64) -> i64:
    """The same for timestamps in order. The last day of a month counts as any later day too."""
    start_day = start // DAY
    end_day = end // DAY
    months = calendar_month_index(end_day) - calendar_month_index(start_day)
    day = civil(start_day) & 31
    last = civil(end_day) & 31
    if end_day == calendar_last_day(end_day):
        day = min(day, last)
    is_early = last < day or (last == day and end - end_day * DAY < start - start_day * DAY)
    return months - i64(is_early)


def calendar_date(year: i64, month: i64, day: i64) -> i64:
    """The date of a year, month and day; the least i64 if there is none."""
    if not is_civil(year, month, day):
        return NOWHERE
    return days_of(year, month, day)


def calendar_timestamp(year: i64, month: i64, day: i64, hour: i64, minute: i64, second: f64) -> i64:
    """The timestamp of its parts; the least i64 if there is none."""
    if not is_civil(year, month, day) or not (second >= 0.0 and second <= 60.0):
        return NOWHERE
    if hour < 0 or hour > 24 or minute < 0 or minute > 59:
        return NOWHERE
    clock = (hour * 60 + minute) * 60000000 + i64(nearest(second * 1000000.0))
    micros = days_of(year, month, day) * DAY + clock
    return micros if clock <= DAY and is_timestamp(micros) else NOWHERE


def calendar_day_name(weekday: i64) -> str:
    """Monday for 0 to Sunday for 6."""
    names = "MondayTuesdayWednesdayThursdayFridaySaturdaySunday"
    return calendar_name(names, b"\\x00\\x06\\x0d\\x16\\x1e\\x24\\x2c\\x32", i32(weekday))


def calendar_month_name(month: i64) -> str:
    """January for 0 to December for 11."""
    names = "JanuaryFebruaryMarchAprilMayJuneJulyAugustSeptemberOctoberNovemberDecember"
    ends = b"\\x00\\x07\\x0f\\x14\\x19\\x1c\\x20\\x24\\x2a\\x33\\x3a\\x42\\x4a"
    return calendar_name(names, ends, i32(month))


def calendar_name(names: str, ends: str, number: i32) -> str:
    """One of several names that stand one behind the other."""
    start = load8u(string_ptr(ends) + number)
    end = load8u(string_ptr(ends) + number, 1)
    return string_pack(string_ptr(names) + start, end - start)
'''
