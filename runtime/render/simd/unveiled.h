// What shading leaves out where nothing that is drawn is sheer: see `veiled.h`.
auto lifted_towards = [&](const auto&, float) INLINE { return 1.0f; };
auto lit_from_behind = [&](const auto&) INLINE { return false; };
auto veiled_share = [&](const Floats&, const Floats&, const Floats&, int, Floats&) INLINE {};
auto both_sides = [&](const auto&, float front, auto) INLINE { return front; };
