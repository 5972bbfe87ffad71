"""The pages that are made of the code: keys, parameters, commands, reasons. `python -m docs.reference` writes them."""

from collections.abc import Mapping
from pathlib import Path

from docs import reasons
from docs.reference import commands, keys, parameters

HERE = Path(__file__).parent


def pages() -> Mapping[Path, str]:
    """Return each generated page as it should be."""
    return {
        HERE / "syncer-yaml.md": keys.project_page(),
        HERE / "pipeline.md": keys.pipeline_page(),
        HERE / "parameters.md": parameters.page(),
        HERE / "commands.md": commands.page(),
        reasons.PAGE: reasons.page(),
    }
