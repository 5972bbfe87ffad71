"""Values of every group but customer information, as their parameter wants them. Twin of `values.read`."""

from collections.abc import Mapping

import polars as pl

from syncer.spec import values as rules
from syncer.spec.context import Context
from syncer.spec.fields import Parameter
from syncer.transform.sent import Sent, by_value


def read(values: pl.Series, parameter: Parameter, context: Context, names: Mapping[str, str] | None = None) -> Sent:
    """Return what is sent for `values`; `names` are those of the items of `contents`."""
    is_json = parameter.type != "string" or parameter.is_list
    if parameter.name == "contents":
        return by_value(values, lambda value: rules.contents(value, names), is_json=True)
    return by_value(values, lambda value: rules.read(parameter, value, context), is_json=is_json)
