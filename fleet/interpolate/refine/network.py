"""The bundled network at work: its weights as an ONNX graph, run by ONNX Runtime.

The graph is put together here from the weights when they are loaded, so the weights are kept once,
in a form that cannot run code, and need no torch.  ``fleet.training.network`` is the same network
for training; both give the same within 1e-3.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from fleet.interpolate.refine.candidates import CHANNELS, SOURCES

Field = npt.NDArray[np.float32]
Weights = Mapping[str, npt.NDArray[np.float16]]

BUNDLED: Final = Path(__file__).with_name("refiner.safetensors")
"""The weights that come with this package."""
STEP: Final = 8
"""Sides of what the network takes are multiples of this."""
_OPSET: Final = 17
_IR: Final = 9
_SLOPE: Final = 0.1
_THREADS: Final = 2


class Chooser:
    """The network, loaded.

    Attributes:
        sha256: of the weights' file.
        size_bytes: of the weights' file.
    """

    def __init__(self, path: Path = BUNDLED) -> None:
        """Load the weights at ``path``."""
        import onnxruntime
        from safetensors.numpy import load

        data = path.read_bytes()
        self.sha256, self.size_bytes = hashlib.sha256(data).hexdigest(), len(data)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = _THREADS
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        # What it keeps between runs is 70 MB, and saves no time that can be measured.
        options.enable_cpu_mem_arena = False
        # Errors only: it warns of every machine whose processor it cannot name.
        options.log_severity_level = 3
        self._session = onnxruntime.InferenceSession(
            graph(load(data)), options, providers=["CPUExecutionProvider"]
        )

    def corrections(self, told: Field) -> Field:
        """What to add to the logarithms of the candidates' weights.

        Args:
            told: (CHANNELS, height, width), both sides multiples of ``STEP``.

        Returns:
            (SOURCES, height, width).
        """
        (made,) = self._session.run(None, {"told": told[None]})
        return np.asarray(made[0], dtype=np.float32)


def graph(weights: Weights) -> bytes:
    """The network with these weights as an ONNX model."""
    from onnx import TensorProto, helper, numpy_helper

    nodes = []
    kept = [
        numpy_helper.from_array(np.asarray(values, dtype=np.float32), name)
        for name, values in weights.items()
    ]
    kept.append(numpy_helper.from_array(np.array([1, 1, 2, 2], dtype=np.float32), "twice"))

    def add(kind: str, inputs: list[str], output: str, **how: Any) -> str:  # noqa: ANN401  (of ONNX: an attribute is of any type)
        nodes.append(helper.make_node(kind, inputs, [output], **how))
        return output

    def conv(name: str, source: str, *, stride: int = 1, bent: bool = True) -> str:
        made = add(
            "Conv", [source, f"{name}.weight", f"{name}.bias"], f"{name}.raw",
            kernel_shape=[3, 3], strides=[stride, stride], pads=[1, 1, 1, 1],
        )  # fmt: skip
        return add("LeakyRelu", [made], f"{name}.out", alpha=_SLOPE) if bent else made

    def joined(name: str, coarse: str, fine: str) -> str:
        larger = add(
            "Resize", [coarse, "", "twice"], f"{name}.larger", mode="nearest",
            coordinate_transformation_mode="asymmetric", nearest_mode="floor",
        )  # fmt: skip
        return add("Concat", [larger, fine], f"{name}.both", axis=1)

    fine = conv("fine", conv("fine_in", "told", stride=2))
    middle = conv("middle", conv("middle_in", fine, stride=2))
    coarse = conv("coarse", conv("coarse_in", middle, stride=2))
    middle = conv("middle_out", joined("middle_out", coarse, middle))
    fine = conv("fine_out", joined("fine_out", middle, fine))
    last = conv("last", fine, bent=False)
    add("DepthToSpace", [last], "corrections", blocksize=2, mode="CRD")
    shape = [1, None, "height", "width"]
    model = helper.make_model(
        helper.make_graph(
            nodes,
            "refiner",
            [helper.make_tensor_value_info("told", TensorProto.FLOAT, [1, CHANNELS, *shape[2:]])],
            [
                helper.make_tensor_value_info(
                    "corrections", TensorProto.FLOAT, [1, SOURCES, *shape[2:]]
                )
            ],
            kept,
        ),
        opset_imports=[helper.make_opsetid("", _OPSET)],
        ir_version=_IR,
    )
    return bytes(model.SerializeToString())
