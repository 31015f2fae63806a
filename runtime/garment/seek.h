// Walks from where each of LANES points lies at rest, from `first` on, over the surface to the corner that is nearest
// now, and takes the triangles around that.
const float* places = (const float*)points.data;
const int width = candidates.shape[1];
const int last = first + LANES < moved.shape[0] ? first + LANES : moved.shape[0];
for (int i = first; i < last; ++i) {
    int corner = begins.data[i];
    if (corner < 0)
        continue;
    const float* p = places + 3 * moved.data[i];
    const float px = p[0], py = p[1], pz = p[2];
    auto apart = [&](int from) INLINE {
        const float* at = places + 3 * corner_points.data[from];
        const float x = px - at[0], y = py - at[1], z = pz - at[2];
        return x * x + y * y + z * z;
    };
    float nearest = apart(corner);
    for (int step = 0; step < STEPS; ++step) {
        int ahead = -1;
        const int end = starts.data[corner + 1];
        for (int k = starts.data[corner]; k < end; ++k) {
            const int other = neighbours.data[k];
            const float distance = apart(other);
            const bool nearer = distance < nearest;
            nearest = nearer ? distance : nearest;
            ahead = nearer ? other : ahead;
        }
        if (ahead < 0)
            break;
        corner = ahead;
    }
    const int begin = around_starts.data[corner];
    const int count = around_starts.data[corner + 1] - begin;
    int* row = (int*)((char*)candidates.data + (size_t)i * candidates.strides[0]);
    for (int k = 0; k < width; ++k)
        row[k] = k < count ? around.data[begin + k] : -1;
}
