from tests.core.mailbox import mailbox  # noqa: F401
