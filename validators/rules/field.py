"""Rules on a learned deformation field and the card that says how good it is."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import cast

from dressform.assets.files.digests import topology_digest, uv1_digest
from dressform.assets.files.field_file import read_field
from dressform.assets.hashing import file_sha256
from dressform.runtime.body.anny_body import load_anny
from dressform.runtime.body.joints import CANONICAL_JOINTS
from dressform.runtime.garment.field_features import FEATURES
from dressform.schemas.documents import document_errors, load_json
from dressform.schemas.errors import InputError
from dressform.schemas.field import FieldCard, Scores
from dressform.schemas.report import Severity
from dressform.validators.rule import Defect, Measured, NotTestableError, Rule
from dressform.validators.subject import Subject

_MOST_ERRORS = 5  # of one card that are told
_MEGABYTE = 1e6
_LITTLE = 0.01  # [MB] to which a card rounds its file's size


def has_a_card(subject: Subject) -> Iterator[Defect]:
    """Fields without a card, cards without a field, and cards that are not complete."""
    for body, (field, card) in _files(subject).items():
        if card is None or field is None:
            missing = f"field.{body}.json" if card is None else f"field.{body}.safetensors"
            yield Defect(f"{missing} is missing", missing)
            continue
        path = f"field.{body}.json"
        try:
            errors = document_errors("field", load_json(subject.files[path]))
        except InputError as error:
            yield Defect(str(error).replace(str(subject.files[path]), path), path)
            continue
        for where, message in errors[:_MOST_ERRORS]:
            yield Defect(message, f"{path} {where}", len(errors))


def belongs_here(subject: Subject) -> Iterator[Defect]:
    """Fields that cannot be read or were made for another mesh, atlas, body or size, and cards of another field."""
    mesh = next(iter(subject.meshes.values()), None)
    for body, card in _cards(subject):
        path, digests = f"field.{body}.json", card["digests"]
        found = {"field": file_sha256(subject.files[f"field.{body}.safetensors"])}
        if mesh is not None:
            found |= {"topology": topology_digest(mesh), "uv1": uv1_digest(mesh) or "no atlas"}
        if body in subject.rigs:
            found["body"] = subject.rigs[body].body_digest
        elif body == "anny":
            found["body"] = load_anny().topology_digest
        for key, digest in sorted(found.items()):
            if cast("Mapping[str, str]", digests)[key] != digest:
                yield Defect(f"the {key} has another digest: {digest[:12]}", f"{path} $.digests.{key}")
        if card["body"] != body:
            yield Defect(f"it is for {card['body']}", f"{path} $.body")
        yield from _was_trained_for_this(subject, body, found)
        if sorted(card["sizes"]) != subject.sizes:
            known, needed = ", ".join(card["sizes"]), ", ".join(subject.sizes)
            yield Defect(f"it knows the sizes {known}, the garment has {needed}", f"{path} $.sizes")


def _was_trained_for_this(subject: Subject, body: str, found: Mapping[str, str]) -> Iterator[Defect]:
    """Tell what a field itself says that is not so here, or that it cannot be read."""
    path = f"field.{body}.safetensors"
    try:
        field = read_field(subject.files[path])
    except InputError as error:
        yield Defect(str(error).replace(str(subject.files[path]), path), path)
        return
    for what, own, here in (
        ("body family", field.body, body),
        ("body", field.body_digest[:12], found.get("body", field.body_digest)[:12]),
        ("mesh", field.topology[:12], found.get("topology", field.topology)[:12]),
        ("sizes", ", ".join(sorted(field.sizes)), ", ".join(subject.sizes)),
    ):
        if own != here:
            yield Defect(f"it was trained for the {what} {own}, needed {here}", path)
    if field.features != FEATURES:
        yield Defect("it was trained on other features of pose and body than this version has", path)


def is_near_the_truth(subject: Subject) -> Iterator[Defect | Measured]:
    """Fields that are far from the simulation on data that they never saw, or no better than plain skinning."""
    budgets = subject.budgets
    for path, scores in _scores(subject):
        error, plain = scores["error_mm"]["mean"], scores["plain_error_mm"]["mean"]
        limit = min(budgets.field_error_mm, budgets.field_error_share * plain)
        if path.endswith("outside"):
            limit = plain  # beyond the trained range a field need only do no harm
        if error > limit:
            found = f"its mean error is {error:g} mm, needed {limit:.3g} mm; plain skinning has {plain:g} mm"
            yield Defect(found, f"{path}.error_mm.mean", error)
        else:
            yield Measured(error, "mm", f"{path}.error_mm.mean")


def is_above_the_noise(subject: Subject) -> Iterator[Defect]:
    """Fields nearer to the simulation than it is to itself: they were scored on data that they had seen."""
    for body, card in _cards(subject):
        for name, scores in _held_out(card):
            error, floor = scores["error_mm"]["mean"], card["noise_floor_mm"]
            if error < floor:
                found = f"its mean error is {error:g} mm, below the simulation's own noise of {floor:g} mm"
                yield Defect(found, f"field.{body}.json $.held_out.{name}.error_mm.mean", error)


def keeps_out_of_the_body(subject: Subject) -> Iterator[Defect | Measured]:
    """Fields that leave cloth in the body after push-out, beyond what the simulation does where limbs overlap."""
    limit = subject.budgets.field_penetrating_percent

    def inside(scores: Scores) -> float:
        beyond = max(scores["simulated"]["penetrating_percent"] - limit, 0.0)
        return round(max(scores["penetrating_percent"]["after"] - beyond, 0.0), 4)

    yield from _kept(subject, inside, (0.0, limit), "%", "penetrating_percent.after")


def keeps_its_length(subject: Subject) -> Iterator[Defect | Measured]:
    """Fields that stretch the cloth, beyond what the simulation of a tight garment does."""
    limit = subject.budgets.field_stretch_percent

    def stretch(scores: Scores) -> float:
        beyond = max(scores["simulated"]["stretch_percent"]["p95"] - limit, 0.0)
        return round(max(scores["stretch_percent"]["p95"] - beyond, 0.0), 3)

    yield from _kept(subject, stretch, (0.0, limit), "%", "stretch_percent.p95")


def does_not_fold_over(subject: Subject) -> Iterator[Defect | Measured]:
    """Fields that fold the cloth through itself, beyond where the simulation does."""
    limit = subject.budgets.field_crossing_pairs

    def crossings(scores: Scores) -> float:
        return round(max(scores["crossing_pairs"] - scores["simulated"]["crossing_pairs"], 0.0), 2)

    yield from _kept(subject, crossings, (0.0, limit), "pairs", "crossing_pairs")


def wrinkles_as_the_truth(subject: Subject) -> Iterator[Defect | Measured]:
    """Fields that are smoother than the simulation, or crumpled."""
    limits = (subject.budgets.field_least_bending, subject.budgets.field_most_bending)
    yield from _kept(subject, lambda scores: scores["bending_ratio"], limits, "× the simulation's", "bending_ratio")


def is_bounded(subject: Subject) -> Iterator[Defect | Measured]:
    """Fields that may throw cloth far away beyond the trained range, or whose range is empty or of unknown joints."""
    limit = subject.budgets.field_bound_mm
    for body, card in _cards(subject):
        path, trained = f"field.{body}.json $.range", card["range"]
        if trained["bound_mm"] > limit:
            found = f"a point may be moved by {trained['bound_mm']:g} mm, needed at most {limit:g} mm"
            yield Defect(found, f"{path}.bound_mm", trained["bound_mm"])
        else:
            yield Measured(trained["bound_mm"], "mm", f"{path}.bound_mm")
        for joint in sorted(set(trained["joints"]) - set(CANONICAL_JOINTS)):
            yield Defect(f"{joint} is no canonical joint", f"{path}.joints.{joint}")
        if not any(trained["joints"].values()):
            yield Defect("no joint was ever turned in the training", f"{path}.joints")
        for measure, span in sorted(trained["measures"].items()):
            if span["low"] >= span["high"]:
                found = f"the range of {measure} is empty: {span['low']:g} to {span['high']:g}"
                yield Defect(found, f"{path}.measures.{measure}")


def is_fast(subject: Subject) -> Iterator[Defect | Measured]:
    """Fields that take too long in a frame."""
    limit = subject.budgets.field_latency_ms
    for body, card in _cards(subject):
        yield from _within(card["latency_ms"], 0.0, limit, "ms", f"field.{body}.json $.latency_ms")


def is_small(subject: Subject) -> Iterator[Defect | Measured]:
    """Fields that are too large, or larger than their card says."""
    limit = subject.budgets.field_megabytes
    for body, card in _cards(subject):
        path = f"field.{body}.safetensors"
        held = subject.files[path].stat().st_size / _MEGABYTE
        if abs(held - card["megabytes"]) > _LITTLE + 0.01 * held:
            found = f"it has {held:.3g} MB, its card says {card['megabytes']:g}"
            yield Defect(found, f"field.{body}.json $.megabytes", held)
        yield from _within(round(held, 3), 0.0, limit, "MB", path)


def _kept(
    subject: Subject, read: Callable[[Scores], float], limits: tuple[float, float], unit: str, key: str
) -> Iterator[Defect | Measured]:
    """Hold a score of unseen poses and of unseen bodies inside the range to its least and greatest value."""
    for path, scores in _scores(subject):
        if not path.endswith("outside"):
            yield from _within(read(scores), *limits, unit, f"{path}.{key}")


def _within(value: float, low: float, high: float, unit: str, path: str) -> Iterator[Defect | Measured]:
    if low <= value <= high:
        yield Measured(value, unit, path)
    else:
        needed = f"{low:g} to {high:g}" if low else f"at most {high:g}"
        yield Defect(f"{value:g} {unit}, needed {needed}", path, value)


def _scores(subject: Subject) -> Iterator[tuple[str, Scores]]:
    """Yield where a card has scores, and these."""
    for body, card in _cards(subject):
        for name, scores in _held_out(card):
            yield f"field.{body}.json $.held_out.{name}", scores


def _held_out(card: FieldCard) -> Iterator[tuple[str, Scores]]:
    held = card["held_out"]
    yield "poses", held["poses"]
    yield "bodies", held["bodies"]
    if "outside" in held:
        yield "outside", held["outside"]


def _cards(subject: Subject) -> Iterator[tuple[str, FieldCard]]:
    """Yield body family and card of every field that has a complete one."""
    for body, (field, card) in _files(subject).items():
        if field is None or card is None:
            raise NotTestableError(f"the field for {body} has no card or no file")
        try:
            document = load_json(subject.files[card])
        except InputError:
            document = {}
        if document_errors("field", document):
            raise NotTestableError(f"{card} is not complete")
        yield body, cast("FieldCard", document)


def _files(subject: Subject) -> dict[str, tuple[str | None, str | None]]:
    """Return body family → the field's file and its card, where there are any."""
    found: dict[str, tuple[str | None, str | None]] = {}
    for path in sorted(subject.files):
        parts = path.split(".")
        if len(parts) == 3 and parts[0] == "field" and parts[2] in ("safetensors", "json"):
            field, card = found.get(parts[1], (None, None))
            found[parts[1]] = (path, card) if parts[2] == "safetensors" else (field, path)
    if not found:
        raise NotTestableError("it carries no learned field")
    return found


_LEARN = "train the field again"
RULES = (
    Rule("DF-FIELD-001", "field.card", Severity.ERROR, ("manifest",),
         "put field and card back together, or train the field again", has_a_card),
    Rule("DF-FIELD-002", "field.digests", Severity.ERROR, ("mesh", "rig"),
         "train the field again for this mesh, atlas, body and these sizes", belongs_here),
    Rule("DF-FIELD-003", "field.error", Severity.ERROR, ("manifest",),
         "train on more poses and bodies", is_near_the_truth),
    Rule("DF-FIELD-004", "field.noise", Severity.WARNING, ("manifest",),
         "score the field on poses and bodies that were kept from its training", is_above_the_noise),
    Rule("DF-FIELD-005", "field.penetration", Severity.ERROR, ("manifest",), _LEARN, keeps_out_of_the_body),
    Rule("DF-FIELD-006", "field.stretch", Severity.WARNING, ("manifest",), _LEARN, keeps_its_length),
    Rule("DF-FIELD-007", "field.fold-over", Severity.WARNING, ("manifest",), _LEARN, does_not_fold_over),
    Rule("DF-FIELD-008", "field.bending", Severity.WARNING, ("manifest",), _LEARN, wrinkles_as_the_truth),
    Rule("DF-FIELD-009", "field.range", Severity.ERROR, ("manifest",),
         "clamp the field's output, and train it on a range of poses and bodies", is_bounded),
    Rule("DF-FIELD-010", "field.latency", Severity.WARNING, ("manifest",),
         "train a field of a lower rank", is_fast),
    Rule("DF-FIELD-011", "field.size", Severity.WARNING, ("manifest",),
         "train a field of a lower rank, or keep it in half precision", is_small),
)  # fmt: skip
