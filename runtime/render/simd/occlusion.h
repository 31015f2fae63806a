// Estimates, at half resolution, how open LANES pixels of a row are to light from all around (1 is open), from column
// `first` on. Each looks at pairs of opposite places around it; the pattern turns from pixel to pixel in blocks of 2 × 2,
// which the bilinear look-up averages.
constexpr int PAIRS = 6;
const int width = keys.shape[1];
const int height = keys.shape[0];
const int row_length = keys.strides[0] / (int)sizeof(long long);
const int* upper = (const int*)keys.data + 1;  // the upper half of each key, which is enough for this
const float* ways = (const float*)directions.data;

// Depth at a pixel by its number; `otherwise` where nothing is seen.
auto depth_of = [&](int pixel, float otherwise) INLINE {
    constexpr int TOP = (int)(EMPTY >> 32);
    const int nearness = upper[2 * (long long)pixel];
    const float inverse = (float)(TOP - nearness) * (1.0f / (float)(1 << 23));
    return nearness >= TOP ? otherwise : 1.0f / inverse;
};
Floats centre, total, pixels;
Ints column, x, odd;
const int y = 2 * row;
EACH_LANE {
    column[l] = first + l < end ? first + l : end - 1;
    x[l] = 2 * column[l];
    centre[l] = depth_of(y * row_length + x[l], 0.0f);
    pixels[l] = centre[l] > 0.0f ? reach * focal / centre[l] : 0.0f;
    total[l] = 0.0f;
    odd[l] = column[l] & 1;
}
float seen = 0.0f;
for (int l = 0; l < LANES; ++l)
    seen += centre[l];
if (seen > 0.0f)
    for (int k = 0; k < PAIRS; ++k) {
        const float* even_way = ways + 2 * ((row & 1) * 2 * PAIRS + k);
        const float* odd_way = even_way + 2 * PAIRS;
        const float even_x = even_way[0], even_y = even_way[1], odd_x = odd_way[0], odd_y = odd_way[1];
        const float even_metres = reach * wp::sqrt(even_x * even_x + even_y * even_y);
        const float odd_metres = reach * wp::sqrt(odd_x * odd_x + odd_y * odd_y);
        EACH_LANE {
            const float way_x = odd[l] != 0 ? odd_x : even_x;
            const float way_y = odd[l] != 0 ? odd_y : even_y;
            const float metres = odd[l] != 0 ? odd_metres : even_metres;
            const int dx = (int)wp::floor(way_x * pixels[l] + 0.5f);
            const int dy = (int)wp::floor(way_y * pixels[l] + 0.5f);
            const float far = centre[l] + 2.0f * metres;
            const int ax = x[l] + dx, ay = y + dy, bx = x[l] - dx, by = y - dy;
            const bool a_inside = (ax >= 0) & (ay >= 0) & (ax < width) & (ay < height);
            const bool b_inside = (bx >= 0) & (by >= 0) & (bx < width) & (by < height);
            const float a_seen = depth_of(a_inside ? ay * row_length + ax : 0, far);
            const float b_seen = depth_of(b_inside ? by * row_length + bx : 0, far);
            // How much both stand before the line through the centre, fading for unrelated surfaces.
            float a = centre[l] - (a_inside ? a_seen : far);
            float b = centre[l] - (b_inside ? b_seen : far);
            a = a > 2.0f * metres ? most(4.0f * metres - a, 0.0f) : most(a, -2.0f * metres);
            b = b > 2.0f * metres ? most(4.0f * metres - b, 0.0f) : most(b, -2.0f * metres);
            total[l] += clamped((a + b) / (2.0f * metres), 0.0f, 1.0f);
        }
    }
EACH_LANE {
    total[l] = centre[l] > 0.0f ? 1.0f - total[l] * (1.0f / (float)PAIRS) : 1.0f;
}
float* out = (float*)((char*)openness.data + (size_t)row * openness.strides[0]);
for (int l = 0; l < LANES && first + l < end; ++l)
    out[first + l] = total[l];
