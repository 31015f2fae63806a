// The normals of cloth whose wrinkles are learned: read from a moving atlas, turned with the cloth.

// Bilinear look-up in one garment's atlas of side² normals; it ends at the edge.
auto wrinkle_texel = [&](const float* texels, int first, int side, const Floats& u, const Floats& v,
                         Floats (&carried)[3]) INLINE {
    Ints low, high;
    Floats right, up, from_low[4], to_low[4], from_high[4], to_high[4];
    EACH_LANE {
        const float x = clamped(u[l] * (float)side - 0.5f, 0.0f, (float)(side - 1));
        const float y = clamped(v[l] * (float)side - 0.5f, 0.0f, (float)(side - 1));
        const int x0 = clamped_index((int)x, side - 2);
        const int y0 = clamped_index((int)y, side - 2);
        right[l] = x - (float)x0;
        up[l] = y - (float)y0;
        low[l] = 3 * (first + y0 * side + x0);
        high[l] = low[l] + 3 * side;
    }
    // of two texels beside each other the first four of their six numbers, and the last four
    take_fours(texels, low, from_low);
    take_fours(texels + 2, low, to_low);
    take_fours(texels, high, from_high);
    take_fours(texels + 2, high, to_high);
    EACH_LANE {
        const float a = (1.0f - right[l]) * (1.0f - up[l]);
        const float b = right[l] * (1.0f - up[l]);
        const float c = (1.0f - right[l]) * up[l];
        const float d = right[l] * up[l];
        carried[0][l] = from_low[0][l] * a + from_low[3][l] * b + from_high[0][l] * c + from_high[3][l] * d;
        carried[1][l] = from_low[1][l] * a + to_low[2][l] * b + from_high[1][l] * c + to_high[2][l] * d;
        carried[2][l] = from_low[2][l] * a + to_low[3][l] * b + from_high[2][l] * c + to_high[3][l] * d;
    }
};

// Blends the turns of a face's corners: quaternions xyzw of either sign, as long as the wrinkles' share.
auto blend_turns = [&](const float* turns, const auto& corner, const Floats (&w)[3], Floats (&turn)[4]) INLINE {
    Ints at;
    Floats a[4], b[4], c[4];
    EACH_LANE { at[l] = 4 * corner[0][l]; }
    take_fours(turns, at, a);
    EACH_LANE { at[l] = 4 * corner[1][l]; }
    take_fours(turns, at, b);
    EACH_LANE { at[l] = 4 * corner[2][l]; }
    take_fours(turns, at, c);
    EACH_LANE {
        const float ax = a[0][l], ay = a[1][l], az = a[2][l], aw = a[3][l];
        const float bx = b[0][l], by = b[1][l], bz = b[2][l], bw = b[3][l];
        const float cx = c[0][l], cy = c[1][l], cz = c[2][l], cw = c[3][l];
        const bool none = ax * ax + ay * ay + az * az + aw * aw == 0.0f;
        const float lx = none ? bx : ax, ly = none ? by : ay, lz = none ? bz : az, lw = none ? bw : aw;
        const float of_b = lx * bx + ly * by + lz * bz + lw * bw < 0.0f ? -w[1][l] : w[1][l];
        const float of_c = lx * cx + ly * cy + lz * cz + lw * cw < 0.0f ? -w[2][l] : w[2][l];
        turn[0][l] = w[0][l] * ax + of_b * bx + of_c * cx;
        turn[1][l] = w[0][l] * ay + of_b * by + of_c * cy;
        turn[2][l] = w[0][l] * az + of_b * bz + of_c * cz;
        turn[3][l] = w[0][l] * aw + of_b * bw + of_c * cw;
    }
};

// Mixes a mesh's unit normals with those read for it, which are given before their turn. They have their whole share
// where both look much the same way, and none where one looks away from the other.
auto mix_wrinkles = [&](Floats (&n)[3], const Floats (&carried)[3], const Floats (&turn)[4]) INLINE {
    constexpr float LEAST = 1.0e-3f;  // shorter normals and turns are none
    constexpr float FACING = 0.5f;  // cosine between the two from which on the share is whole
    EACH_LANE {
        const float x = carried[0][l], y = carried[1][l], z = carried[2][l];
        const float size = wp::sqrt(x * x + y * y + z * z);
        const float share = wp::sqrt(turn[0][l] * turn[0][l] + turn[1][l] * turn[1][l] + turn[2][l] * turn[2][l]
                                     + turn[3][l] * turn[3][l]);
        const bool some = (share >= LEAST) & (size >= LEAST);
        const float per_share = 1.0f / (some ? share : 1.0f);
        const float per_size = 1.0f / (some ? size : 1.0f);
        const float qx = turn[0][l] * per_share, qy = turn[1][l] * per_share, qz = turn[2][l] * per_share;
        const float qw = turn[3][l] * per_share;
        const float px = x * per_size, py = y * per_size, pz = z * per_size;
        const float straight = 2.0f * qw * qw - 1.0f;
        const float along = 2.0f * (qx * px + qy * py + qz * pz);
        const float aside = 2.0f * qw;
        const float ox = px * straight + (qy * pz - qz * py) * aside + qx * along;
        const float oy = py * straight + (qz * px - qx * pz) * aside + qy * along;
        const float oz = pz * straight + (qx * py - qy * px) * aside + qz * along;
        const float cosine = n[0][l] * ox + n[1][l] * oy + n[2][l] * oz;
        const float mix = some ? share * clamped(cosine * (1.0f / FACING), 0.0f, 1.0f) : 0.0f;
        const float mx = n[0][l] + mix * (ox - n[0][l]);
        const float my = n[1][l] + mix * (oy - n[1][l]);
        const float mz = n[2][l] + mix * (oz - n[2][l]);
        const float length = mx * mx + my * my + mz * mz;
        const float unit = length > 0.0f ? 1.0f / wp::sqrt(length) : 0.0f;
        n[0][l] = mx * unit;
        n[1][l] = my * unit;
        n[2][l] = mz * unit;
    }
};
