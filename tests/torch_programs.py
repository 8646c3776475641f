# SPDX-License-Identifier: Apache-2.0
"""Programs that PyTorch writes, as users export them: of float32, and quantized by the PT2E flow."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed (extra torch)")
nn = torch.nn


class Block(nn.Module):  # type: ignore[misc,name-defined]
    """A depthwise convolution, its normalization and activation, and the sum with its input."""

    def __init__(self, channels: int, activation: Any) -> None:
        super().__init__()
        self.depthwise = nn.Conv2d(channels, channels, 3, padding=1, groups=channels, bias=False)
        self.normalization = nn.BatchNorm2d(channels)
        self.activation = activation

    def forward(self, x: Any) -> Any:
        return self.activation(self.normalization(self.depthwise(x))) + x


class Images(nn.Module):  # type: ignore[misc,name-defined]
    """Most operators of two dimensions."""

    def __init__(self) -> None:
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(3, 8, 3, stride=2, padding=1, bias=False),
            nn.BatchNorm2d(8),
            nn.ReLU6(),
            Block(8, nn.Hardswish()),
            nn.LeakyReLU(0.1),
            nn.MaxPool2d(2),
            nn.Hardtanh(-2.0, 2.0),
            nn.ZeroPad2d((1, 0, 2, 1)),
            nn.AvgPool2d(2),
        )
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.dropout = nn.Dropout(0.2)
        self.classifier = nn.Sequential(nn.Linear(16, 10), nn.Tanh(), nn.Linear(10, 4))

    def forward(self, image: Any) -> Any:
        x = self.features(image)
        x = torch.cat([x, torch.sigmoid(x) * x - 0.5], 1)
        mean = x.mean((2, 3))
        x = self.pool(x).flatten(1) + mean
        x = x.view(x.size(0), -1)
        return torch.softmax(self.classifier(self.dropout(x)), -1)


class Signals(nn.Module):  # type: ignore[misc,name-defined]
    """One dimension: convolution, pools of every kind, and a layer that is used twice."""

    def __init__(self) -> None:
        super().__init__()
        self.convolution = nn.Conv1d(4, 8, 3, padding=1)
        self.normalization = nn.BatchNorm1d(8)
        self.pools = nn.Sequential(nn.MaxPool1d(2), nn.AvgPool1d(2), nn.AdaptiveAvgPool1d(4))
        self.largest = nn.AdaptiveMaxPool1d(1)
        self.linear = nn.Linear(8, 3)

    def forward(self, signal: Any) -> Any:
        x = self.pools(torch.relu(self.normalization(self.convolution(signal))))
        return self.linear(self.largest(x).squeeze(-1)) + self.linear(x.permute(0, 2, 1)).mean(1)


class Quantizable(nn.Module):  # type: ignore[misc,name-defined]
    """A residual network; its output is an image, so that there are many values to compare."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, 8, 3, stride=2, padding=1), nn.BatchNorm2d(8), nn.ReLU())
        self.block = Block(8, nn.ReLU())
        self.head = nn.Conv2d(8, 16, 1)

    def forward(self, image: Any) -> Any:
        return torch.relu(self.head(self.block(self.stem(image))))


def with_statistics(module: Any) -> Any:
    """`module` for inference, with weights and statistics that are the same on each run and nowhere neutral."""
    torch.manual_seed(5)
    for name, tensor in module.state_dict().items():
        if tensor.is_floating_point():
            tensor.copy_(torch.randn(tensor.shape) * 0.3)
        if name.endswith("running_var"):
            tensor.abs_().add_(0.5)
    return module.eval()


def save(module: Any, path: Path, *inputs: Any, **options: Any) -> Path:
    """Exports `module`, as it is called with `inputs`, to a file."""
    torch.export.save(torch.export.export(module, inputs, **options), path)
    return path


def quantized(module: Any, example: Any, per_channel: bool = True) -> Any:
    """`module` quantized to int8 by PyTorch's PT2E flow, calibrated with a few random inputs."""
    pt2e = pytest.importorskip("torchao.quantization.pt2e.quantize_pt2e")
    quantizers = pytest.importorskip("torchao.testing.pt2e._xnnpack_quantizer")
    module.eval()
    configuration = quantizers.get_symmetric_quantization_config(is_per_channel=per_channel)
    quantizer = quantizers.XNNPACKQuantizer().set_global(configuration)
    prepared = pt2e.prepare_pt2e(torch.export.export(module, (example,)).module(), quantizer)
    for _ in range(4):
        prepared(torch.randn(example.shape))
    return pt2e.convert_pt2e(prepared)


def pickled(value: Any, **options: Any) -> bytes:
    """What ``torch.save`` writes."""
    stream = io.BytesIO()
    torch.save(value, stream, **options)
    return stream.getvalue()
