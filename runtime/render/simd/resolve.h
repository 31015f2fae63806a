// Antialiases samples by where silhouettes pass between them.

// Shares of a sample that belong to its neighbour, from the crossing between the two: where between the front sample's
// centre (0) and the other's (1) the silhouette passes. Bit 0 says whether the first of the two is in front.
auto taken_from = [&](int entry, bool is_first) INLINE {
    const float share = (float)((entry >> 1) - 1) * (1.0f / CROSSING_SCALE);
    const float over = ((entry & 1) == 1) == is_first ? 0.5f - share : share - 0.5f;
    return entry > TOUCHED ? most(over, 0.0f) : 0.0f;
};

// Blends a sample with its neighbours by the area that silhouettes give them. An edge is counted along the direction
// that it crosses most; summing both would count its area twice.
auto blend_sample = [&](int x, int y, float* out) INLINE {
    const int* across_row = (const int*)((const char*)across.data + (size_t)y * across.strides[0]);
    const int* down_row = (const int*)((const char*)down.data + (size_t)y * down.strides[0]);
    const int* up_row = (const int*)((const char*)down.data + (size_t)(y > 0 ? y - 1 : 0) * down.strides[0]);
    const float* here = (const float*)((const char*)color.data + (size_t)y * color.strides[0]) + 3 * x;
    const int row_length = color.strides[0] / (int)sizeof(float);
    const float right = taken_from(across_row[x], true);
    const float left = x > 0 ? taken_from(across_row[x - 1], false) : 0.0f;
    const float below = taken_from(down_row[x], true);
    const float above = y > 0 ? taken_from(up_row[x], false) : 0.0f;
    const bool level = right + left >= below + above;
    const float after = level ? right : below;
    const float before = level ? left : above;
    const int step = level ? 3 : row_length;
    const float both = after + before;
    const float scale = 1.0f / most(both, 1.0f);
    for (int channel = 0; channel < 3; ++channel) {
        float value = here[channel] * (1.0f - least(both, 1.0f));
        if (after > 0.0f)
            value += here[channel + step] * (after * scale);
        if (before > 0.0f)
            value += here[channel - step] * (before * scale);
        out[channel] = value;
    }
};
