"""Opens secrets that a page has sealed: typed codes and secret access keys, on their way from the browser.

Between the browser and this process, messages pass in clear: through the Jupyter server and its proxies, over the
kernel's channels, which are plain TCP by default, and through every logger at DEBUG on the way. So each prompt has a
fresh key pair. Its public key travels with the question, the page encrypts what is typed to it with WebCrypto, and the
private key opens one answer and is forgotten, at the latest when the prompt ends.

This protects from everyone who reads messages or logs, then or later. It does not protect from anyone who changes
messages, who can put another public key in the place of this one, nor from code that runs in the page or in the kernel.

Construction: ECDH on P-256 with a fresh key of the page, HKDF-SHA256, AES-256-GCM, which WebCrypto has everywhere
(https://www.w3.org/TR/webcrypto-2/). As in HPKE (https://www.rfc-editor.org/rfc/rfc9180), both public keys and the
context, which is the field and the prompt's ID, determine the AES key and its nonce. A key pair takes less than a
millisecond; one for RSA-OAEP would delay the card.
"""

from __future__ import annotations

import base64
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from tfmfa_nb.model.errors import SecretUnreadable
from tfmfa_nb.model.redaction import Secret
from tfmfa_nb.protocol.codec import Longest
from tfmfa_nb.protocol.hello import SECRET_FIELDS

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey

SEALING_LABEL = "tfmfa_nb sealed secret 1"
"""The first part of the context; a change of the construction changes it."""

SECRET_NAMES = {"code": "MFA code", "secret": "secret access key"}
"""The secret fields, in words."""

Sealed = Annotated[str, Longest(24_000)]
"""A sealed text in Base64: the page's public key, the encrypted text in UTF-8, and the tag of 16 bytes."""

_POINT = 65  # bytes of a public key on P-256, uncompressed
_AES_KEY, _NONCE = 32, 12  # bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class SealingKey:
    """The key to which a page seals a secret: the prompt's ID, and a public key on P-256, uncompressed, in Base64."""

    id: str
    key: str


class OneTimeKey:
    """The key pair of one prompt.

    Args:
        field: name of the secret field, one of `SECRET_FIELDS`.

    Attributes:
        public: what the page needs.
    """

    __slots__ = ("_field", "_private", "public")

    def __init__(self, field: str) -> None:
        from cryptography.hazmat.primitives.asymmetric import ec  # noqa: PLC0415 - only where a prompt asks

        private = ec.generate_private_key(ec.SECP256R1())
        self._field = field
        self._private: EllipticCurvePrivateKey | None = private
        self.public = SealingKey(id=secrets.token_hex(), key=base64.b64encode(_point(private)).decode())

    def open(self, sealed: str) -> Secret:
        """The secret, stripped; empty if it is too long to have been typed. After any call, the key opens nothing.

        Raises:
            SecretUnreadable: it is not sealed to this key, or was changed, or the key was used before.
        """
        private, self._private = self._private, None
        text = None if private is None else open_sealed(sealed, private, self._field, self.public.id)
        if text is None:
            raise SecretUnreadable(
                f"The {SECRET_NAMES[self._field]} could not be decrypted: it was changed on its way, or it belongs to "
                "an earlier prompt.",
                "It was not used; try again.",
            )
        return Secret(text.strip() if len(text) <= SECRET_FIELDS[self._field] else "")

    def forget(self) -> None:
        """Drop the private key: nothing that was sealed to it can be opened from now on."""
        self._private = None

    def __repr__(self) -> str:
        return f"OneTimeKey({self._field})"


def open_sealed(sealed: str, private: EllipticCurvePrivateKey, field: str, prompt: str) -> str | None:
    """The text that a page has sealed to the prompt of this ID; None if it did not, or if it was changed since."""
    from cryptography.exceptions import InvalidTag  # noqa: PLC0415 - only where a prompt was answered
    from cryptography.hazmat.primitives.asymmetric import ec  # noqa: PLC0415
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # noqa: PLC0415
    from cryptography.hazmat.primitives.hashes import SHA256  # noqa: PLC0415
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF  # noqa: PLC0415

    try:
        message = base64.b64decode(sealed)
        page, encrypted = message[:_POINT], message[_POINT:]
        shared = private.exchange(ec.ECDH(), ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), page))
        context = f"{SEALING_LABEL}\0{field}\0{prompt}".encode()
        derived = HKDF(SHA256(), _AES_KEY + _NONCE, salt=page + _point(private), info=context).derive(shared)
        return AESGCM(derived[:_AES_KEY]).decrypt(derived[_AES_KEY:], encrypted, None).decode()
    except (ValueError, InvalidTag):  # no Base64, no point of the curve, too short, another key, no UTF-8
        return None


def _point(private: EllipticCurvePrivateKey) -> bytes:
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat  # noqa: PLC0415

    return private.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
