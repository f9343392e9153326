"""Metrics of the background functions. They are lines of the log in CloudWatch's embedded format and cost no call."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_lambda_powertools.metrics import Metrics, MetricUnit

if TYPE_CHECKING:
    from collections.abc import Mapping

_metrics = Metrics(namespace="Fencepost", service="fencepost")


def publish_counts(counts: Mapping[str, int]) -> None:
    """Publish counts by their metric names, without zeros: CloudWatch charges a metric for each hour with data."""
    present = {name: count for name, count in counts.items() if count}
    for name, count in present.items():
        _metrics.add_metric(name=name, unit=MetricUnit.Count, value=count)
    if present:
        _metrics.flush_metrics()
