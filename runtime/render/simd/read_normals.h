// Unit world normals of LANES pixels of a row from column `first` on, as shading has them but for the relief of threads:
// smooth over the mesh, wrinkled where wrinkles are learned, turned to the side that is seen.
const long long* key_row = (const long long*)((const char*)keys.data + (size_t)(y * samples + offset) * keys.strides[0]);
float* out = (float*)((char*)shown.data + (size_t)y * shown.strides[0]);
const int width = shown.shape[1];
const int* corners = (const int*)faces.data;
const float* places = (const float*)screen.data;
const float* normal = (const float*)normals.data;
const float middle = (float)(y * samples + offset) + 0.5f;

Ints face, mesh, corner[3];
Floats w[3], n[3], u, v;
bool some = false;
EACH_LANE {
    const int x = first + l < width ? first + l : width - 1;
    const long long key = key_row[x * samples + offset];
    face[l] = key < EMPTY ? (int)(key & FACE_MASK) : -1;
}
for (int l = 0; l < LANES; ++l) {
    some |= face[l] >= 0;
    mesh[l] = face[l] < 0 ? -1 : face_mesh.data[face[l]];
    for (int k = 0; k < 3; ++k)
        corner[k][l] = face[l] < 0 ? 0 : corners[3 * face[l] + k];
}
EACH_LANE {
    const int i = 3 * corner[0][l];
    const int j = 3 * corner[1][l];
    const int k = 3 * corner[2][l];
    const float px = (float)((first + l < width ? first + l : width - 1) * samples + offset) + 0.5f;
    const float ax = places[i] - px, ay = places[i + 1] - middle;
    const float bx = places[j] - px, by = places[j + 1] - middle;
    const float cx = places[k] - px, cy = places[k + 1] - middle;
    const float wa = (bx * cy - cx * by) * places[i + 2];
    const float wb = (cx * ay - ax * cy) * places[j + 2];
    const float wc = (ax * by - bx * ay) * places[k + 2];
    const float total = wa + wb + wc;
    const float scale = 1.0f / (total != 0.0f ? total : 1.0f);
    w[0][l] = wa * scale;
    w[1][l] = wb * scale;
    w[2][l] = wc * scale;
    const float nx = w[0][l] * normal[i] + w[1][l] * normal[j] + w[2][l] * normal[k];
    const float ny = w[0][l] * normal[i + 1] + w[1][l] * normal[j + 1] + w[2][l] * normal[k + 1];
    const float nz = w[0][l] * normal[i + 2] + w[1][l] * normal[j + 2] + w[2][l] * normal[k + 2];
    const float length = nx * nx + ny * ny + nz * nz;
    const float unit = length > 0.0f ? 1.0f / wp::sqrt(length) : 0.0f;
    n[0][l] = nx * unit;
    n[1][l] = ny * unit;
    n[2][l] = nz * unit;
}
// Wrinkles are mixed in for one mesh after the other: what belongs to a mesh is the same for all lanes.
Ints done;
for (int l = 0; l < LANES; ++l)
    done[l] = mesh[l] < 0 || surfaces.data[mesh[l]].wrinkle_side == 0;
for (int from = 0; from < LANES; ++from) {
    if (done[from])
        continue;
    const auto& surface = surfaces.data[mesh[from]];
    const float* uv = (const float*)atlas_uv.data;
    Floats turn[4], carried[3], wrinkled[3];
    for (int l = 0; l < LANES; ++l) {
        const float* of = uv + 6 * (mesh[l] == mesh[from] ? face[l] : face[from]);
        u[l] = w[0][l] * of[0] + w[1][l] * of[2] + w[2][l] * of[4];
        v[l] = w[0][l] * of[1] + w[1][l] * of[3] + w[2][l] * of[5];
        for (int k = 0; k < 3; ++k)
            wrinkled[k][l] = n[k][l];
    }
    blend_turns((const float*)turns.data, corner, w, turn);
    wrinkle_texel((const float*)wrinkles.data, surface.wrinkle_first, surface.wrinkle_side, u, v, carried);
    mix_wrinkles(wrinkled, carried, turn);
    const int now = mesh[from];
    for (int l = 0; l < LANES; ++l)
        if (mesh[l] == now) {
            done[l] = 1;
            for (int k = 0; k < 3; ++k)
                n[k][l] = wrinkled[k][l];
        }
}
for (int l = 0; l < LANES && first + l < width; ++l) {
    const float side = face[l] < 0 ? 0.0f : facing.data[face[l]] > 0 ? 1.0f : -1.0f;
    for (int k = 0; k < 3; ++k)
        out[3 * (first + l) + k] = some ? n[k][l] * side : 0.0f;
}
