from tests.approvals.story import *  # noqa: F403
from tests.validation.sitting import bench, run, scenarios  # noqa: F401
