"""``gatewatch audit verify``, ``receipt``, ``evidence``, ``keys``: what can be proven."""

import sys
from argparse import ArgumentParser, Namespace, _SubParsersAction
from pathlib import Path
from typing import Any

import msgspec

from gatewatch.audit import offline, receipt
from gatewatch.audit.findings import Report
from gatewatch.audit.note import NotANoteError, Verifier, notes
from gatewatch.cli.operator import operator, services
from gatewatch.cli.output import Output
from gatewatch.kernel.actor import NOWHERE
from gatewatch.kernel.errors import Refusal
from gatewatch.kernel.time import rfc3339


def register(parts: "_SubParsersAction[ArgumentParser]") -> None:
    """Declare the parts of ``gatewatch audit`` that prove something."""
    verifying = parts.add_parser("verify", help="prove that nothing was changed, or say what was")
    verifying.add_argument(
        "--export", metavar="FILE", type=Path, help="evidence, instead of the database"
    )
    verifying.add_argument(
        "--receipt", metavar="FILE", type=Path, help="a receipt, instead of the database"
    )
    verifying.add_argument("--key", metavar="KEY", help="the public key, or a file that has it")
    verifying.add_argument(
        "--checkpoint",
        metavar="FILE",
        type=Path,
        action="append",
        default=[],
        help="signed checkpoints that were kept elsewhere; may be given more than once",
    )
    verifying.add_argument(
        "--strict", action="store_true", help="fail for what the log tells of itself, too"
    )
    verifying.set_defaults(run=verify)
    receiving = parts.add_parser("receipt", help="print the proof that an event is in the log")
    receiving.add_argument("event_id", metavar="EVENT_ID")
    receiving.set_defaults(run=write_receipt)
    parts.add_parser(
        "evidence", help="print the sealed log, line by line, for verification elsewhere"
    ).set_defaults(run=write_evidence)
    parts.add_parser(
        "keys", help="print the public key that checkpoints are signed with"
    ).set_defaults(run=print_keys)


async def verify(arguments: Namespace, output: Output) -> int:
    """Verify the log, evidence of it, or a receipt; 1 if anything is wrong."""
    key = None if arguments.key is None else _key(arguments.key)
    if arguments.receipt is not None:
        return _verify_receipt(arguments.receipt, key, output)
    known = [note for path in arguments.checkpoint for note in notes(_text(path))]
    if arguments.export is not None:
        if key is None:
            raise Refusal("invalid_request", "Say with --key which key must have signed.")
        report = _offline(arguments.export, key, known)
    else:
        async with services() as server:
            report = await server.proofs.verify(known, key, by=operator(), origin=NOWHERE)
    _show(report, output)
    return int(not report.sound or (arguments.strict and bool(report.remarks)))


async def write_receipt(arguments: Namespace, output: Output) -> int:  # noqa: ARG001 - JSON in any case
    """Print an event's receipt."""
    async with services() as server:
        proof = await server.proofs.receipt(arguments.event_id, by=operator(), origin=NOWHERE)
    encoded = msgspec.json.format(msgspec.json.encode(proof), indent=2)
    sys.stdout.write(f"{encoded.decode()}\n")
    return 0


async def write_evidence(arguments: Namespace, output: Output) -> int:  # noqa: ARG001 - JSON in any case
    """Print the sealed log as evidence."""
    encode = msgspec.json.Encoder().encode
    async with services() as server:
        async for line in server.proofs.evidence(by=operator(), origin=NOWHERE):
            sys.stdout.buffer.write(encode(line) + b"\n")
    sys.stdout.buffer.flush()
    return 0


async def print_keys(arguments: Namespace, output: Output) -> int:  # noqa: ARG001 - the same for all
    """Print the keys, a line for each epoch, the newest last."""
    async with services() as server:
        for key in await server.proofs.keys():
            output.record({"origin": key.name, "key": str(key)}, str(key))
    return 0


def _verify_receipt(path: Path, key: Verifier | None, output: Output) -> int:
    try:
        proof: dict[str, Any] = msgspec.json.decode(_text(path), type=dict[str, Any])
        if key is None:
            key = Verifier.read(str(proof.get("key")))
            output.remark("warning: without --key, the receipt's own key is believed")
        row = receipt.verify(proof, key)
    except (receipt.InvalidReceiptError, NotANoteError, msgspec.MsgspecError) as error:
        output.remark(f"error: {error}")
        return 1
    output.item(
        {
            "proven": row.id,
            "at": rfc3339(row.created_at),
            "action": row.action,
            "log": str(proof["checkpoint"]).split("\n")[0],
            "key": str(key),
        }
    )
    return 0


def _offline(path: Path, key: Verifier, known: list[str]) -> Report:
    try:
        return offline.verify(path, key, known)
    except OSError as error:
        raise Refusal("invalid_request", f"{path} cannot be read: {error.strerror}.") from None


def _show(report: Report, output: Output) -> None:
    if output.as_json:
        output.item(report.as_json())
        return
    told = {
        "events": report.events,
        "purged": report.purged,
        "erased": report.erased,
        "waiting": report.waiting,
        "checkpoints": report.checkpoints,
        "trees": ", ".join(report.trees),
    }
    output.item(told)
    for remark in report.remarks:
        output.remark(f"told by the log: {remark}")
    for finding in report.findings:
        output.remark(f"{finding.kind.value}: {finding.where}: {finding.detail}")
    output.remark("sound" if report.sound else "NOT SOUND")


def _key(given: str) -> Verifier:
    path = Path(given)
    lines = _text(path).split() if "+" not in given or path.exists() else [given]
    try:
        return Verifier.read(lines[-1] if lines else "")
    except NotANoteError as error:
        raise Refusal("invalid_request", f"{given} is no key: {error}.") from None


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise Refusal("invalid_request", f"{path} cannot be read: {error}.") from None
