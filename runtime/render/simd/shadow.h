// The share of the sun's light that reaches a point, from a map of depths seen from the sun.

// Mean over width × width texels (at most 8 × 8) around positions (x, y) [texels] of whether the map's depth is at least
// `depth` [m]: smooth as it moves. 1 outside the map; on a CPU also where a whole vector would read past its end.
auto lit_share = [&](const auto& depths, const Floats& x, const Floats& y, const Floats& depth, int width,
                     Floats& share) INLINE {
#if defined(__CUDA_ARCH__)
    const int taps = width + 1;
#else
    constexpr int taps = 16;  // one vector; those past `width` count for nothing
#endif
    const int row_length = depths.strides[0] / (int)sizeof(int);
    const int last = depths.shape[0] * row_length - taps;
    const int* map = (const int*)depths.data;
    for (int l = 0; l < LANES; ++l) {
        const float u = x[l] - 0.5f * (float)width;
        const float v = y[l] - 0.5f * (float)width;
        const int x0 = (int)wp::floor(u);
        const int y0 = (int)wp::floor(v);
        const int first = y0 * row_length + x0;
        share[l] = 1.0f;
        if (x0 < 0 || y0 < 0 || x0 + width >= depths.shape[1] || y0 + width >= depths.shape[0]
            || first + width * row_length > last)
            continue;
        const float right = u - (float)x0;
        const float down = v - (float)y0;
        const int limit = (int)(depth[l] * LIGHT_DEPTH_SCALE);
        float column[16] = {};
        for (int j = 0; j <= width; ++j) {
            const int* row = map + first + j * row_length;
            const float part = j == 0 ? 1.0f - down : (j == width ? down : 1.0f);
            for (int i = 0; i < taps; ++i)
                column[i] += row[i] >= limit ? part : 0.0f;
        }
        float total = column[0] * (1.0f - right) + column[width] * right;
        for (int i = 1; i < width; ++i)
            total += column[i];
        share[l] = total / (float)(width * width);
    }
};
