"""Generators that denoise: video models of diffusers, made to follow the operator's rectangles.

family      what a family of models is: a declaration, without torch
families/   one file for each family: hub id, grid, defaults, memory, clocks
clocks      pure: the two clocks of Time-to-Move, from noise fractions to steps of a schedule
chunks      pure: how a clip that is longer than a model's window is cut
guiding     pure: what of a shot is held, and by which clocks
conditioning  how one run is made to follow the move: a guide, or arguments of the call
latents     frames and masks as the model denoises them; layouts: how pipelines keep these
schedule    how much of clip and noise is in a sample before each step
steering    the hooks that hold a stock pipeline to a reference
"""
