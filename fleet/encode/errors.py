"""Errors of encoding and marking: a branch of the fleet's tree.

FleetError                40
+-- EncoderMissing        68  a node lacks the encoder that settings ask for   see the message
+-- CredentialsRefused    69  key or certificate cannot sign clips             mend the settings
+-- ClipDoubtful          74  a clip is not what its meta or credentials say   see the listing
"""

from __future__ import annotations

from fleet.errors import FleetError


class EncoderMissing(FleetError):
    """Settings ask for a hardware encoder that this node does not have."""

    exit_code = 68
    code = "encoder_missing"

    def __init__(self, *, encoder: str, what: str) -> None:
        self.encoder, self.what = encoder, what
        super().__init__(
            f"{encoder} cannot be used here ({what}). Use a node that has it, or set encoder = "
            f'"software" (or "auto", which takes it where it is) in settings.toml.'
        )


class CredentialsRefused(FleetError):
    """The key or the certificate for content credentials cannot be used."""

    exit_code = 69
    code = "credentials_refused"

    def __init__(self, *, what: str, remedy: str) -> None:
        self.what = what
        super().__init__(f"clips cannot be signed: {what}. {remedy}")


class ClipDoubtful(FleetError):
    """A clip is not what its meta or its credentials say."""

    exit_code = 74
    code = "clip_doubtful"

    def __init__(self, *, doubtful: int, total: int) -> None:
        self.doubtful, self.total = doubtful, total
        super().__init__(
            f"{doubtful} of {total} clips are not what their meta or credentials say; the listing "
            f"says how. A clip that was edited on purpose should be published anew."
        )
