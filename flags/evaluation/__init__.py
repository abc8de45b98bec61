"""What a user gets from a flag. Pure: no database, no clock, no network. The algorithm: `docs/flags-evaluation.md`."""

from flags.evaluation.buckets import bucket
from flags.evaluation.compiler import Compiled, RuleSet, compile_all
from flags.evaluation.conditions import CannotCompile, compile_condition
from flags.evaluation.cycles import need_cycle, segment_cycle
from flags.evaluation.definition import BOOLEANS, Definition, Targeting, default_targeting, used_segments
from flags.evaluation.explain import Trace, explain
from flags.evaluation.needs import needs_too_deep
from flags.evaluation.parse import Invalid, parse_condition, parse_serve, parse_targeting, parse_variants
from flags.evaluation.patterns import ENVIRONMENT_STEPS, FLAG_STEPS, all_steps, patterns_asked
from flags.evaluation.phrases import OPERATOR_WORDS
from flags.evaluation.segments import segments_too_large
from flags.evaluation.steps import Part, Step
from flags.evaluation.together import Together
from flags.evaluation.words import ErrorCode, Problem, Reason, Result, invalid

__all__ = [
    "BOOLEANS",
    "ENVIRONMENT_STEPS",
    "FLAG_STEPS",
    "OPERATOR_WORDS",
    "CannotCompile",
    "Compiled",
    "Definition",
    "ErrorCode",
    "Invalid",
    "Part",
    "Problem",
    "Reason",
    "Result",
    "RuleSet",
    "Step",
    "Targeting",
    "Together",
    "Trace",
    "all_steps",
    "bucket",
    "compile_all",
    "compile_condition",
    "default_targeting",
    "explain",
    "invalid",
    "need_cycle",
    "needs_too_deep",
    "parse_condition",
    "parse_serve",
    "parse_targeting",
    "parse_variants",
    "patterns_asked",
    "segment_cycle",
    "segments_too_large",
    "used_segments",
]
