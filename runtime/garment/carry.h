// Moves LANES points of cloth, from `first` on, to where a field says: blended transforms carry the rest points, the
// rotation nearest to them turns the displacements. `turns` may be empty; else each gets a quaternion xyzw as long as the
// share that the wrinkles have.
constexpr int MOST_STEPS = 12;  // of the nearest rotation; a matrix as blended skins have takes three or four
constexpr float CLOSE = 1.0e-6f;  // squared change of the last step that is close enough
constexpr float LEAST_VOLUME = 1.0e-4f;  // blended joints that squash space to less turn cloth as the heaviest does
const int count = places.shape[0];
const int influences = joint_indices.shape[1];
const float* rows = (const float*)transforms.data;
const float share = confidence.data[0];
const int wanted = turns.shape[0];
float* turned = (float*)turns.data;
if (share == 0.0f) {
    for (int l = 0; wanted > 0 && l < LANES && first + l < count; ++l)
        for (int axis = 0; axis < 4; ++axis)
            turned[4 * places.data[first + l] + axis] = 0.0f;
    return;
}
float blended[12][LANES];
float heaviest[9][LANES];
Ints at, place;
for (int l = 0; l < LANES; ++l) {
    at[l] = first + l < count ? first + l : count - 1;
    place[l] = places.data[at[l]];
    const int* joints = (const int*)joint_indices.data + at[l] * influences;
    const float* weights = (const float*)joint_weights.data + at[l] * influences;
    float total[12];
    blend_transforms(joints, weights, influences, rows, total);
    for (int entry = 0; entry < 12; ++entry)
        blended[entry][l] = total[entry];
    for (int entry = 0; entry < 9; ++entry)
        heaviest[entry][l] = rows[16 * joints[0] + entry / 3 * 4 + entry % 3];
}

// Newton's iteration for the polar factor (Higham 1986): mean with the inverse transposed, from cross products.
float r[9][LANES];
Ints turning;
EACH_LANE {
    const float ax = blended[0][l], ay = blended[1][l], az = blended[2][l];
    const float bx = blended[4][l], by = blended[5][l], bz = blended[6][l];
    const float cx = blended[8][l], cy = blended[9][l], cz = blended[10][l];
    const float volume = ax * (by * cz - bz * cy) + ay * (bz * cx - bx * cz) + az * (bx * cy - by * cx);
    const bool whole = volume >= LEAST_VOLUME;
    turning[l] = whole;
    r[0][l] = whole ? ax : heaviest[0][l];
    r[1][l] = whole ? ay : heaviest[1][l];
    r[2][l] = whole ? az : heaviest[2][l];
    r[3][l] = whole ? bx : heaviest[3][l];
    r[4][l] = whole ? by : heaviest[4][l];
    r[5][l] = whole ? bz : heaviest[5][l];
    r[6][l] = whole ? cx : heaviest[6][l];
    r[7][l] = whole ? cy : heaviest[7][l];
    r[8][l] = whole ? cz : heaviest[8][l];
}
for (int step = 0; step < MOST_STEPS; ++step) {
    int left = 0;
    for (int l = 0; l < LANES; ++l)
        left += turning[l];
    if (left == 0)
        break;
    EACH_LANE {
        const float ax = r[0][l], ay = r[1][l], az = r[2][l];
        const float bx = r[3][l], by = r[4][l], bz = r[5][l];
        const float cx = r[6][l], cy = r[7][l], cz = r[8][l];
        const float xx = by * cz - bz * cy, xy = bz * cx - bx * cz, xz = bx * cy - by * cx;
        const float yx = cy * az - cz * ay, yy = cz * ax - cx * az, yz = cx * ay - cy * ax;
        const float zx = ay * bz - az * by, zy = az * bx - ax * bz, zz = ax * by - ay * bx;
        const float scale = 0.5f / (ax * xx + ay * xy + az * xz);
        const float dax = scale * xx - 0.5f * ax, day = scale * xy - 0.5f * ay, daz = scale * xz - 0.5f * az;
        const float dbx = scale * yx - 0.5f * bx, dby = scale * yy - 0.5f * by, dbz = scale * yz - 0.5f * bz;
        const float dcx = scale * zx - 0.5f * cx, dcy = scale * zy - 0.5f * cy, dcz = scale * zz - 0.5f * cz;
        const float change = dax * dax + day * day + daz * daz + dbx * dbx + dby * dby + dbz * dbz + dcx * dcx
            + dcy * dcy + dcz * dcz;
        const bool go = turning[l] != 0;
        r[0][l] = go ? ax + dax : ax;
        r[1][l] = go ? ay + day : ay;
        r[2][l] = go ? az + daz : az;
        r[3][l] = go ? bx + dbx : bx;
        r[4][l] = go ? by + dby : by;
        r[5][l] = go ? bz + dbz : bz;
        r[6][l] = go ? cx + dcx : cx;
        r[7][l] = go ? cy + dcy : cy;
        r[8][l] = go ? cz + dcz : cz;
        turning[l] = go & (change > CLOSE);
    }
}

float moved[3][LANES];
const float* rested = (const float*)rest.data;
const float* bent = (const float*)displacements.data;
float* out = (float*)points.data;
EACH_LANE {
    const int i = 3 * place[l];
    const float x = rested[i], y = rested[i + 1], z = rested[i + 2];
    const float dx = bent[3 * at[l]], dy = bent[3 * at[l] + 1], dz = bent[3 * at[l] + 2];
    const float mx = share * (blended[0][l] * x + blended[1][l] * y + blended[2][l] * z + blended[3][l]
                              + r[0][l] * dx + r[1][l] * dy + r[2][l] * dz - out[i]);
    const float my = share * (blended[4][l] * x + blended[5][l] * y + blended[6][l] * z + blended[7][l]
                              + r[3][l] * dx + r[4][l] * dy + r[5][l] * dz - out[i + 1]);
    const float mz = share * (blended[8][l] * x + blended[9][l] * y + blended[10][l] * z + blended[11][l]
                              + r[6][l] * dx + r[7][l] * dy + r[8][l] * dz - out[i + 2]);
    const float length = wp::sqrt(mx * mx + my * my + mz * mz);
    const float held = length > bound ? bound / length : 1.0f;
    moved[0][l] = out[i] + held * mx;
    moved[1][l] = out[i + 1] + held * my;
    moved[2][l] = out[i + 2] + held * mz;
}
for (int l = 0; l < LANES && first + l < count; ++l)
    for (int axis = 0; axis < 3; ++axis)
        out[3 * place[l] + axis] = moved[axis][l];
if (wanted == 0)
    return;

// The quaternion of a rotation (Shepperd 1978): from whichever of its four parts is largest.
float q[4][LANES];
const float size = share * wrinkle_share;
EACH_LANE {
    const float xx = r[0][l], yy = r[4][l], zz = r[8][l];
    const float w4 = 1.0f + xx + yy + zz, x4 = 1.0f + xx - yy - zz;
    const float y4 = 1.0f - xx + yy - zz, z4 = 1.0f - xx - yy + zz;
    const float yz = r[7][l] - r[5][l], zx = r[2][l] - r[6][l], xy = r[3][l] - r[1][l];
    const float sum_xy = r[3][l] + r[1][l], sum_zx = r[2][l] + r[6][l], sum_yz = r[7][l] + r[5][l];
    const bool of_w = (w4 >= x4) & (w4 >= y4) & (w4 >= z4);
    const bool of_x = !of_w & (x4 >= y4) & (x4 >= z4);
    const bool of_y = !of_w & !of_x & (y4 >= z4);
    const float qx = of_w ? yz : (of_x ? x4 : (of_y ? sum_xy : sum_zx));
    const float qy = of_w ? zx : (of_x ? sum_xy : (of_y ? y4 : sum_yz));
    const float qz = of_w ? xy : (of_x ? sum_zx : (of_y ? sum_yz : z4));
    const float qw = of_w ? w4 : (of_x ? yz : (of_y ? zx : xy));
    const float scale = size / wp::sqrt(most(qx * qx + qy * qy + qz * qz + qw * qw, 1.0e-12f));
    q[0][l] = qx * scale;
    q[1][l] = qy * scale;
    q[2][l] = qz * scale;
    q[3][l] = qw * scale;
}
for (int l = 0; l < LANES && first + l < count; ++l)
    for (int axis = 0; axis < 4; ++axis)
        turned[4 * place[l] + axis] = q[axis][l];
