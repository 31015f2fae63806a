// Draws LANES triangles from `first` on: the nearest key wins each pixel. Returns a bit for each that was left, because
// it reaches behind the near plane, has holes, or is so large that single precision would draw its edges wrong.
constexpr float LARGEST = 8192.0f;  // [px]; a tolerance of 1e-5 of it is a tenth of a pixel
const int width = keys.shape[1];
const int height = keys.shape[0];
const int count = faces.shape[0];
Triangles drawn;
take_triangles((const int*)faces.data, (const float*)screen.data, first, count, width, height, drawn);
Ints kind;  // 0 not drawn, 1 front, -1 back, 2 left
EACH_LANE {
    const int flags = face_flags.data[first + l < count ? first + l : count - 1];
    const float a = drawn.z[0][l], b = drawn.z[1][l], c = drawn.z[2][l];
    const bool a_seen = (a > 0.0f) & (a <= INVERSE_NEAR);
    const bool b_seen = (b > 0.0f) & (b <= INVERSE_NEAR);
    const bool c_seen = (c > 0.0f) & (c <= INVERSE_NEAR);
    const bool whole = a_seen & b_seen & c_seen;
    const bool some = a_seen | b_seen | c_seen;
    const bool front = drawn.area[l] < 0.0f;
    const bool back = (drawn.area[l] > 0.0f) & ((flags & DOUBLE_SIDED) != 0);
    const bool plain = whole & ((flags & CUTOUT) == 0) & (drawn.size[l] <= LARGEST);
    kind[l] = plain ? (front ? 1 : (back ? -1 : 0)) : (some ? 2 : 0);
}
int left = 0;
wp::int64* rows = (wp::int64*)keys.data;
const int row_length = keys.strides[0] / (int)sizeof(long long);
for (int l = 0; l < LANES && first + l < count; ++l) {
    const int face = first + l;
    facing.data[face] = kind[l] == 2 ? 0 : kind[l];
    if (kind[l] == 2)
        left |= 1 << l;
    if (kind[l] == 2 || kind[l] == 0 || drawn.x0[l] > drawn.x1[l] || drawn.y0[l] > drawn.y1[l])
        continue;
    const float lift = (float)(face_flags.data[face] / LAYER) * LAYER_LIFT;
    keep_least(drawn, l, rows, row_length, [&](float inverse_depth) INLINE {
        const bool seen = (inverse_depth > 0.0f) & (inverse_depth <= INVERSE_NEAR);
        const float lifted = least(inverse_depth + lift * inverse_depth * inverse_depth, INVERSE_NEAR);
        const wp::int64 nearness = NEARNESS_TOP - (wp::int64)(lifted * NEARNESS_SCALE);
        return seen ? (nearness << FACE_BITS) | (wp::int64)face : (wp::int64)EMPTY;
    });
}
return left;
