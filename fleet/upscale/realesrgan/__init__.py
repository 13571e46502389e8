"""Real-ESRGAN in torch, written from its published structure; its weights are given by path."""
