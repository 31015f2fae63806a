// Antialiases and encodes a row's pixels from `first` to before `end`, one sample each; those of the bare backdrop are
// left as they are.
const long long* key_row = (const long long*)((const char*)keys.data + (size_t)y * keys.strides[0]);
const int* across_row = (const int*)((const char*)across.data + (size_t)y * across.strides[0]);
const int* down_row = (const int*)((const char*)down.data + (size_t)y * down.strides[0]);
const int* up_row = (const int*)((const char*)down.data + (size_t)(y > 0 ? y - 1 : 0) * down.strides[0]);
const float* color_row = (const float*)((const char*)color.data + (size_t)y * color.strides[0]);
unsigned char* rgb_row = (unsigned char*)rgb.data + (size_t)y * rgb.strides[0];
const int above = y > 0 ? -1 : 0;  // keeps what lies above the picture out
auto look = [&](int at, int left, int& mixed, int& bare) INLINE {
    const int entries = left | across_row[at] | down_row[at] | (up_row[at] & above);
    mixed = entries > TOUCHED;
    bare = (entries == 0) & (key_row[at] >= EMPTY);
};
int begin = first;  // of a run of pixels that are encoded as they are
for (int x = first; x < end; x += LANES) {
    const int count = end - x < LANES ? end - x : LANES;
    Ints mixed, bare;
    if (x > 0 && count == LANES)
        EACH_LANE { look(x + l, across_row[x + l - 1], mixed[l], bare[l]); }
    else
        for (int l = 0; l < count; ++l)
            look(x + l, x + l > 0 ? across_row[x + l - 1] : 0, mixed[l], bare[l]);
    int any_mixed = 0, all_bare = 1, any_bare = 0;
    for (int l = 0; l < count; ++l) {
        any_mixed |= mixed[l];
        any_bare |= bare[l];
        all_bare &= bare[l];
    }
    if (any_mixed + any_bare == 0)
        continue;
    for (int l = 0; l < count; ++l) {
        if (mixed[l] + bare[l] == 0)
            continue;
        if (x + l > begin)
            encode(color_row + 3 * begin, 3 * (x + l - begin), rgb_row + 3 * begin);
        begin = x + l + 1;
        if (mixed[l] != 0) {
            float light[3];
            blend_sample(x + l, y, light);
            encode(light, 3, rgb_row + 3 * (x + l));
        }
        if (all_bare != 0) {
            begin = x + count;
            break;
        }
    }
}
if (end > begin)
    encode(color_row + 3 * begin, 3 * (end - begin), rgb_row + 3 * begin);
