"""A contents manager that writes no values: whatever class is configured, with every save redacted.

Pre-save hooks are no place for this: some managers never call them, chunked uploads call them for
the first chunk only, and an error in one is logged while the file is saved. So ``save`` itself is
overridden, and whatever fails in it is an HTTP error: nothing is written that was not checked.

What passes ``save`` is redacted: notebooks, text files, uploads, copies of files, documents edited
together. What does not pass it is left as it is: renamed files, copied folders and new checkpoints
are bytes that lay on the disk already. A restored checkpoint is redacted, because it brings back an
old text that nobody may have looked at.
"""

from __future__ import annotations

import asyncio
import inspect
from typing import TYPE_CHECKING, Any

from jupyter_core.utils import ensure_async
from jupyter_server.services.contents.manager import AsyncContentsManager
from tornado.web import HTTPError

from .collector import collecting_rarely
from .escape import asked_for
from .receipt import Receipt, receipt
from .save_check import SaveCheck
from .save_policy import KNOWN_ONLY
from .threads import redacting_threads

if TYPE_CHECKING:
    import logging
    from collections.abc import Callable, Generator

    from jupyter_server.services.contents.manager import ContentsManager

    from jupyter_qcred.redact import Redactor

    from .save_policy import SavePolicy

    Model = dict[str, Any]
    Flow = Generator[Any, Any, Any]
    OnRedacted = Callable[[Receipt], None]
    OnClean = Callable[[str], None]


def _nobody_asks(_: str) -> None: ...


def redacting_contents_manager(
    base: type[ContentsManager],
    redactor: Redactor,
    on_redacted: OnRedacted,
    policy: SavePolicy = KNOWN_ONLY,
    on_clean: OnClean = _nobody_asks,
) -> type[ContentsManager]:
    """Return a subclass of ``base`` that redacts what it saves.

    It takes the configuration of ``base``, whose name stays in its class hierarchy, and is
    asynchronous when ``base`` is: then the work is done in a thread, beside the event loop.

    Args:
        base: any contents manager class.
        redactor: while nothing is armed and ``policy`` is empty, saves go straight to ``base``.
        on_redacted: called after a save that redacted something; what it raises is dropped.
        policy: what is looked for besides what is armed.
        on_clean: called with the path after a whole file was saved as it is.
    """
    asynchronous = issubclass(base, AsyncContentsManager) or inspect.iscoroutinefunction(base.save)
    run = _run_async if asynchronous else _run
    check = SaveCheck(redactor, policy)
    work = _in_thread if asynchronous else _at_once
    flows = _Flows(base, check, on_redacted, on_clean, work)

    class RedactingContentsManager(base):  # type: ignore[misc, valid-type]
        """See the module's docstring."""

        qcred_redacts = True

        def save(self, model: Model, path: str = "") -> Any:
            """Save the model without values; returns what the base class returns.

            Raises:
                HTTPError: 503 when redaction failed, 400 when the file can't be redacted; nothing
                    was written. Or what the base class raises.
            """
            if check.has_nothing_to_do() and "chunk" not in model:
                return super().save(model, path)
            return run(flows.save(self, model, path))

        def restore_checkpoint(self, checkpoint_id: str, path: str) -> Any:
            """Restore a checkpoint without values.

            Raises:
                HTTPError: 503 when redaction failed; the file is as it was before.
            """
            if check.has_nothing_to_do():
                return super().restore_checkpoint(checkpoint_id, path)
            return run(flows.restore(self, checkpoint_id, path))

    name = f"Redacting{base.__name__}"
    RedactingContentsManager.__name__ = RedactingContentsManager.__qualname__ = name
    return RedactingContentsManager


class _Flows:
    """What the overridden methods do, written once for managers of both kinds.

    A flow is a generator: it yields what may have to be awaited, and is sent the result.
    """

    def __init__(
        self,
        base: type[ContentsManager],
        check: SaveCheck,
        on_redacted: OnRedacted,
        on_clean: OnClean,
        work: Callable[..., Any],
    ) -> None:
        self._base: Any = base  # jupyter_server's managers carry no types
        self._check = check
        self._on_redacted = on_redacted
        self._on_clean = on_clean
        self._work = work

    def save(self, manager: Any, model: Model, path: str) -> Flow:
        with collecting_rarely():
            checked, found = yield self._work(self._checked, model, path, manager.log)
            saved = yield self._base.save(manager, checked, path)
        if found is None and "chunk" not in model:
            self._on_clean(path)
        self._tell(manager, found)
        return saved

    def _checked(
        self, model: Model, path: str, log: logging.Logger
    ) -> tuple[Model, Receipt | None]:
        checked, findings = self._check.or_refuse(model, path, log)
        before, after = model.get("content"), checked.get("content")
        cleared = before is not after and asked_for(before) and not asked_for(after)
        if not findings and not cleared:
            return checked, None
        try:
            names = self._check.fingerprints(path)
            return checked, receipt(path, findings, before, after, cleared=cleared, names=names)
        except Exception as error:  # noqa: BLE001 - what is saved was checked; this only tells of it
            log.warning("jupyter_qcred: %s while telling where", type(error).__name__)
            return checked, Receipt(path.strip("/"), findings, outputs_cleared=cleared)

    def restore(self, manager: Any, checkpoint_id: str, path: str) -> Flow:
        before = yield from self._content(manager, path)
        yield self._base.restore_checkpoint(manager, checkpoint_id, path)
        try:
            model = yield manager.get(path, content=True)
            checked, found = yield self._work(self._checked, model, path, manager.log)
            if found:
                yield self._base.save(manager, checked, path)
        except BaseException:  # a cancelled request too must not leave it there
            if before is None:
                yield from self._delete(manager, path)
            else:
                yield self._base.save(manager, before, path)
            raise
        self._tell(manager, found)

    def _delete(self, manager: Any, path: str) -> Flow:
        try:
            yield manager.delete_file(path)
        except NotImplementedError:  # such as of managers that only pass on; checkpoints go, too
            yield manager.delete(path)

    def _content(self, manager: Any, path: str) -> Flow:
        """What to put back if the restored text can't be checked; None: there was no file."""
        for kind in (None, "file"):  # a broken notebook can still be read as a file
            try:
                return (yield manager.get(path, content=True, type=kind))
            except HTTPError:
                continue
        return None

    def _tell(self, manager: Any, found: Receipt | None) -> None:
        if found is None:
            return
        try:
            self._on_redacted(found)
        except Exception as error:  # noqa: BLE001 - the file is saved, and saved well
            manager.log.warning("jupyter_qcred: %s while reporting", type(error).__name__)


def _run(flow: Flow) -> Any:
    """Run a flow whose steps are done when they are made."""
    try:
        value = next(flow)
        while True:
            value = flow.send(value)
    except StopIteration as end:
        return end.value


async def _run_async(flow: Flow) -> Any:
    """Run a flow, waiting for each step."""
    try:
        step = next(flow)
        while True:
            try:
                value = await ensure_async(step)
            except BaseException as error:  # noqa: BLE001 - the flow decides
                step = flow.throw(error)
            else:
                step = flow.send(value)
    except StopIteration as end:
        return end.value


def _at_once(function: Callable[..., Any], *args: Any) -> Any:
    return function(*args)


def _in_thread(function: Callable[..., Any], *args: Any) -> Any:
    return asyncio.get_running_loop().run_in_executor(redacting_threads(), function, *args)
