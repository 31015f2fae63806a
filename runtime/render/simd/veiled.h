// What sheer cloth changes in shading: it takes a part of the sun's light from what is behind it, and of the light that
// falls on its far side a part comes through to the eye.

// The side on which the sun's map is asked, so that thin cloth lit from behind is not in its own shadow.
auto lifted_towards = [&](const auto& surface, float nl) INLINE {
    return ((surface.sheer != 0) & (nl < 0.0f)) ? -1.0f : 1.0f;
};
auto lit_from_behind = [&](const auto& surface) INLINE { return surface.sheer != 0; };

// Takes from `share` what the layers of `veil` keep that are nearer to the sun than `depth` [m]: the mean over the same
// square as in `lit_share`.
auto veiled_share = [&](const Floats& x, const Floats& y, const Floats& depth, int width, Floats& share) INLINE {
#if defined(__CUDA_ARCH__)
    const int taps = width + 1;
#else
    constexpr int taps = 16;  // one vector; those past `width` count for nothing
#endif
    const int layers = veil.shape[0];
    const int row_length = veil.strides[1] / (int)sizeof(long long);
    const int plane = veil.strides[0] / (int)sizeof(long long);
    const int last = veil.shape[1] * row_length - taps;
    const long long* map = (const long long*)veil.data;
    for (int l = 0; l < LANES; ++l) {
        const float u = x[l] - 0.5f * (float)width;
        const float v = y[l] - 0.5f * (float)width;
        const int x0 = (int)wp::floor(u);
        const int y0 = (int)wp::floor(v);
        const int first = y0 * row_length + x0;
        if (share[l] <= 0.0f || x0 < 0 || y0 < 0 || x0 + width >= veil.shape[2] || y0 + width >= veil.shape[1]
            || first + width * row_length > last)
            continue;
        const long long limit = (long long)(depth[l] * LIGHT_DEPTH_SCALE) << SHARE_BITS;
        bool some = false;  // the nearest layer says whether there are others
        for (int j = 0; j <= width; ++j)
            for (int i = 0; i < taps; ++i)
                some |= map[first + j * row_length + i] < limit;
        if (!some)
            continue;
        const float right = u - (float)x0;
        const float down = v - (float)y0;
        float column[16] = {};
        for (int j = 0; j <= width; ++j) {
            float passing[16];
            for (int i = 0; i < taps; ++i)
                passing[i] = j == 0 ? 1.0f - down : (j == width ? down : 1.0f);
            for (int k = 0; k < layers; ++k) {
                const long long* row = map + (size_t)k * plane + first + j * row_length;
                for (int i = 0; i < taps; ++i)
                    passing[i] *= row[i] < limit ? (float)(int)(row[i] & SHARE_MASK) * (1.0f / 65535.0f) : 1.0f;
            }
            for (int i = 0; i < taps; ++i)
                column[i] += passing[i];
        }
        float total = column[0] * (1.0f - right) + column[width] * right;
        for (int i = 1; i < width; ++i)
            total += column[i];
        share[l] *= total / (float)(width * width);
    }
};

// Matte light of thin cloth, of what falls on the side that is seen and on the other one.
auto both_sides = [&](const auto& surface, float front, auto behind) INLINE {
    return surface.sheer != 0 ? front + SCATTERED * (behind() - front) : front;
};
