// Of LANES neighbouring pixels of a row, from `first` on and before `end`, a bit for each whose surface is of another
// mesh than the one right of it, and a bit LANES places higher for each where it is than the one below; where a
// silhouette passes already there is none.
const int width = keys.shape[1];
const bool last_row = y + 1 >= keys.shape[0];
const long long* here_row = (const long long*)((const char*)keys.data + (size_t)y * keys.strides[0]);
const long long* below_row = last_row ? here_row : (const long long*)((const char*)here_row + keys.strides[0]);
const int* across_row = (const int*)((const char*)across.data + (size_t)y * across.strides[0]);
const int* down_row = (const int*)((const char*)down.data + (size_t)y * down.strides[0]);
Ints shown, right, below;
auto look = [&](int x, int after, int l) INLINE {
    const long long here = here_row[x], to_right = here_row[after], under = below_row[x];
    shown[l] = here < EMPTY ? (int)(here & FACE_MASK) : -1;
    const bool some = here < EMPTY;
    right[l] = some & (to_right < EMPTY) ? (int)(to_right & FACE_MASK) : shown[l];
    below[l] = some & (under < EMPTY) ? (int)(under & FACE_MASK) : shown[l];
};
if (first + LANES < width && first + LANES <= end) {
    long long nearest = EMPTY;
    for (int l = 0; l < LANES; ++l)
        nearest = here_row[first + l] < nearest ? here_row[first + l] : nearest;
    if (nearest >= EMPTY)
        return 0;
    EACH_LANE { look(first + l, first + l + 1, l); }
} else
    for (int l = 0; l < LANES; ++l) {
        const int x = first + l < end ? first + l : end - 1;
        look(x, x + 1 < width ? x + 1 : x, l);
    }
int differing = 0;
for (int l = 0; l < LANES; ++l)
    differing |= (right[l] ^ shown[l]) | (below[l] ^ shown[l]);
if (differing == 0)
    return 0;
Ints bits;
EACH_LANE {
    const int mesh = face_mesh.data[shown[l] < 0 ? 0 : shown[l]];
    bits[l] = face_mesh.data[right[l] < 0 ? 0 : right[l]] != mesh ? 1 : 0;
    bits[l] |= face_mesh.data[below[l] < 0 ? 0 : below[l]] != mesh ? 1 << LANES : 0;
}
int found = 0, free = 0;
for (int l = 0; l < LANES && first + l < end; ++l) {
    found |= bits[l] << l;
    free |= (across_row[first + l] == 0 ? 1 : 0) << l | (down_row[first + l] == 0 ? 1 << LANES : 0) << l;
}
return found & free;
