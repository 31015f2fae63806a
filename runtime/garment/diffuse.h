// Halves the moves of LANES points, from `first` on, with the mean of their neighbours', and brings none back into what
// it must clear.
const int count = moves.shape[0];
const float* moving = (const float*)moves.data;
float* out = (float*)diffused.data;
Floats move[3], more[3], need, other;
Ints row;
int stirred = 0;
for (int l = 0; l < LANES; ++l) {
    row[l] = first + l < count ? first + l : count - 1;
    const int begin = starts.data[row[l]];
    const int end = starts.data[row[l] + 1];
    float total[3] = {};
    for (int k = begin; k < end; ++k)
        for (int axis = 0; axis < 3; ++axis)
            total[axis] += moving[3 * neighbours.data[k] + axis];
    const float part = 0.5f / (float)(end > begin ? end - begin : 1);
    for (int axis = 0; axis < 3; ++axis) {
        move[axis][l] = 0.5f * moving[3 * row[l] + axis] + part * total[axis];
        stirred |= move[axis][l] != 0.0f;
    }
}
if (stirred != 0) {
    Seen under, over;
    load_planes(row, (const float*)met.data, under, over);
    int short_of = 0;
    EACH_LANE {
        const float x = move[0][l], y = move[1][l], z = move[2][l];
        need[l] = under.need[l] - (x * under.normal[0][l] + y * under.normal[1][l] + z * under.normal[2][l]);
        other[l] = over.need[l] - (x * over.normal[0][l] + y * over.normal[1][l] + z * over.normal[2][l]);
    }
    for (int l = 0; l < LANES; ++l)
        short_of |= (need[l] > 0.0f) | (other[l] > 0.0f);
    if (short_of != 0) {
        clear_planes(need, other, under, over, more);
        EACH_LANE {
            const bool still = (move[0][l] == 0.0f) & (move[1][l] == 0.0f) & (move[2][l] == 0.0f);
            const bool clear = still | !((need[l] > 0.0f) | (other[l] > 0.0f));
            move[0][l] += clear ? 0.0f : more[0][l];
            move[1][l] += clear ? 0.0f : more[1][l];
            move[2][l] += clear ? 0.0f : more[2][l];
        }
    }
}
for (int l = 0; l < LANES && first + l < count; ++l)
    for (int axis = 0; axis < 3; ++axis)
        out[3 * (first + l) + axis] = move[axis][l];
