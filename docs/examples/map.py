"""Draws how much two networks copy, by dataset size and training length, side by side: python3 map.py CATALOGUE SWEEP SWEEP OUT.svg"""
import sys

import eigensweep
import matplotlib.pyplot as plt

catalogue = eigensweep.open(sys.argv[1])
figure, panels = plt.subplots(1, 2, figsize=(8, 3.2), sharey=True, layout="constrained")
for panel, sweep in zip(panels, sys.argv[2:4]):
    copied = catalogue.to_xarray("memorization.copied", sweep).transpose("training.images", "dataset.size")
    image = panel.imshow(copied, vmin=0, vmax=1, origin="lower", aspect="auto", cmap="viridis")
    panel.set_title(sweep)
    panel.set_xticks(range(copied.sizes["dataset.size"]), copied["dataset.size"].values)
    panel.set_yticks(range(copied.sizes["training.images"]), copied["training.images"].values)
    panel.set_xlabel("training images N")
    for (y, x), value in zip([(y, x) for y in range(copied.shape[0]) for x in range(copied.shape[1])], copied.values.ravel()):
        panel.text(x, y, f"{value:.2f}", ha="center", va="center", color="black" if value > 0.5 else "white")
panels[0].set_ylabel("images seen in training")
figure.colorbar(image, ax=panels, label="share of samples that are copies")
figure.savefig(sys.argv[4], metadata={"Date": None})
