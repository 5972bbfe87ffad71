"""Why a pipeline is paused by syncer itself, in words; what Meta answered has its own in `spec.answers`."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class Pause:
    """One reason for a pause."""

    code: str
    what: str
    remedy: str


PAUSES: Mapping[str, Pause] = MappingProxyType(
    {
        pause.code: pause
        for pause in (
            Pause("by_hand", "Somebody paused the pipeline.", "`syncer resume NAME` lets it run again."),
            Pause(
                "systematic_reject",
                "Meta refused 20 events in a row one by one with one code, or more than a tenth of the 100 or more events "
                "of a run, or each event of a request with code 100 and no rule of the Conversions API. That is a wrong "
                "mapping or dataset, not a bad row: at most 20 events or a tenth are set aside, all others stay to be sent.",
                "Mend the mapping or the dataset. Later runs try again, and end at the first refusal unless Meta took "
                "something before.",
            ),
            Pause(
                "rejects_full",
                "100,000 events are set aside.",
                "Mend what they have in common and retry them, or drop them, with `syncer rejects`.",
            ),
            Pause(
                "over_max_rows",
                "There were events of more rows than `delivery.max_rows` lets a run send.",
                "Raise it if the number is expected, then run again, or `syncer resume NAME`: the next run goes on with the "
                "rest.",
            ),
            Pause(
                "needs_decision",
                "The source, the cursor or the key is not the one that the state was made with.",
                "Put it back, or `syncer resume NAME` goes on with it.",
            ),
            Pause(
                "clock_wrong",
                "This machine's clock is more than 10 minutes off the destination's; nothing was counted as too old by it.",
                "Set it, let NTP keep it, and run again.",
            ),
            Pause(
                "crash_loop",
                "Three runs crashed within ten minutes, under a daemon.",
                "Its log says where; mend that, then `syncer resume NAME`.",
            ),
        )
    }
)
"""By code."""
