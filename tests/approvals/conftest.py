from tests.approvals.story import *  # noqa: F403
from tests.approvals.world import *  # noqa: F403
