// Draws LANES triangles from `first` on into the light's map of depths; of what has one side, what faces the light: it
// lies before what faces away.
const int count = faces.shape[0];
Triangles drawn;
take_triangles((const int*)faces.data, (const float*)lit.data, first, count, depths.shape[1], depths.shape[0], drawn);
int* rows = (int*)depths.data;
const int row_length = depths.strides[0] / (int)sizeof(int);
for (int l = 0; l < LANES && first + l < count; ++l) {
    const bool two_sided = (face_flags.data[first + l] & DOUBLE_SIDED) != 0;
    const bool some = drawn.area[l] > 0.0f || (two_sided && drawn.area[l] < 0.0f);
    if (!some || drawn.x0[l] > drawn.x1[l] || drawn.y0[l] > drawn.y1[l])
        continue;
    keep_least(drawn, l, rows, row_length, [&](float metres) INLINE { return (int)(metres * LIGHT_DEPTH_SCALE); });
}
