from tests.approvals.story import *  # noqa: F403
