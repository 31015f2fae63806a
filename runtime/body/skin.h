// Blends the transforms that move LANES points, from `first` on, and moves the points.
const int influences = joint_indices.shape[1];
const float* rows = (const float*)transforms.data;
float blended[12][LANES];
for (int l = 0; l < LANES; ++l) {
    const int i = first + l < count ? first + l : count - 1;
    const int* joints = (const int*)joint_indices.data + i * influences;
    const float* weights = (const float*)joint_weights.data + i * influences;
    float total[12];
    blend_transforms(joints, weights, influences, rows, total);
    for (int entry = 0; entry < 12; ++entry)
        blended[entry][l] = total[entry];
}
const float* places = (const float*)points.data;
float moved[3][LANES];
EACH_LANE {
    const int i = 3 * (first + l < count ? first + l : count - 1);
    const float x = places[i], y = places[i + 1], z = places[i + 2];
    moved[0][l] = blended[0][l] * x + blended[1][l] * y + blended[2][l] * z + blended[3][l];
    moved[1][l] = blended[4][l] * x + blended[5][l] * y + blended[6][l] * z + blended[7][l];
    moved[2][l] = blended[8][l] * x + blended[9][l] * y + blended[10][l] * z + blended[11][l];
}
float* out = (float*)posed.data + 3 * (offset + first);
for (int l = 0; l < LANES && first + l < count; ++l)
    for (int axis = 0; axis < 3; ++axis)
        out[3 * l + axis] = moved[axis][l];
