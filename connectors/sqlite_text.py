"""The user's SQL as SQLite splits it into words; pure."""

import re
from typing import Final

from connectors.statements import Syntax

SYNTAX: Final = Syntax(
    re.compile(
        r"(?P<nothing>[ \t\n\f\r]+|--[^\n]*|/\*.*?\*/)"
        r"|(?P<closed>'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|`(?:[^`]|``)*`|\[[^\]]*\])"
        r"|(?P<open>/\*|['\"`\[])"
        r"|(?P<word>\w+)"
        r"|(?P<sign>.)",
        re.DOTALL,
    ),
    first_words=("select", "with", "values"),
)
one_select = SYNTAX.one_select
require_expression = SYNTAX.require_expression
literals = SYNTAX.literals
