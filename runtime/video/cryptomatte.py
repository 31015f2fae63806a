"""Segments as Cryptomatte 1.2, which compositing programs pick by name (Friedman and Jones, Psyop 2015 to 2018)."""

from __future__ import annotations

import json
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

LAYER = "segments"
_RANKS = 6


def murmur3(text: str) -> int:
    """Return MurmurHash3_x86_32 with seed 0 of a UTF-8 text."""
    data, hashed, mask = text.encode(), 0, 0xFFFFFFFF

    def mixed(block: int) -> int:
        block = block * 0xCC9E2D51 & mask
        return (block << 15 | block >> 17) * 0x1B873593 & mask

    whole = len(data) // 4 * 4
    for at in range(0, whole, 4):
        hashed ^= mixed(int.from_bytes(data[at : at + 4], "little"))
        hashed = ((hashed << 13 | hashed >> 19) * 5 + 0xE6546B64) & mask
    if len(data) > whole:
        hashed ^= mixed(int.from_bytes(data[whole:], "little"))
    hashed ^= len(data)
    hashed = (hashed ^ hashed >> 16) * 0x85EBCA6B & mask
    hashed = (hashed ^ hashed >> 13) * 0xC2B2AE35 & mask
    return hashed ^ hashed >> 16


def id_bits(name: str) -> int:
    """Return a name's hash with an exponent that makes it a normal number, for `uint32_to_float32`."""
    bits = murmur3(name)
    exponent = min(max(bits >> 23 & 255, 1), 254)
    return bits & 0x807FFFFF | exponent << 23


def crypto_channels(coverage: NDArray[np.float32], segments: Sequence[str]) -> dict[str, NDArray[np.float32]]:
    """Return channels with ids and shares, the largest share first.

    Args:
        coverage: float32 [H, W, S] share of each segment, the background first.
        segments: Their names.
    """
    ids = np.array([0, *(id_bits(name) for name in segments[1:])], np.uint32).view(np.float32)
    shares = coverage.copy()
    shares[..., 0] = 0.0
    order = np.argsort(-shares, axis=-1, kind="stable")[..., :_RANKS]
    ranked = np.take_along_axis(shares, order, axis=-1)
    named = np.where(ranked > 0.0, ids[order], np.float32(0.0))
    channels = {}
    empty = np.zeros(coverage.shape[:2], np.float32)
    for rank in range(_RANKS):
        there = rank < ranked.shape[-1]
        id_name, share_name = ("R", "G") if rank % 2 == 0 else ("B", "A")
        channels[f"{LAYER}{rank // 2:02}.{id_name}"] = np.ascontiguousarray(named[..., rank]) if there else empty
        channels[f"{LAYER}{rank // 2:02}.{share_name}"] = np.ascontiguousarray(ranked[..., rank]) if there else empty
    return channels


def crypto_header(segments: Sequence[str]) -> dict[str, str]:
    """Return the attributes by which programs find the channels and the names."""
    prefix = f"cryptomatte/{murmur3(LAYER):08x}"[: len("cryptomatte/") + 7]
    manifest = {name: f"{id_bits(name):08x}" for name in segments[1:]}
    about = {"name": LAYER, "hash": "MurmurHash3_32", "conversion": "uint32_to_float32"}
    about["manifest"] = json.dumps(manifest, separators=(",", ":"))
    return {f"{prefix}/{key}": value for key, value in about.items()}
