// Stores a pixel's linear light as 8-bit sRGB.
const float channels[3] = {light[0], light[1], light[2]};
encode(channels, 3, (unsigned char*)rgb.data + (size_t)y * rgb.strides[0] + 3 * x);
