// Converts two rows of sRGB to their two rows of luma and one of either chroma, in fixed point of BITS bits.
constexpr int CHUNK = 64;  // pixels that are taken apart into their colours at a time
const int width = rgb.shape[1];
const int height = rgb.shape[0];
unsigned char* first_plane = (unsigned char*)planes.data;
unsigned char* blue_row = first_plane + (size_t)height * width + (size_t)pair * (width / 2);
unsigned char* red_row = blue_row + (size_t)(height / 2) * (width / 2);
for (int begin = 0; begin < width; begin += CHUNK) {
    const int count = width - begin < CHUNK ? width - begin : CHUNK;
    unsigned char red[2][CHUNK], green[2][CHUNK], blue[2][CHUNK];
    for (int row = 0; row < 2; ++row) {
        const unsigned char* from = (const unsigned char*)rgb.data + (size_t)(2 * pair + row) * rgb.strides[0] + 3 * begin;
        for (int i = 0; i < count; ++i) {
            red[row][i] = from[3 * i];
            green[row][i] = from[3 * i + 1];
            blue[row][i] = from[3 * i + 2];
        }
        unsigned char* luma = first_plane + (size_t)(2 * pair + row) * width + begin;
        for (int i = 0; i < count; ++i)
            luma[i] = (unsigned char)((LUMA_R * red[row][i] + LUMA_G * green[row][i] + LUMA_B * blue[row][i] + LUMA_ZERO) >> BITS);
    }
    for (int i = 0; i < count / 2; ++i) {
        const int r = red[0][2 * i] + red[0][2 * i + 1] + red[1][2 * i] + red[1][2 * i + 1];
        const int g = green[0][2 * i] + green[0][2 * i + 1] + green[1][2 * i] + green[1][2 * i + 1];
        const int b = blue[0][2 * i] + blue[0][2 * i + 1] + blue[1][2 * i] + blue[1][2 * i + 1];
        blue_row[begin / 2 + i] = (unsigned char)((BLUE_R * r + BLUE_G * g + BLUE_B * b + CHROMA_ZERO) >> (BITS + 2));
        red_row[begin / 2 + i] = (unsigned char)((RED_R * r + RED_G * g + RED_B * b + CHROMA_ZERO) >> (BITS + 2));
    }
}
