"""What a worker gets and gives back, as the scheduler between it and this machine sees it: sealed.

The kernel seals each job to the key of the one worker that is to do it (libsodium's sealed box: an ephemeral key on
X25519, XSalsa20, Poly1305). In the job is a key of its own, with which the worker seals what it answers (secret box),
so that nobody without that key can read, or make, an answer.

This protects from whoever reads what the scheduler holds, logs, or shows, then or later. It does not protect from a
scheduler that acts: it hands out the workers' keys, and could hand out its own; and Dask lets whoever is in the cluster
run code in it. See docs/security.md.
"""

from __future__ import annotations

import hashlib
import json
from base64 import b64decode, b64encode
from dataclasses import asdict, dataclass, field
from typing import Any, NoReturn

from tfmfa_nb.model.errors import ConfigurationError
from tfmfa_nb.model.redaction import Secret

LARGEST = 128 << 20
"""Bytes of a job, or of an answer, that can be sealed: they are in the memory of three machines at once."""
_MEGABYTE = 1 << 20
_FINGERPRINT = 32  # hexadecimal digits


@dataclass(frozen=True, slots=True)
class RoleSession:
    """A role's session, as Terraform on a worker gets it for its own AssumeRole.

    Attributes:
        hops: what AssumeRole got for each role of the chain, by AWS's names.
        expiration: when it ends, as AWS writes it: 2026-01-31T12:00:00Z.
        credentials: access key ID, secret access key, session token.
    """

    hops: tuple[dict[str, Any], ...]
    expiration: str
    credentials: tuple[str, str, str] = field(repr=False)

    def environ(self) -> dict[str, str]:
        """The variables for Terraform's process."""
        names = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")
        return dict(zip(names, self.credentials, strict=True))

    def secrets(self) -> tuple[Secret, ...]:
        """The values to mask in its output."""
        return tuple(map(Secret, self.credentials))

    def forget(self) -> None:
        """The job that has them is forgotten as a whole."""


@dataclass(frozen=True, slots=True)
class RemoteJob:
    """One `terraform plan` or `terraform apply` on a worker. Everything in it is secret.

    Attributes:
        id: ID of the job, which a worker does once.
        reply_key: key with which the worker seals its answers.
        version: version of this package that has made it.
        product: "terraform 1.11.4", which the worker has to have too.
        sha256: SHA-256 of that program.
        command: "plan" or "apply".
        words: the command's arguments, without the plan's path.
        variables: "-var=NAME=VALUE", or the number of a file of `files` with values.
        files: contents of `--var-file`.
        archive: the configuration, with what `init` has kept.
        folder: where the root module is in it.
        plan: the saved plan, for an apply.
        environ: variables of Terraform's process.
        masked: values to mask in the output, besides the roles' credentials.
        roles: the sessions of the roles that the configuration assumes; the first one is Terraform's own.
        region, endpoint: where the worker asks AWS whose a session is; "" for none.
    """

    id: str
    reply_key: bytes
    version: str
    product: str
    sha256: str
    command: str
    words: tuple[str, ...]
    variables: tuple[str | int, ...]
    files: tuple[bytes, ...]
    archive: bytes
    folder: str
    plan: bytes
    environ: dict[str, str]
    masked: tuple[str, ...]
    roles: tuple[RoleSession, ...]
    region: str
    endpoint: str

    def __repr__(self) -> str:
        return f"<RemoteJob {self.id}>"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a RemoteJob cannot be pickled or copied")

    def sealed_to(self, worker_key: bytes) -> bytes:
        """The job as only the worker with this public key can read it.

        Raises:
            ConfigurationError: it is too large.
        """
        from nacl.public import PublicKey, SealedBox  # noqa: PLC0415 - of an optional extra

        return SealedBox(PublicKey(worker_key)).encrypt(_document(asdict(self)))

    @classmethod
    def opened(cls, document: bytes) -> RemoteJob:
        """The job in a document that was sealed."""
        found = json.loads(document, object_hook=_decoded)
        roles = (
            RoleSession(tuple(each["hops"]), each["expiration"], tuple(each["credentials"])) for each in found["roles"]
        )
        listed = {name: tuple(value) for name, value in found.items() if isinstance(value, list)}
        return cls(**{**found, **listed, "roles": tuple(roles)})


class Answers:
    """Seals and opens the answers of one job.

    Args:
        key: the job's own key.
    """

    def __init__(self, key: bytes) -> None:
        from nacl.secret import SecretBox  # noqa: PLC0415

        self._box = SecretBox(key)

    def seal(self, answer: dict[str, Any]) -> bytes:
        """An answer as only whoever has made the job can read it.

        Raises:
            ConfigurationError: it is too large.
        """
        return bytes(self._box.encrypt(_document(answer)))

    def open(self, sealed: bytes) -> dict[str, Any]:
        """An answer of the worker.

        Raises:
            ValueError: the worker has not made it.
        """
        from nacl.exceptions import CryptoError  # noqa: PLC0415

        try:
            found: dict[str, Any] = json.loads(self._box.decrypt(sealed), object_hook=_decoded)
        except CryptoError:
            raise ValueError("not sealed with the key of the job") from None
        return found


def fingerprint_of(worker_key: bytes) -> str:
    """A worker's public key as people compare it, in hexadecimal."""
    return hashlib.sha256(worker_key).hexdigest()[:_FINGERPRINT]


def _document(content: dict[str, Any]) -> bytes:
    document = json.dumps(content, default=_encoded).encode()
    if len(document) > LARGEST:
        raise ConfigurationError(
            f"The configuration, the variables, and the plan are {len(document) // _MEGABYTE:,} MB for a worker, and "
            f"at most {LARGEST // _MEGABYTE} MB can be sent.",
            "Plan it without --on.",
        )
    return document


def _encoded(value: object) -> dict[str, str]:
    if isinstance(value, bytes):
        return {"b64": b64encode(value).decode()}
    raise TypeError(type(value).__name__)


def _decoded(value: dict[str, Any]) -> Any:
    return b64decode(value["b64"]) if value.keys() == {"b64"} else value
