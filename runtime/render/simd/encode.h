// Stores linear light as 8-bit sRGB: `light` holds the three channels of `count` pixels one after another. The bytes are
// those of `colour.encode_table`, but from a polynomial in the fourth root of the light, which vectors have no table for.
auto encode = [&](const float* light, int count, unsigned char* out) INLINE {
    constexpr float LAST = (float)(SRGB_ENTRIES - 1);
    for (int i = 0; i < count; ++i) {
        const int entry = (int)(wp::sqrt(clamped(light[i], 0.0f, 1.0f)) * LAST + 0.5f);
        const float root = (float)entry * (1.0f / LAST);
        const float t = wp::sqrt(root);
        const float curved = (((((17.40196f * t - 81.22934f) * t + 167.633f) * t - 217.5429f) * t + 348.3261f) * t
                              + 35.59556f) * t - 15.18409f;
        const float straight = 255.0f * 12.92f * root * root;
        out[i] = (unsigned char)(int)((root * root <= 0.0031308f ? straight : curved) + 0.5f);
    }
};
