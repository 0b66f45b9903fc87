"""What reports, tables and terminals say in words: one sentence for one fact, whichever command tells it."""

from pyimgano_core.words._commands import command_line
from pyimgano_core.words._numbers import (
    NONE,
    REVIEW_LEGEND,
    agree,
    count_of,
    counted,
    images_in_words,
    interval,
    number,
    number_of,
    percent,
    reviewed,
    share,
    share_interval,
    with_interval,
)
from pyimgano_core.words._outlier import deciding_in_words, outlier_in_words
from pyimgano_core.words._reasons import bounds_anything, interval_note, metric_name, reason_in_words
from pyimgano_core.words._remarks import (
    gather,
    groups_in_words,
    result_remarks,
    score_remarks,
    threshold_caveats,
    threshold_remarks,
)
from pyimgano_core.words._thresholds import (
    certificate_in_words,
    certified_in_words,
    fallback_in_words,
    method_in_words,
    missing_in_words,
    pixel_threshold_in_words,
    review_in_words,
    threshold_in_words,
)

__all__ = [
    # Numbers, shares and intervals
    "NONE",
    "REVIEW_LEGEND",
    "agree",
    "count_of",
    "counted",
    "images_in_words",
    "interval",
    "number",
    "number_of",
    "percent",
    "reviewed",
    "share",
    "share_interval",
    "with_interval",
    # Commands
    "command_line",
    # Codes and names
    "bounds_anything",
    "interval_note",
    "metric_name",
    "reason_in_words",
    # A threshold, in sentences
    "certificate_in_words",
    "certified_in_words",
    "fallback_in_words",
    "method_in_words",
    "missing_in_words",
    "pixel_threshold_in_words",
    "review_in_words",
    "threshold_in_words",
    # What must be known beside the numbers, a line each
    "deciding_in_words",
    "gather",
    "groups_in_words",
    "outlier_in_words",
    "result_remarks",
    "score_remarks",
    "threshold_caveats",
    "threshold_remarks",
]
