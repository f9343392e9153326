"""Metrics are lines of the log in CloudWatch's embedded format, and a count of zero is none."""

from __future__ import annotations

import json

import pytest

from fencepost.common.metrics import publish_counts


def test_counts_are_one_line_of_the_log(capsys: pytest.CaptureFixture[str]) -> None:
    publish_counts({"EventsPublished": 3, "EventsRefused": 0})
    line = json.loads(capsys.readouterr().out)
    (metrics,) = line["_aws"]["CloudWatchMetrics"]
    assert (metrics["Namespace"], metrics["Dimensions"]) == ("Fencepost", [["service"]])
    assert metrics["Metrics"] == [{"Name": "EventsPublished", "Unit": "Count"}]
    assert line["EventsPublished"] == [3.0]


def test_zeros_are_not_published(capsys: pytest.CaptureFixture[str]) -> None:
    publish_counts({"ForgottenClocksFailed": 0})
    assert capsys.readouterr().out == ""
