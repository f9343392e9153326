"""The 29 time types of the reference, each with its category."""

from __future__ import annotations

CATEGORIES: dict[str, str] = {
    **dict.fromkeys(("work", "clocking", "home_office", "travel", "out_office", "worked_rest_period"), "productive"),
    **dict.fromkeys(("bad_weather", "flextime", "free_time"), "unproductive"),
    **dict.fromkeys(("vacation", "company_vacation", "vacation_abroad"), "vacation"),
    **dict.fromkeys(("sick", "medical_leave", "work_accident_sickness"), "sick"),
    **dict.fromkeys(
        (
            "paid_time_off",
            "special_leave",
            "statutory_leave",
            "public_holiday_abroad",
            "jubilee_day",
            "move",
            "study_leave",
            "military_exercize",
        ),
        "paid_leave",
    ),
    **dict.fromkeys(
        (
            "unpaid_time_off",
            "unpaid_vacation",
            "parental_leave",
            "care_leave",
            "military_service",
            "other_leave",
        ),
        "unpaid_leave",
    ),
}
