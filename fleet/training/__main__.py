"""``python -m fleet.training draw|train``: make the bundled weights again.

docs/flow-refine.md says with what, and what came of it.
"""

from __future__ import annotations

from importlib import metadata
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(no_args_is_help=True, add_completion=False, help=__doc__)


@app.command()
def draw(
    folder: Annotated[Path, typer.Argument(help="Where the samples go; about 3.6 MB a scene.")],
    scenes: Annotated[int, typer.Option(help="How many scenes.", min=1)] = 2000,
    first: Annotated[int, typer.Option(help="Number of the first.", min=0)] = 0,
    processes: Annotated[int, typer.Option(help="Processes that draw.", min=1)] = 2,
) -> None:
    """Draw scenes, find their motion, and keep what is to be learned from.

    Example: python -m fleet.training draw build/samples
    """
    from fleet.training import samples

    samples.draw(folder, scenes=scenes, first=first, processes=processes)


@app.command()
def train(
    folder: Annotated[Path, typer.Argument(help="The samples.", exists=True, file_okay=False)],
    out: Annotated[Path, typer.Option(help="Where the weights go.")],
    steps: Annotated[int, typer.Option(help="Steps of the optimiser.", min=1)] = 8000,
    width: Annotated[int, typer.Option(help="Channels of the network's first layer.", min=4)] = 32,
    seed: Annotated[int, typer.Option(help="Of everything that is drawn.")] = 7,
    threads: Annotated[int, typer.Option(help="Threads; the weights depend on it.", min=1)] = 1,
) -> None:
    """Train the network, and write its weights.

    Example: python -m fleet.training train build/samples --out build/refiner.safetensors
    """
    import torch

    from fleet.training import train as training

    torch.set_num_threads(threads)

    def tell(step: int, gain_db: float, step_s: float) -> None:
        left_min = (steps - step) * step_s / 60.0
        typer.echo(
            f"step {step}: {gain_db:+.2f} dB, {step_s:.2f} s a step, {left_min:.0f} min left"
        )

    schedule = training.Schedule(steps=steps, seed=seed)
    network = training.train(folder, width=width, schedule=schedule, tell=tell)
    card = {
        "made_by": f"motionfleet {metadata.version('motionfleet')}",
        "steps": str(steps),
        "seed": str(seed),
        "licence": "Apache-2.0",
    }
    training.save(network, out, card=card)
    typer.echo(f"wrote {out}")


if __name__ == "__main__":
    app()
