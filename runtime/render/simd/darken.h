// Darkens what is bare of surfaces in a row of the picture, from `first` to before `end`, by the map of the ground's
// shadow where it looks at the ground. The arithmetic is that of `ground_light`.
const long long* key_row = (const long long*)((const char*)keys.data + (size_t)y * keys.strides[0]);
float* color_row = (float*)((char*)color.data + (size_t)y * color.strides[0]);
int* across_row = (int*)((char*)across.data + (size_t)y * across.strides[0]);
const float* map = (const float*)shadow.data;
const int row_length = shadow.strides[0] / (int)sizeof(float);
const float columns = (float)(shadow.shape[1] - 1), rows = (float)(shadow.shape[0] - 1);
const auto& r = view.rotation.data;
const float per_cell = 1.0f / ground.cell;
const float ray_y = ((float)y + 0.5f - view.center[1]) / view.focal;
for (int x = first; x < end; x += LANES) {
    const int count = end - x < LANES ? end - x : LANES;
    Ints bare;
    if (count == LANES)
        EACH_LANE { bare[l] = key_row[x + l] >= EMPTY; }
    else
        for (int l = 0; l < LANES; ++l)
            bare[l] = l < count ? key_row[x + l] >= EMPTY : 0;
    int any = 0;
    for (int l = 0; l < LANES; ++l)
        any |= bare[l];
    if (any == 0)
        continue;
    Floats light;
    Ints at;
    Floats right, down;
    any = 0;
    EACH_LANE {
        const float ray_x = ((float)(x + l) + 0.5f - view.center[0]) / view.focal;
        const float dx = r[0][0] * ray_x + r[1][0] * ray_y + r[2][0];
        const float dy = r[0][1] * ray_x + r[1][1] * ray_y + r[2][1];
        const float dz = r[0][2] * ray_x + r[1][2] * ray_y + r[2][2];
        const bool falls = (dz < -1.0e-4f) & (view.eye[2] > 0.0f);
        const float far = view.eye[2] / (falls ? dz : -1.0f);
        const float u = (view.eye[0] - dx * far - ground.corner[0]) * per_cell - 0.5f;
        const float v = (view.eye[1] - dy * far - ground.corner[1]) * per_cell - 0.5f;
        bare[l] &= falls & (u >= 0.0f) & (v >= 0.0f) & (u < columns) & (v < rows);
        const float column = bare[l] != 0 ? wp::floor(u) : 0.0f;
        const float row = bare[l] != 0 ? wp::floor(v) : 0.0f;
        at[l] = (int)row * row_length + (int)column;
        right[l] = u - column;
        down[l] = v - row;
    }
    for (int l = 0; l < LANES; ++l)
        any |= bare[l];
    if (any == 0)
        continue;
    EACH_LANE {
        const float above = map[at[l]] * (1.0f - right[l]) + map[at[l] + 1] * right[l];
        const float below = map[at[l] + row_length] * (1.0f - right[l]) + map[at[l] + row_length + 1] * right[l];
        const float reaching = above * (1.0f - down[l]) + below * down[l];
        light[l] = (bare[l] != 0) & (reaching < 0.998f) ? reaching : 1.0f;
    }
    for (int l = 0; l < count; ++l) {
        color_row[3 * (x + l)] *= light[l];
        color_row[3 * (x + l) + 1] *= light[l];
        color_row[3 * (x + l) + 2] *= light[l];
    }
    for (int l = 0; l < count; ++l)
        across_row[x + l] = (light[l] < 1.0f) & (across_row[x + l] < TOUCHED) ? TOUCHED : across_row[x + l];
}
