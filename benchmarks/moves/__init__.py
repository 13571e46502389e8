"""What moves are measured with: a photograph, a peer, and a way to find where a frame looks."""
