"""Figures over periods, from one set of numbers: a chart that readers understand, a table and a CSV of the same."""

from .figures import Figures, Series, chart

__all__ = ["Figures", "Series", "chart"]
