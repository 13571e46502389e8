"""``fleet companions``: everything about pictures' companions, put together."""

from __future__ import annotations

import typer

from fleet.cli import conformance, order, sets, trash, upgrade, validate

group = typer.Typer(
    name="companions",
    help="Look after the companions of pictures: every file named after one, moved as one.",
    epilog="Example: fleet companions find stills/",
    no_args_is_help=True,
    rich_markup_mode="rich",
)
group.command("find", epilog=sets.FIND_EXAMPLE)(sets.find)
group.command("move", epilog=sets.MOVE_EXAMPLE)(sets.move)
group.command("copy", epilog=sets.COPY_EXAMPLE)(sets.copy)
group.command("rename", epilog=sets.RENAME_EXAMPLE)(sets.rename)
group.command("trash", epilog=trash.TRASH_EXAMPLE)(trash.trash)
group.command("restore", epilog=trash.RESTORE_EXAMPLE)(trash.restore)
group.command("check", epilog=order.CHECK_EXAMPLE)(order.check)
group.command("rejoin", epilog=order.REJOIN_EXAMPLE)(order.rejoin)
group.command("resume", epilog=sets.RESUME_EXAMPLE)(sets.resume)
group.command("upgrade", epilog=upgrade.EXAMPLE)(upgrade.upgrade)
group.command("validate", epilog=validate.EXAMPLE)(validate.validate)
group.command("conformance", epilog=conformance.EXAMPLE)(conformance.conformance)
