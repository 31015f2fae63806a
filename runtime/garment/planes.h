// What cloth points must clear: the mean planes of a few triangles, on either side.

// Two surfaces that a point must clear may each be met short by this part, so that opposite ones meet in the middle and
// a sharp wedge does not throw a point far out.
constexpr float YIELD = 0.1f;
constexpr float BLEND = 0.02f;  // [m] a triangle further off than the nearest by this no longer counts at the surface
constexpr float WIDER = 3.0f;  // deep inside more of them count, by this part of the depth, both squared
constexpr float CLEAR = 0.03f;  // [m] further over its gap than this, a point needs no closer look

// A surface as each point sees it; without concern where there is none.
struct Seen {
    Floats normal[3];
    Floats need;  // how far the point is from its gap over the surface, negative where it is clear [m]
    Floats concern;
};

// The mean of the planes of the candidates, the nearer the more, none at once: nothing jumps as a point moves on. A row
// of `candidates` ends at its first -1.
auto see_plane = [&](const Floats (&p)[3], const Ints& row, const auto& candidates, float gap, const auto& fade,
                     const float* centres, const float* normals, Seen& plane) INLINE {
    const int most_candidates = candidates.shape[1];
    const int* table = (const int*)candidates.data;
    Ints nearest_face;
    Floats nearest;
    EACH_LANE {
        nearest[l] = 1.0e9f;
        nearest_face[l] = -1;
        plane.normal[0][l] = 0.0f;
        plane.normal[1][l] = 0.0f;
        plane.normal[2][l] = 0.0f;
        plane.need[l] = 0.0f;
        plane.concern[l] = 0.0f;
    }
    int used = 0;
    for (; used < most_candidates; ++used) {
        int some = 0;
        for (int l = 0; l < LANES; ++l)
            some += table[row[l] * most_candidates + used] >= 0;
        if (some == 0)
            break;
        EACH_LANE {
            const int face = table[row[l] * most_candidates + used];
            const int at = face >= 0 ? 3 * face : 0;
            const float x = p[0][l] - centres[at], y = p[1][l] - centres[at + 1], z = p[2][l] - centres[at + 2];
            const float apart = x * x + y * y + z * z;
            const bool nearer = (face >= 0) & (apart < nearest[l]);
            nearest[l] = nearer ? apart : nearest[l];
            nearest_face[l] = nearer ? face : nearest_face[l];
        }
    }
    if (used == 0)
        return;
    Ints close;
    EACH_LANE {
        const int at = nearest_face[l] >= 0 ? 3 * nearest_face[l] : 0;
        const float up = (p[0][l] - centres[at]) * normals[at] + (p[1][l] - centres[at + 1]) * normals[at + 1]
            + (p[2][l] - centres[at + 2]) * normals[at + 2];
        close[l] = (nearest_face[l] >= 0) & (up <= gap + CLEAR);
    }
    int some = 0;
    for (int l = 0; l < LANES; ++l)
        some += close[l];
    if (some == 0)
        return;
    Floats height, aside, weights;
    EACH_LANE {
        height[l] = 0.0f;
        aside[l] = 0.0f;
        weights[l] = 0.0f;
    }
    for (int k = 0; k < used; ++k)
        EACH_LANE {
            const int face = table[row[l] * most_candidates + k];
            const int at = face >= 0 ? 3 * face : 0;
            const float x = p[0][l] - centres[at], y = p[1][l] - centres[at + 1], z = p[2][l] - centres[at + 2];
            const float nx = normals[at], ny = normals[at + 1], nz = normals[at + 2];
            const float apart = x * x + y * y + z * z;
            const float within = most((1.0f + WIDER) * nearest[l] + BLEND * BLEND - apart, 0.0f);
            const float near = ((face >= 0) & (close[l] != 0)) ? within * within : 0.0f;
            const float up = x * nx + y * ny + z * nz;
            plane.normal[0][l] += near * nx;
            plane.normal[1][l] += near * ny;
            plane.normal[2][l] += near * nz;
            height[l] += near * up;
            aside[l] += near * wp::sqrt(most(apart - up * up, 0.0f));
            weights[l] += near;
        }
    EACH_LANE {
        const float per_weight = weights[l] > 0.0f ? 1.0f / weights[l] : 0.0f;
        const float up = height[l] * per_weight;
        const float x = plane.normal[0][l], y = plane.normal[1][l], z = plane.normal[2][l];
        const float length = x * x + y * y + z * z;
        const float unit = length > 0.0f ? 1.0f / wp::sqrt(length) : 0.0f;
        const bool seen = close[l] != 0;
        plane.normal[0][l] = seen ? x * unit : 0.0f;
        plane.normal[1][l] = seen ? y * unit : 0.0f;
        plane.normal[2][l] = seen ? z * unit : 0.0f;
        plane.need[l] = seen ? gap - up : 0.0f;
        const float beside = clamped((fade[1] - aside[l] * per_weight) / (fade[1] - fade[0]), 0.0f, 1.0f);
        const float under = clamped(3.0f * (1.0f + up / fade[2]), 0.0f, 1.0f);
        plane.concern[l] = seen ? beside * under : 0.0f;
    }
};

// The shortest moves that bring points up by `need` from what they lie on and by `other` from what they run into;
// between surfaces that leave no room, to the middle.
auto clear_planes = [&](const Floats& needs, const Floats& others, const Seen& under, const Seen& over,
                        Floats (&move)[3]) INLINE {
    EACH_LANE {
        const float need = needs[l], other = others[l];
        const float ux = under.normal[0][l], uy = under.normal[1][l], uz = under.normal[2][l];
        const float ox = over.normal[0][l], oy = over.normal[1][l], oz = over.normal[2][l];
        const float lone = most(need, 0.0f), apart = most(other, 0.0f);
        const float cosine = ux * ox + uy * oy + uz * oz;
        const float first = need - cosine * other;
        const float second = other - cosine * need;
        const float total = size_of(need) + size_of(other);
        // what is met short grows from nothing as the second surface begins to matter
        const float short_by = YIELD * least(2.0f * least(first, second) / (total > 0.0f ? total : 1.0f), 1.0f);
        const float cx = uy * oz - uz * oy, cy = uz * ox - ux * oz, cz = ux * oy - uy * ox;
        // (1 + short)² − cosine², which would lose its digits where both normals are nearly one line
        const float span = short_by * (2.0f + short_by) + cx * cx + cy * cy + cz * cz + 1.0e-3f;
        const bool of_under = (need > 0.0f) & (second <= 0.0f);
        const bool of_over = !of_under & (other > 0.0f) & (first <= 0.0f);
        const bool of_both = (need > 0.0f) | (other > 0.0f);
        const float both_under = of_under ? lone : (of_over ? 0.0f : (first + short_by * need) / span);
        const float both_over = of_under ? 0.0f : (of_over ? apart : (second + short_by * other) / span);
        const float a = under.concern[l], b = over.concern[l];
        const float along_under = a * (b * (of_both ? both_under : 0.0f) + (1.0f - b) * lone);
        const float along_over = a * b * (of_both ? both_over : 0.0f) + (1.0f - a) * b * apart;
        move[0][l] = along_under * ux + along_over * ox;
        move[1][l] = along_under * uy + along_over * oy;
        move[2][l] = along_under * uz + along_over * oz;
    }
};

// What points still have to keep, five numbers a side, in an array.
auto store_planes = [&](const Seen& under, const Seen& over, int first, int count, float* met) INLINE {
    for (int l = 0; l < LANES && first + l < count; ++l) {
        float* at = met + 10 * (first + l);
        for (int axis = 0; axis < 3; ++axis) {
            at[axis] = under.normal[axis][l];
            at[5 + axis] = over.normal[axis][l];
        }
        at[3] = under.need[l];
        at[4] = under.concern[l];
        at[8] = over.need[l];
        at[9] = over.concern[l];
    }
};
auto load_planes = [&](const Ints& row, const float* met, Seen& under, Seen& over) INLINE {
    EACH_LANE {
        const float* at = met + 10 * row[l];
        under.normal[0][l] = at[0];
        under.normal[1][l] = at[1];
        under.normal[2][l] = at[2];
        under.need[l] = at[3];
        under.concern[l] = at[4];
        over.normal[0][l] = at[5];
        over.normal[1][l] = at[6];
        over.normal[2][l] = at[7];
        over.need[l] = at[8];
        over.concern[l] = at[9];
    }
};
