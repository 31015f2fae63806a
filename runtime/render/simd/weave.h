// The weave of cloth on a surface near enough to show it: filtered look-up, and the normal that it tilts.

// Trilinear look-up: slopes along u and v, cavity, roughness; `footprint` is the area in uv that a pixel covers. A pixel
// counts as larger than it is: threads are regular, and what is left of them past half a thread a pixel beats.
auto sample_weave = [&](const auto& surface, const unsigned* texels, const int* levels, const Floats& u,
                        const Floats& v, const Floats& footprint, Floats (&woven)[4]) INLINE {
    Floats covered;
    EACH_LANE {
        covered[l] = footprint[l] * SOFTENING * (float)(1 << (surface.weave_width_log2 + surface.weave_height_log2));
        woven[0][l] = -SLOPE_ZERO / SLOPE_STEPS;
        woven[1][l] = -SLOPE_ZERO / SLOPE_STEPS;
        woven[2][l] = 0.0f;
        woven[3][l] = 0.0f;
    }
    each_level(u, v, covered, levels, surface.weave_first, surface.weave_width_log2, surface.weave_height_log2,
               surface.weave_top, [&](const Taps& taps) INLINE {
        for (int tap = 0; tap < 4; ++tap)
            EACH_LANE {
                const unsigned packed = texels[taps.at[tap][l]];
                const float share = taps.share[tap][l];
                woven[0][l] += share * (1.0f / SLOPE_STEPS) * (float)(int)(packed & 511u);
                woven[1][l] += share * (1.0f / SLOPE_STEPS) * (float)(int)((packed >> 9) & 511u);
                woven[2][l] += share * (1.0f / CAVITY_STEPS) * (float)(int)((packed >> 18) & 255u);
                woven[3][l] += share * (1.0f / ROUGHNESS_STEPS) * (float)(int)(packed >> 26);
            }
    });
};

// Tilts normals by slopes along a face's u and v; its edges start at its first corner, in space and in uv.
auto tilt_normal = [&](Floats (&n)[3], const Floats (&edge_b)[3], const Floats (&edge_c)[3], const Floats (&uv_b)[2],
                       const Floats (&uv_c)[2], const Floats& slope_u, const Floats& slope_v) INLINE {
    EACH_LANE {
        const float turn = uv_b[0][l] * uv_c[1][l] - uv_b[1][l] * uv_c[0][l] < 0.0f ? -1.0f : 1.0f;
        float ux = turn * (edge_b[0][l] * uv_c[1][l] - edge_c[0][l] * uv_b[1][l]);
        float uy = turn * (edge_b[1][l] * uv_c[1][l] - edge_c[1][l] * uv_b[1][l]);
        float uz = turn * (edge_b[2][l] * uv_c[1][l] - edge_c[2][l] * uv_b[1][l]);
        float vx = turn * (edge_c[0][l] * uv_b[0][l] - edge_b[0][l] * uv_c[0][l]);
        float vy = turn * (edge_c[1][l] * uv_b[0][l] - edge_b[1][l] * uv_c[0][l]);
        float vz = turn * (edge_c[2][l] * uv_b[0][l] - edge_b[2][l] * uv_c[0][l]);
        const float above_u = ux * n[0][l] + uy * n[1][l] + uz * n[2][l];
        const float above_v = vx * n[0][l] + vy * n[1][l] + vz * n[2][l];
        ux -= above_u * n[0][l];
        uy -= above_u * n[1][l];
        uz -= above_u * n[2][l];
        vx -= above_v * n[0][l];
        vy -= above_v * n[1][l];
        vz -= above_v * n[2][l];
        const float length_u = ux * ux + uy * uy + uz * uz;
        const float length_v = vx * vx + vy * vy + vz * vz;
        const float along_u = length_u > 0.0f ? slope_u[l] / wp::sqrt(length_u) : 0.0f;
        const float along_v = length_v > 0.0f ? slope_v[l] / wp::sqrt(length_v) : 0.0f;
        const float x = n[0][l] + ux * along_u + vx * along_v;
        const float y = n[1][l] + uy * along_u + vy * along_v;
        const float z = n[2][l] + uz * along_u + vz * along_v;
        const float unit = 1.0f / wp::sqrt(x * x + y * y + z * z);
        n[0][l] = x * unit;
        n[1][l] = y * unit;
        n[2][l] = z * unit;
    }
};
