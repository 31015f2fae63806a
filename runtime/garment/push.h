// Finds how LANES points, from `first` on, must move to clear what they meet, and what they have to keep from then on.
const int count = moved.shape[0];
const float* places = (const float*)points.data;
Floats p[3], move[3];
Ints row;
EACH_LANE {
    row[l] = first + l < count ? first + l : count - 1;
    const int at = 3 * moved.data[row[l]];
    p[0][l] = places[at];
    p[1][l] = places[at + 1];
    p[2][l] = places[at + 2];
}
Seen under, over;
const float* middles = (const float*)centres.data;
const float* upward = (const float*)normals.data;
see_plane(p, row, below, below_gap, below_fade, middles, upward, under);
see_plane(p, row, facing, facing_gap, facing_fade, middles, upward, over);
clear_planes(under.need, over.need, under, over, move);
EACH_LANE {
    // from here on what the point still has to keep: what this move reached, or the room that there was
    const float up = move[0][l] * under.normal[0][l] + move[1][l] * under.normal[1][l] + move[2][l] * under.normal[2][l];
    const float off = move[0][l] * over.normal[0][l] + move[1][l] * over.normal[1][l] + move[2][l] * over.normal[2][l];
    under.need[l] = least(under.need[l], up);
    over.need[l] = least(over.need[l], off);
}
store_planes(under, over, first, count, (float*)met.data);
float* out = (float*)moves.data;
for (int l = 0; l < LANES && first + l < count; ++l)
    for (int axis = 0; axis < 3; ++axis)
        out[3 * (first + l) + axis] = move[axis][l];
