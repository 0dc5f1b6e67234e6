"""A network for frames that look like one before them: the statistics of its norms are that frame's, held.

With its mean and variance given, an instance norm is the same line z = a · x + b everywhere in the picture. With the
mixture of styles given as well, that line is made of constants, and a runtime folds it into the weights of the
convolution before it, together with the ReLU that follows (Jacob et al. 2018, *Quantization and Training of Neural
Networks for Efficient Integer-Arithmetic-Only Inference*, section 3.2, for batch norm). What is left takes no pass over
the features to gather statistics, and none to apply them.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from allaprima.engine.fixed_norm import Norm, given
from allaprima.engine.graph import INITIALIZER, NODE_INPUT, Graph, Node, used_by
from allaprima.engine.onnx_wire import field, tensor, texts
from allaprima.engine.rewriting import MOVING, in_bytes, needed_for, node_of, with_names, without_zeros
from allaprima.engine.runtime import Session
from allaprima.style_model import IMAGE, STYLE, STYLIZED

Mixture = NDArray[np.float32]
Statistics = NDArray[np.float64]
"""[2, channels of all norms]: their means and their variances."""

_SIDE, _OFF = 64, 2
"""Of the noise on which a held network is compared with the model, and by how many levels of 255 it may differ."""


class _Norm(NamedTuple):
    """One instance norm, by the names of values in the graph."""

    node: Node
    features: str
    line: tuple[str, str]
    """Its scale and its shift."""
    result: str
    relu: str | None
    """The result of the ReLU that follows, if nothing else does."""
    sources: tuple[str, ...]
    """The results of convolutions that are its features in another order; none if it follows one at once."""


class HeldNorms:
    """The networks of one style model with statistics held; threads may share it.

    Args:
        model: the ``.onnx`` file's bytes.
        styles: how many entries its bank has.
        open_session: makes a session of a model's bytes, for what is small and rare.
    """

    def __init__(self, model: bytes, styles: int, open_session: Callable[[bytes], Session]) -> None:
        self._styles, self._open, self._graph = styles, open_session, Graph.of(model)
        seen = {IMAGE}
        """Values that depend on the picture."""
        for node in self._graph.nodes:
            if node.inputs & seen:
                seen.update(node.outputs)
        self._nodes = [node for node in self._graph.nodes if node.inputs & seen]
        self._makers = {name: node for node in self._nodes for name in node.outputs}
        self._given = sorted(used_by(self._nodes) - seen - self._graph.constants - {STYLE})
        self._norms = [self._norm(node) for node in self._nodes if node.kind == "InstanceNormalization"]
        self._trying = threading.Lock()

    @property
    def possible(self) -> bool:
        """Whether statistics of this model can be held: tried on noise, it paints what the model itself paints."""
        with self._trying:  # by one thread alone
            return self._possible

    @property
    def statistics_names(self) -> list[str]:
        """What a measuring model gives, and ``statistics`` takes."""
        return [name for number in range(len(self._norms)) for name in _measured(number)]

    def measuring(self, *, painting: bool) -> bytes:
        """A model that gives ``statistics_names``, and after them the painting if it is wanted."""
        nodes = [*self._graph.nodes]
        for number, norm in enumerate(self._norms):
            mean, square = _measured(number)
            nodes += [
                node_of("GlobalAveragePool", [norm.features], mean),
                node_of("Mul", [norm.features, norm.features], f"{square}.each"),
                node_of("GlobalAveragePool", [f"{square}.each"], square),
            ]
        return self._graph.piece(nodes, self._graph.inputs, [*self.statistics_names, *[STYLIZED][: int(painting)]])

    @staticmethod
    def statistics(values: Sequence[NDArray[Any]]) -> Statistics:
        """Of a picture, from what a measuring model gave for it; a painting at the end does not count."""
        means, squares = (
            np.concatenate([one.ravel() for one in values[k : len(values) // 2 * 2 : 2]]).astype(np.float64)
            for k in (0, 1)
        )
        return np.stack([means, np.maximum(squares - means**2, 0)])

    def model(self, statistics: Statistics, mixture: Mixture) -> bytes:
        """A model that takes nothing but a picture and paints it in a mixture, float32 [S], with these statistics."""
        known = dict(zip(self._given, self._constants.run(self._given, {STYLE: mixture}), strict=True))
        known[STYLE] = mixture
        same = without_zeros(self._nodes, known)
        """Values that are another one: the other's names."""
        instead: dict[str, list[Node]] = {}
        """Nodes in place of the one that makes a value."""
        each = np.split(statistics.astype(np.float32), np.cumsum([one for one, *_ in self._channels])[:-1], axis=1)
        for number, (norm, held) in enumerate(zip(self._norms, each, strict=True)):
            names = [*norm.line, f"held_{number}.mean", f"held_{number}.variance"]
            known |= zip(names[2:], held, strict=True)
            if norm.sources and known.keys() >= set(norm.line):
                instead |= self._at_sources(number, names, known)
                same |= dict.fromkeys([norm.result, *filter(None, [norm.relu])], norm.features)
            else:
                instead[norm.result] = [given(norm.node, Norm(norm.features, *names[2:]))]
        nodes = []
        for node in self._nodes:
            if not same.keys() & set(node.outputs):
                nodes += [with_names(one, same, {}) for one in instead.get(node.outputs[0], [node])]
        return self._assembled(in_bytes(needed_for(STYLIZED, nodes), STYLIZED), known)

    def _at_sources(self, number: int, names: Sequence[str], known: dict[str, NDArray[Any]]) -> dict[str, list[Node]]:
        """A norm with its ReLU, moved to where its features are made: nodes in place of each convolution.

        Args:
            number: of the norm.
            names: of its scale, shift, mean and variance.
            known: has them, and gets them as often as a convolution has its channels.
        """
        norm, (channels, *counts), found = self._norms[number], self._channels[number], {}
        for source, count in zip(norm.sources, counts, strict=True):
            own = [f"{source}.{name}" for name in names]
            known |= {new: np.tile(known[name], count // channels) for new, name in zip(own, names, strict=True)}
            made, line = f"{source}.made", f"{source}.line"
            found[source] = [
                with_names(self._makers[source], {}, {source: made}),
                _line(norm, made, own, line),
                node_of("Identity" if norm.relu is None else "Relu", [line], source),
            ]
        return found

    def _assembled(self, nodes: Sequence[Node], known: Mapping[str, NDArray[Any]]) -> bytes:
        """A model of these nodes, with those of the graph's weights and of the known values that they use."""
        used = used_by(nodes)
        weights = (
            field(INITIALIZER, tensor(name, known[name].dtype.name, known[name].shape, known[name].tobytes()))
            for name in sorted(used & known.keys())
        )
        graph = replace(self._graph, rest=(*self._graph.rest_for(used), *weights))
        return graph.piece(nodes, graph.inputs_named(IMAGE), [STYLIZED])

    @cached_property
    def _constants(self) -> Session:
        """Gives ``_given`` for a mixture."""
        nodes = [node for node in self._graph.nodes if not self._makers.keys() & set(node.outputs)]
        return self._open(self._graph.piece(nodes, self._graph.inputs_named(STYLE), self._given))

    @cached_property
    def _channels(self) -> list[list[int]]:
        """Of each norm's features, and of its sources."""
        names = [[norm.features, *norm.sources] for norm in self._norms]
        session = self._open(self._graph.with_outputs(dict.fromkeys(name for some in names for name in some)))
        feeds = {IMAGE: _noise(), STYLE: _even(self._styles)}
        return [[value.shape[1] for value in session.run(some, feeds)] for some in names]

    @cached_property
    def _possible(self) -> bool:
        if self._graph.nested or not self._norms:
            return False
        mixtures = _even(self._styles), np.eye(self._styles, dtype=np.float32)[-1]
        try:
            measuring = self._open(self.measuring(painting=True))
            return all(self._paints_the_same(measuring, mixture) for mixture in mixtures)
        except Exception:  # networks of other kinds fail in any way
            return False

    def _paints_the_same(self, measuring: Session, mixture: Mixture) -> bool:
        noise = _noise()
        values = measuring.run(None, {IMAGE: noise, STYLE: mixture})
        (held,) = self._open(self.model(self.statistics(values), mixture)).run(None, {IMAGE: noise})
        return held.shape == values[-1].shape and int(np.abs(held.astype(int) - values[-1]).max()) <= _OFF

    def _norm(self, node: Node) -> _Norm:
        features, scale, shift = texts(node.message, NODE_INPUT)
        users = self._users(node.outputs[0])
        relu = users[0].outputs[0] if [user.kind for user in users] == ["Relu"] else None
        return _Norm(node, features, (scale, shift), node.outputs[0], relu, self._sources(features))

    def _sources(self, features: str) -> tuple[str, ...]:
        found, left = [], [features]
        while left:
            name = left.pop()
            maker = self._makers.get(name)
            if maker is None or len(self._users(name)) != 1:
                return ()
            inputs = texts(maker.message, NODE_INPUT)
            if maker.kind == "Conv":
                found.append(name)
            elif maker.kind in MOVING:
                left.append(inputs[0])
            elif maker.kind == "Concat":
                left += inputs
            else:
                return ()
        return () if found == [features] else tuple(found)

    def _users(self, name: str) -> list[Node]:
        return [node for node in self._nodes if name in node.inputs]


def _measured(number: int) -> tuple[str, str]:
    """The names of a norm's mean and mean square."""
    return f"measured_{number}.mean", f"measured_{number}.square"


def _noise() -> NDArray[np.uint8]:
    return np.random.default_rng(0).integers(0, 256, (1, _SIDE, _SIDE, 3), np.uint8)


def _even(styles: int) -> Mixture:
    return np.full(styles, 1 / styles, np.float32)


def _line(norm: _Norm, features: str, names: Sequence[str], output: str) -> Node:
    """What a norm does with its scale, shift, mean and variance by these names."""
    node = given(norm.node, Norm(norm.features, *names[2:]))
    return with_names(
        node, dict(zip((norm.features, *norm.line), (features, *names), strict=False)), {norm.result: output}
    )
