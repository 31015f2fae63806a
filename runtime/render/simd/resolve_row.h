// Antialiases and encodes a row's pixels from `first` to before `end`, one sample each; those of the bare backdrop are
// left as they are.
const long long* key_row = (const long long*)((const char*)keys.data + (size_t)y * keys.strides[0]);
const int* across_row = (const int*)((const char*)across.data + (size_t)y * across.strides[0]);
const int* down_row = (const int*)((const char*)down.data + (size_t)y * down.strides[0]);
const int* up_row = (const int*)((const char*)down.data + (size_t)(y > 0 ? y - 1 : 0) * down.strides[0]);
const float* color_row = (const float*)((const char*)color.data + (size_t)y * color.strides[0]);
unsigned char* rgb_row = (unsigned char*)rgb.data + (size_t)y * rgb.strides[0];
int left_entry = first > 0 ? across_row[first - 1] : 0;
int begin = first;  // of a run of pixels that are encoded as they are
for (int x = first; x <= end; ++x) {
    bool plain = false, mixed = false;
    if (x < end) {
        const int entries = left_entry | across_row[x] | down_row[x] | (y > 0 ? up_row[x] : 0);
        mixed = entries > TOUCHED;
        plain = !mixed && (entries != 0 || key_row[x] < EMPTY);
        left_entry = across_row[x];
    }
    if (plain)
        continue;
    if (x > begin)
        encode(color_row + 3 * begin, 3 * (x - begin), rgb_row + 3 * begin);
    begin = x + 1;
    if (mixed) {
        float light[3];
        blend_sample(x, y, light);
        encode(light, 3, rgb_row + 3 * x);
    }
}
