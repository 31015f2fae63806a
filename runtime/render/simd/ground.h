// Share of light that reaches LANES cells of one row of the ground, from column `first` on.
const int width = depths.shape[1];
const int height = depths.shape[0];
const int* map = (const int*)depths.data;
const int row_length = depths.strides[0] / (int)sizeof(int);
const float per_metre_x = light.texels_per_metre[0];
const float per_metre_y = light.texels_per_metre[1];
Floats q_x, q_y, q_z, gap, blockers, dark;
EACH_LANE {
    const float x = ground.corner[0] + ((float)(first + l) + 0.5f) * ground.cell;
    const float y = ground.corner[1] + ((float)row + 0.5f) * ground.cell;
    q_x[l] = light.origin[0] + (light.right[0] * x + light.right[1] * y) * per_metre_x;
    q_y[l] = light.origin[1] + (light.up[0] * x + light.up[1] * y) * per_metre_y;
    q_z[l] = light.origin[2] - (light.toward[0] * x + light.toward[1] * y);
    gap[l] = 0.0f;
    blockers[l] = 0.0f;
    dark[l] = 0.0f;
}
// First how far the blockers are, over a penumbra as wide as one that is a metre away casts; then the share of light within the penumbra.
const float search = clamped(0.8f * spread, 0.02f, 0.15f);
for (int j = -2; j <= 2; ++j)
    for (int i = -2; i <= 2; ++i)
        EACH_LANE {
            const int x = (int)(q_x[l] + (float)i * (per_metre_x * search));
            const int y = (int)(q_y[l] + (float)j * (per_metre_y * search));
            const bool inside = (x >= 0) & (y >= 0) & (x < width) & (y < height);
            const float depth = (float)map[inside ? y * row_length + x : 0] * (1.0f / LIGHT_DEPTH_SCALE);
            const float distance = inside ? q_z[l] - depth : 0.0f;
            gap[l] += distance > 0.01f ? distance : 0.0f;
            blockers[l] += distance > 0.01f ? 1.0f : 0.0f;
        }
float shaded = 0.0f;
for (int l = 0; l < LANES; ++l)
    shaded += blockers[l];
if (shaded > 0.0f) {
    Floats penumbra;
    EACH_LANE {
        gap[l] /= most(blockers[l], 1.0f);
        penumbra[l] = clamped(gap[l] * spread, 0.012f, 0.5f) * (1.0f / 3.0f);
    }
    float weights = 0.0f;
    for (int j = -3; j <= 3; ++j)
        for (int i = -3; i <= 3; ++i) {
            const float weight = 1.0f - (float)(i * i + j * j) / 22.0f;
            weights += weight;
            EACH_LANE {
                const int x = (int)(q_x[l] + (float)i * penumbra[l] * per_metre_x);
                const int y = (int)(q_y[l] + (float)j * penumbra[l] * per_metre_y);
                const bool inside = (x >= 0) & (y >= 0) & (x < width) & (y < height);
                const float depth = (float)map[inside ? y * row_length + x : 0] * (1.0f / LIGHT_DEPTH_SCALE);
                dark[l] += (inside & (depth < q_z[l] - 0.01f)) ? weight : 0.0f;
            }
        }
    EACH_LANE {
        dark[l] = blockers[l] > 0.0f ? dark[l] / weights : 0.0f;
    }
}
const float scale = 1.0f / (float)coarse;
const float* closed_in = (const float*)contact.data;
const int columns = contact.shape[1];
const int rows = contact.shape[0];
Floats reaching;
EACH_LANE {
    const float u = ((float)(first + l) + 0.5f) * scale - 0.5f;
    const float v = ((float)row + 0.5f) * scale - 0.5f;
    const float floor_u = wp::floor(u);
    const float floor_v = wp::floor(v);
    const int x0 = (int)floor_u;
    const int y0 = (int)floor_v;
    const bool inside = (x0 >= 0) & (y0 >= 0) & (x0 + 1 < columns) & (y0 + 1 < rows);
    const int at = inside ? y0 * columns + x0 : 0;
    const float right = u - floor_u;
    const float up = v - floor_v;
    const float low = closed_in[at] * (1.0f - right) + closed_in[at + 1] * right;
    const float high = closed_in[at + columns] * (1.0f - right) + closed_in[at + columns + 1] * right;
    const float closed = inside ? low * (1.0f - up) + high * up : 0.0f;
    const float darkness = sun_share * dark[l] + (1.0f - sun_share) * closed;
    const int across = first + l < shadow.shape[1] - 1 - first - l ? first + l : shadow.shape[1] - 1 - first - l;
    const int along = row < shadow.shape[0] - 1 - row ? row : shadow.shape[0] - 1 - row;
    const float border = (float)(across < along ? across : along) * 0.125f;
    reaching[l] = 1.0f - strength * least(border, 1.0f) * least(darkness, 0.95f);
}
float* out = (float*)((char*)shadow.data + (size_t)row * shadow.strides[0]);
for (int l = 0; l < LANES && first + l < shadow.shape[1]; ++l)
    out[first + l] = reaching[l];
