"""Pictures of the benchmarks, as SVG."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import pygal
from pygal.style import Style

#: The letters and colours of the other pictures in docs (tools/pictures.py).
_STYLE = Style(
    background="#ffffff",
    plot_background="#ffffff",
    foreground="#5b6b7a",
    foreground_strong="#1b2733",
    foreground_subtle="#c3ccd6",
    font_family="Verdana,Geneva,DejaVu Sans,sans-serif",
    colors=("#1f77b4", "#d62728", "#8c564b", "#2ca02c", "#9467bd"),
    value_font_size=11,
)


def bars(
    file: Path,
    title: str,
    unit: str,
    labels: Sequence[str],
    series: Mapping[str, Sequence[float]],
    *,
    lying: bool = False,
) -> None:
    """Write a picture with a bar for each series at each label; `lying` bars suit long labels."""
    kind = pygal.HorizontalBar if lying else pygal.Bar
    chart = kind(
        style=_STYLE,
        # Without the scripts, which it would load from elsewhere.
        js=(),
        title=title,
        y_title=unit,
        x_labels=labels,
        print_values=True,
        formatter=lambda value: f"{value:,.0f}",
        width=860,
        height=120 + 34 * len(labels) if lying else 420,
        legend_at_bottom=True,
    )
    for name, values in series.items():
        chart.add(name, values)
    # Its id is a random one, which would make each picture a new one.
    text = chart.render(is_unicode=True).replace(chart.uuid, file.stem)
    file.write_text(f"{text}\n", encoding="utf-8")
