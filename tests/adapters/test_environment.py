"""``qcred.use``: variables for the time of a block, and for nobody else."""

from __future__ import annotations

import asyncio
import os
import threading

import pytest

import jupyter_qcred as qcred
from jupyter_qcred.kernel.adapters.environment import scoped
from jupyter_qcred.kernel.adapters.variables import VARIABLES
from jupyter_qcred.testing.held import HeldKernel

pytestmark = pytest.mark.filterwarnings("ignore::jupyter_qcred.core.errors.QcredWarning")


@pytest.fixture(autouse=True)
def untouched():
    """Whatever a block does, the environment after it is the one before it."""
    before = snapshot()
    yield
    assert snapshot() == before


def snapshot():
    """All variables, without the one that pytest changes."""
    return {name: os.environ[name] for name in os.environ if name != "PYTEST_CURRENT_TEST"}


@pytest.fixture
def kernel():
    """Holds nothing yet."""
    return HeldKernel()


def test_a_block_has_the_values_and_nothing_stays(kernel, monkeypatch):
    """What was set before is back afterwards, and what was not set is gone."""
    monkeypatch.setenv("IONQ_API_KEY", "mine")
    kernel.deliver("ionq", {"value": "the-key"}, public={"url": "https://ionq.example/v0.4"})
    with qcred.use("ionq"):
        assert os.environ["IONQ_API_KEY"] == "the-key"
        assert os.environ["IONQ_API_URL"] == "https://ionq.example/v0.4"
    assert os.environ["IONQ_API_KEY"] == "mine"


def test_an_error_in_the_block_restores_as_well(kernel):
    """The block's own exception comes out, the variables do not stay."""
    kernel.deliver("ionq", {"value": "the-key"})
    with pytest.raises(ZeroDivisionError), qcred.use("ionq"):
        raise ZeroDivisionError
    assert "IONQ_API_KEY" not in os.environ


def test_what_the_block_changes_does_not_stay(kernel):
    """Not even what the code inside has set or deleted itself."""
    kernel.deliver("ionq", {"value": "the-key"})
    with qcred.use("ionq"):
        os.environ["IONQ_API_KEY"] = "another"
        del os.environ["IONQ_API_URL"]


def test_settings_for_somebody_else_are_taken_away(kernel, monkeypatch):
    """A session token or profile of another account is never mixed with ours."""
    monkeypatch.setenv("AWS_SESSION_TOKEN", "of another account")
    monkeypatch.setenv("AWS_PROFILE", "another")
    kernel.deliver("amazon-braket", {"secret_key": "s", "access_key": "a"})
    with qcred.use("amazon-braket"):
        assert "AWS_SESSION_TOKEN" not in os.environ
        assert "AWS_PROFILE" not in os.environ
        assert os.environ["AWS_SECRET_ACCESS_KEY"] == "s"


def test_service_addresses_are_the_vendor_s_own(kernel, monkeypatch):
    """Where the profile names no address, one that was set by a folder's file is replaced."""
    monkeypatch.setenv("IAM_URL", "https://evil.example")
    monkeypatch.setenv("IONQ_API_URL", "https://evil.example")
    kernel.deliver("ibm-quantum", {"value": "k" * 44})
    kernel.deliver("ionq", {"value": "the-key"})
    with qcred.use("ibm-quantum"), qcred.use("ionq"):
        assert os.environ["IAM_URL"] == "https://iam.cloud.ibm.com"
        assert os.environ["IONQ_API_URL"] == "https://api.ionq.co/v0.4"


def test_a_bearer_is_not_given_to_ibm_as_a_key(kernel):
    """The SDK would post it as an API key, and send it raw after that."""
    kernel.deliver("ibm-quantum", {"value": "eyJh.eyJi.c2ln"})
    with (
        pytest.raises(qcred.QcredError, match=r"qcred\.client\(") as caught,
        qcred.use("ibm-quantum"),
    ):
        pass
    assert "eyJh" not in str(caught.value)


def test_blocks_nest(kernel):
    """The inner one wins, and the outer one has its values back."""
    kernel.deliver("ionq", {"value": "outer"}, name="one")
    kernel.deliver("ionq", {"value": "inner"}, name="two")
    with qcred.use("one"):
        with qcred.use("two"):
            assert os.environ["IONQ_API_KEY"] == "inner"
        assert os.environ["IONQ_API_KEY"] == "outer"


def in_a_thread(work):
    """Run to the end in another thread; return the exception it raised."""
    raised = []

    def run():
        try:
            work()
        except BaseException as error:
            raised.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    return raised


def test_another_thread_is_not_given_a_stranger_s_identity():
    """Two values for one variable at one moment: the second block is refused."""

    def second():
        with scoped({"QCRED_X": "b"}):
            pytest.fail("it was let in")

    with scoped({"QCRED_X": "a"}):
        (error,) = in_a_thread(second)
        assert isinstance(error, qcred.QcredError)
        assert os.environ["QCRED_X"] == "a"


def test_threads_with_the_same_values_share_them():
    """Whoever ends last gives back what was there before the first."""
    entered, leave = threading.Event(), threading.Event()

    def second():
        with scoped({"QCRED_X": "a"}):
            entered.set()
            assert leave.wait(10)
            assert os.environ["QCRED_X"] == "a"

    thread = threading.Thread(target=second)
    with scoped({"QCRED_X": "a"}):
        thread.start()
        assert entered.wait(10)
    assert os.environ["QCRED_X"] == "a"
    leave.set()
    thread.join()


def test_tasks_of_one_loop_are_told_apart():
    """Tasks take turns in one thread: one inside a block keeps the other out, not its own child."""

    async def main():
        inside, done = asyncio.Event(), asyncio.Event()

        async def first():
            with scoped({"QCRED_X": "a"}):
                inside.set()
                await done.wait()
                await asyncio.create_task(child())

        async def child():
            with scoped({"QCRED_X": "c"}):
                assert os.environ["QCRED_X"] == "c"

        async def second():
            await inside.wait()
            try:
                with (
                    pytest.raises(qcred.QcredError, match="whole process"),
                    scoped({"QCRED_X": "b"}),
                ):
                    pytest.fail("it was let in")
            finally:
                done.set()

        await asyncio.gather(first(), second())

    asyncio.run(main())


@pytest.mark.filterwarnings("default")
def test_the_block_says_who_else_can_read_it(kernel):
    """A program that is started inside gets a copy, and the reader is told."""
    kernel.deliver("ionq", {"value": "the-key"})
    with pytest.warns(qcred.QcredWarning, match="Programs started") as told, qcred.use("ionq"):
        pass
    assert told[0].filename == __file__
    assert "the-key" not in str(told[0].message)


def test_a_vendor_without_variables_is_named_with_those_that_have_some(kernel):
    """The reader learns what works instead."""
    kernel.deliver("oqc", {"value": "the-key"})
    with pytest.raises(qcred.NoAdapterError, match=r"oqc.*ionq.*qcred\.client"), qcred.use("oqc"):
        pass


@pytest.mark.parametrize("vendor", sorted(VARIABLES))
def test_every_vendor_s_value_is_in_its_variables(kernel, vendor):
    """Whatever the vendor, the secret is there inside and not outside."""
    fields = {"secret_key": "the-key", "access_key": "the-id", "session_token": "the-token"}
    values = fields if vendor == "amazon-braket" else {"value": "the-key"}
    kernel.deliver(vendor, values)
    with qcred.use(vendor):
        inside = [os.environ.get(name) for name in VARIABLES[vendor]]
        assert set(values.values()) <= set(inside)
    assert "the-key" not in os.environ.values()
