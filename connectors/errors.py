"""What can go wrong in a warehouse, by what the caller does next."""


class SourceError(Exception):
    """The warehouse failed; the text holds no secret and no value of a row."""

    is_transient = False
    """True: the same call may succeed later; False: somebody must change something first."""

    def __init__(self, what: str, *, remedy: str = "") -> None:
        self.what, self.remedy = what, remedy
        super().__init__(f"{what}; {remedy}" if remedy else what)


class SourceUnavailableError(SourceError):
    """The warehouse is away, busy or locked: try again later."""

    is_transient = True


class SourceRefusedError(SourceError):
    """Wrong options, credentials or rights."""


class ConnectorError(SourceRefusedError):
    """There is no connector of this kind, or it cannot be loaded."""

    def __init__(self, kind: str, *, what: str, remedy: str = "") -> None:
        self.kind = kind
        super().__init__(what, remedy=remedy)


class QueryError(SourceError):
    """The warehouse refused the query itself."""


class ColumnError(QueryError):
    """The query has no such column, or the name fits several."""

    def __init__(self, column: str, *, what: str, columns: tuple[str, ...], remedy: str = "") -> None:
        self.column, self.columns = column, columns
        super().__init__(what, remedy=remedy)
