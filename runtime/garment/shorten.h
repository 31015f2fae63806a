// Pulls LANES points, from `first` on, along those of their edges that are too long; a part of the last round's move,
// which began in `moved`, is made again. Rows of `neighbours` and `longest` are as many apart as there are points.
const int count = points.shape[0];
const int most_edges = neighbours.shape[0];
const float* places = (const float*)points.data;
float* out = (float*)moved.data;
const float force = share * acting.data[0];
Floats px, py, pz, pull_x, pull_y, pull_z;
Ints at;
EACH_LANE {
    at[l] = first + l < count ? first + l : count - 1;
    px[l] = places[3 * at[l]];
    py[l] = places[3 * at[l] + 1];
    pz[l] = places[3 * at[l] + 2];
    pull_x[l] = 0.0f;
    pull_y[l] = 0.0f;
    pull_z[l] = 0.0f;
}
for (int k = 0; k < most_edges; ++k) {
    const int* others = (const int*)neighbours.data + (size_t)k * count;
    const float* limits = (const float*)longest.data + (size_t)k * count;
    int some = 0;
    for (int l = 0; l < LANES; ++l)
        some |= others[at[l]] >= 0;
    if (some == 0)
        break;
    EACH_LANE {
        const int other = 3 * (others[at[l]] >= 0 ? others[at[l]] : at[l]);
        const float x = places[other] - px[l];
        const float y = places[other + 1] - py[l];
        const float z = places[other + 2] - pz[l];
        const float squared = x * x + y * y + z * z;
        const float limit = limits[at[l]];
        const float part = squared > limit * limit ? 1.0f - limit / wp::sqrt(squared) : 0.0f;
        pull_x[l] += part * x;
        pull_y[l] += part * y;
        pull_z[l] += part * z;
    }
}
EACH_LANE {
    const float part = force * parts.data[at[l]];
    pull_x[l] = px[l] + part * pull_x[l] + onward * (px[l] - out[3 * at[l]]);
    pull_y[l] = py[l] + part * pull_y[l] + onward * (py[l] - out[3 * at[l] + 1]);
    pull_z[l] = pz[l] + part * pull_z[l] + onward * (pz[l] - out[3 * at[l] + 2]);
}
for (int l = 0; l < LANES && first + l < count; ++l) {
    out[3 * (first + l)] = pull_x[l];
    out[3 * (first + l) + 1] = pull_y[l];
    out[3 * (first + l) + 2] = pull_z[l];
}
