// Filtered look-up in textures whose sizes are powers of two, which repeat.

// The level, counted from 0, whose texels are as large as the texels of level 0 that a pixel covers. The bits of a
// float, read as an integer, are its logarithm to within 0.09, and as smooth as a mipmap needs.
auto level_of = [&](float covered, float top) INLINE {
    union {
        float value;
        int bits;
    } number;
    number.value = covered > 1.0f ? covered : 1.0f;
    const float level = 0.5f * ((float)number.bits * 1.1920929e-7f - 127.0f);
    return clamped(level, 0.0f, top);
};

// Where a bilinear look-up reads one level: the numbers of its four texels, and the share of each.
struct Taps {
    Ints at[4];
    Floats share[4];
};
auto find_taps = [&](const Floats& u, const Floats& v, const Ints& first, const Ints& width_log2,
                     const Ints& height_log2, const Floats& part, Taps& taps) INLINE {
    EACH_LANE {
        const int mask_x = (1 << width_log2[l]) - 1;
        const int mask_y = (1 << height_log2[l]) - 1;
        const float x = u[l] * (float)(mask_x + 1) - 0.5f;
        const float y = v[l] * (float)(mask_y + 1) - 0.5f;
        const float floor_x = wp::floor(x);
        const float floor_y = wp::floor(y);
        const float right = x - floor_x;
        const float up = y - floor_y;
        const int x0 = (int)floor_x & mask_x;
        const int x1 = (x0 + 1) & mask_x;
        const int y0 = first[l] + (((int)floor_y & mask_y) << width_log2[l]);
        const int y1 = first[l] + ((((int)floor_y + 1) & mask_y) << width_log2[l]);
        taps.at[0][l] = y0 + x0;
        taps.at[1][l] = y0 + x1;
        taps.at[2][l] = y1 + x0;
        taps.at[3][l] = y1 + x1;
        taps.share[0][l] = part[l] * (1.0f - right) * (1.0f - up);
        taps.share[1][l] = part[l] * right * (1.0f - up);
        taps.share[2][l] = part[l] * (1.0f - right) * up;
        taps.share[3][l] = part[l] * right * up;
    }
};

// Calls `add(taps)` for the two levels that a trilinear look-up blends; `covered` is the texels of level 0 that a pixel
// covers.
auto each_level = [&](const Floats& u, const Floats& v, const Floats& covered, const int* levels, int first_level,
                      int width_log2, int height_log2, int top, auto add) INLINE {
    Ints fine, first, wide, high;
    Floats blend, part;
    EACH_LANE {
        const float level = level_of(covered[l], (float)top);
        fine[l] = (int)level;
        blend[l] = fine[l] < top ? level - (float)fine[l] : 0.0f;
    }
    Taps taps;
    for (int step = 0; step < 2; ++step) {
        EACH_LANE {
            const int level = blend[l] > 0.0f ? fine[l] + step : fine[l];
            part[l] = step == 1 ? blend[l] : 1.0f - blend[l];
            first[l] = levels[first_level + level];
            wide[l] = width_log2 > level ? width_log2 - level : 0;
            high[l] = height_log2 > level ? height_log2 - level : 0;
        }
        find_taps(u, v, first, wide, high, part, taps);
        add(taps);
    }
};

// Trilinear look-up of linear rgb, spread as far as the pixel; `footprint` is the area in uv that a pixel covers.
auto sample_texture = [&](const auto& surface, const unsigned* texels, const int* levels, const Floats& u,
                          const Floats& v, const Floats& footprint, Floats (&rgb)[3]) INLINE {
    const int width_log2 = surface.width_log2;
    const int height_log2 = surface.height_log2;
    const int top = width_log2 > height_log2 ? width_log2 : height_log2;
    Floats covered;
    EACH_LANE {
        covered[l] = TEXEL_SHARE * footprint[l] * (float)(1 << (width_log2 + height_log2));
        rgb[0][l] = 0.0f;
        rgb[1][l] = 0.0f;
        rgb[2][l] = 0.0f;
    }
    each_level(u, v, covered, levels, surface.first_level, width_log2, height_log2, top, [&](const Taps& taps) INLINE {
        constexpr float SCALE = 1.0f / (1023.0f * 1023.0f);
        for (int tap = 0; tap < 4; ++tap)
            EACH_LANE {
                const unsigned packed = texels[taps.at[tap][l]];
                const float share = taps.share[tap][l] * SCALE;
                const float red = (float)(int)(packed & 1023u);
                const float green = (float)(int)((packed >> 10) & 1023u);
                const float blue = (float)(int)((packed >> 20) & 1023u);
                rgb[0][l] += share * red * red;
                rgb[1][l] += share * green * green;
                rgb[2][l] += share * blue * blue;
            }
    });
};
