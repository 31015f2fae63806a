// The share of the sun's light that reaches a point, from a map of depths seen from the sun.

// Mean over width × width texels around positions (x, y) [texels] of whether the map's depth is at least `depth` [m]:
// smooth as it moves. 1 outside the map; on a CPU also where a whole vector would read past its end.
auto lit_share = [&](const auto& depths, const Floats& x, const Floats& y, const Floats& depth, int width,
                     Floats& share) INLINE {
    constexpr int TAPS = 8;  // texels of a row that are looked at together; those past `width` count for nothing
    const int row_length = depths.strides[0] / (int)sizeof(int);
    const int last = depths.shape[0] * row_length - width / TAPS * TAPS - TAPS;
    const int* map = (const int*)depths.data;
    float lit[LANES * TAPS];
    Ints begin;
    EACH_LANE { begin[l] = TAPS * l; }
    for (int l = 0; l < LANES; ++l) {
        const float u = x[l] - 0.5f * (float)width;
        const float v = y[l] - 0.5f * (float)width;
        const int x0 = (int)wp::floor(u);
        const int y0 = (int)wp::floor(v);
        const int first = y0 * row_length + x0;
        const bool outside = x0 < 0 || y0 < 0 || x0 + width >= depths.shape[1] || y0 + width >= depths.shape[0]
            || first + width * row_length > last;
        for (int i = 0; i < TAPS; ++i)
            lit[begin[l] + i] = outside ? (float)(width * width) / (float)TAPS : 0.0f;
        if (outside)
            continue;
        const float right = u - (float)x0;
        const float down = v - (float)y0;
        const int limit = (int)(depth[l] * LIGHT_DEPTH_SCALE);
        for (int from = 0; from <= width; from += TAPS) {
            const int* row = map + first + from;
            float column[TAPS];
            for (int i = 0; i < TAPS; ++i)
                column[i] = row[i] >= limit ? 1.0f - down : 0.0f;
            for (int j = 1; j < width; ++j)
                for (int i = 0; i < TAPS; ++i)
                    column[i] += row[j * row_length + i] >= limit ? 1.0f : 0.0f;
            for (int i = 0; i < TAPS; ++i) {
                const float whole = column[i] + (row[width * row_length + i] >= limit ? down : 0.0f);
                const float part = least((float)(from + i + 1) - right, (float)(width - from - i) + right);
                lit[begin[l] + i] += clamped(part, 0.0f, 1.0f) * whole;
            }
        }
    }
    Floats first_half[4], other_half[4];
    take_fours(lit, begin, first_half);
    take_fours(lit + 4, begin, other_half);
    const float scale = 1.0f / (float)(width * width);
    EACH_LANE {
        const float a = (first_half[0][l] + first_half[1][l]) + (first_half[2][l] + first_half[3][l]);
        const float b = (other_half[0][l] + other_half[1][l]) + (other_half[2][l] + other_half[3][l]);
        share[l] = (a + b) * scale;
    }
};
