"""D-Wave: a ``dimod.Sampler``, whose ``sample`` takes a model and ``num_reads``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from jupyter_qcred.kernel.adapters.dwave import SDK
from jupyter_qcred.kernel.adapters.sdk import Sdk

from .machine import Field

if TYPE_CHECKING:
    from collections.abc import Mapping

SAMPLERS: Final = Sdk(distribution="dwave-samplers", least="1.2", below="2")
SYSTEM: Final = Sdk(distribution="dwave-system", least="1.20", below="2")


class Dwave:
    """``live``: a quantum annealer, unless a solver is named here or in the profile."""

    sdk = SDK
    simulator = SAMPLERS
    stand_in = "simulated annealing of dwave-samplers"
    asks = (Field(name="token", label="API token"),)

    def address(self, public: Mapping[str, str]) -> str:
        """Return the API's address."""
        return public.get("endpoint") or public.get("url") or "https://cloud.dwavesys.com"

    def live(self, client: Any, device: str) -> Any:
        """Return a sampler, which places a model on the annealer's qubits by itself."""
        if device:
            solver = client.get_solver(name=device)
        else:
            solver = client.get_solver(**({} if client.config.solver else {"qpu": True}))
        if not hasattr(solver, "edges"):  # a hybrid solver takes any model as it is
            return _class(structured=False)(client, solver)
        embedding = SYSTEM.load("dwave.system").EmbeddingComposite
        return embedding(_class(structured=True)(client, solver))

    def local(self) -> Any:
        """Return a ``SimulatedAnnealingSampler``."""
        return SAMPLERS.load("dwave.samplers").SimulatedAnnealingSampler()


def _class(*, structured: bool) -> Any:
    # DWaveSampler of dwave-system makes its client itself, from a token.
    dimod: Any = SYSTEM.load("dimod") if structured else SDK.load("dimod")
    bases = (dimod.Sampler, dimod.Structured) if structured else (dimod.Sampler,)

    class SolverSampler(*bases):  # type: ignore[misc]
        """One solver as a sampler.

        Attributes:
            client: it keeps the client alive, whose threads do the work.
            solver: what it submits to.
        """

        def __init__(self, client: Any, solver: Any) -> None:
            self.client = client
            self.solver = solver

        @property
        def properties(self) -> dict[str, Any]:
            return dict(self.solver.properties)

        @property
        def parameters(self) -> dict[str, Any]:
            return {name: ["parameters"] for name in self.solver.parameters}

        @property
        def nodelist(self) -> list[int]:
            return sorted(self.solver.nodes)

        @property
        def edgelist(self) -> list[tuple[int, int]]:
            return sorted({(min(edge), max(edge)) for edge in self.solver.edges})

        def sample(self, bqm: Any, **parameters: Any) -> Any:
            """Submit a model; return its sample set when it is solved."""
            return self.solver.sample_bqm(bqm, **parameters).sampleset

    return SolverSampler
