"""The operation being tuned: its steps, their order, and which of them run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from roiwidgets.errors import ParameterError
from roiwidgets.operations import identity
from roiwidgets.operations.operation import Operation, Pipeline
from roiwidgets.operations.parameters import Parameter

ARRANGEMENT = "order of steps"
"""Name of the arrangement among tuned values; no parameter can have it."""


@dataclass(frozen=True, slots=True)
class Arrangement:
    """In which order steps run, and which do not.

    Parameters
    ----------
    order
        Names of all steps.
    disabled
        Names of those that are left out.
    """

    order: tuple[str, ...]
    disabled: frozenset[str] = frozenset()

    def moved(self, name: str, by: int) -> Arrangement:
        """Return the arrangement with a step moved by places, as far as there are any."""
        at = self.order.index(name)
        to = min(max(at + by, 0), len(self.order) - 1)
        rest = [other for other in self.order if other != name]
        return replace(self, order=(*rest[:to], name, *rest[to:]))

    def switched(self, name: str, *, is_enabled: bool) -> Arrangement:
        """Return the arrangement with a step that runs, or does not."""
        disabled = self.disabled - {name} if is_enabled else self.disabled | {name}
        return replace(self, disabled=disabled)


@dataclass(frozen=True, slots=True)
class TunedSteps:
    """An operation whose steps keep their names wherever they stand.

    Parameters
    ----------
    steps
        Steps by name; of a single operation the one, named "".
    arrangement
        Order of the names, and which are left out.
    """

    steps: Mapping[str, Operation]
    arrangement: Arrangement

    @classmethod
    def of(cls, operation: Operation | Pipeline) -> TunedSteps:
        """Return the steps of an operation, as they stand."""
        if isinstance(operation, Operation):
            return cls({"": operation}, Arrangement(("",)))
        names = operation.labels()
        return cls(dict(zip(names, operation.steps, strict=True)), Arrangement(names))

    @property
    def is_pipeline(self) -> bool:
        """Whether there are steps to arrange."""
        return "" not in self.steps

    @property
    def parameters(self) -> dict[str, tuple[str, Parameter]]:
        """Step and parameter by the name that a user gives: ``step.parameter``, or its own."""
        return {
            f"{name}.{parameter.name}" if name else parameter.name: (name, parameter)
            for name, step in self.steps.items()
            for parameter in step.parameters
        }

    @property
    def operation(self) -> Operation | Pipeline:
        """What runs: the steps that are enabled in their order; without any, nothing changes."""
        order, disabled = self.arrangement.order, self.arrangement.disabled
        running = tuple(self.steps[name] for name in order if name not in disabled)
        if not self.is_pipeline:
            return running[0]
        if len(running) == len(self.steps):
            return Pipeline(running)
        return Pipeline(running) if len(running) > 1 else (*running, identity())[0]

    def with_values(self, values: Mapping[str, object]) -> TunedSteps:
        """Return the steps with other values, of an arrangement as well.

        Raises
        ------
        ParameterError
            If a value is outside its range.
        """
        steps, known = dict(self.steps), self.parameters
        for name, value in values.items():
            if name != ARRANGEMENT:
                step, parameter = known[name]
                steps[step] = steps[step].with_values(**{parameter.name: value})
        arrangement = values.get(ARRANGEMENT, self.arrangement)
        assert isinstance(arrangement, Arrangement)
        return TunedSteps(steps, arrangement)

    def in_order(self, names: Sequence[str]) -> Arrangement:
        """Return the arrangement with another order.

        Raises
        ------
        ParameterError
            If it does not name each step once.
        """
        self._check(names)
        if sorted(names) != sorted(self.arrangement.order):
            raise ParameterError(
                f"{list(names)} must name each of the steps {list(self.arrangement.order)} once"
            )
        return replace(self.arrangement, order=tuple(names))

    def without(self, names: Sequence[str]) -> Arrangement:
        """Return the arrangement with other steps left out.

        Raises
        ------
        ParameterError
            If a name is none of a step.
        """
        self._check(names)
        return replace(self.arrangement, disabled=frozenset(names))

    def _check(self, names: Sequence[str]) -> None:
        if not self.is_pipeline:
            raise ParameterError("the operation has one step; tune a pipeline, such as a | b")
        unknown = [name for name in names if name not in self.steps]
        if isinstance(names, str) or unknown:
            raise ParameterError(
                f"steps are given as a list of {list(self.steps)}, got {names!r:.120}"
            )
