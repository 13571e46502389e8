"""Upscalers: from the generator's size to the clip's."""
