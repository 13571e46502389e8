"""Generators that denoise: video models of diffusers, made to follow the operator's rectangles.

What a model is, and what may be asked of it; without torch:
    family families/ memory     a declaration each, and the memory that it reckons with
    parameters published        what is refused at submit; what this machine lacks
    telling                     a declaration in words

From a request to frames:
    backend                     the ``Generator``: one model, shot after shot
    chunks long                 a clip longer than the model's window, in pieces
    shot running                one piece: what lies on the model for it, and the pipeline's call

How it is held to the move:
    guiding conditioning        what of a shot is held and by which clocks; the way its model takes
    clocks schedule             clocks as noise, noise as steps
    latents layouts             frames and masks as the model denoises them
    steering                    the hooks that hold a stock pipeline to a reference
    motion_bucket               an amount of motion, for a model that takes nothing else

How it runs:
    plans placing               where weights wait and how they are kept: decided, done
    loading loaded              from a folder to a pipeline, and that pipeline as it was placed
    loras distilled caches      small weights; few steps; what is not computed again
    prompts                     encoded prompts, kept
    splitting partners partner partner_words    one shot on several GPUs
"""
