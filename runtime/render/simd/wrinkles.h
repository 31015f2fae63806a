// The normals of cloth whose wrinkles are learned: read from a moving atlas, turned with the cloth.

// Bilinear look-up in one garment's atlas of side² normals; it ends at the edge.
auto wrinkle_texel = [&](const float* texels, int first, int side, const Floats& u, const Floats& v,
                         Floats (&carried)[3]) INLINE {
    EACH_LANE {
        const float x = clamped(u[l] * (float)side - 0.5f, 0.0f, (float)(side - 1));
        const float y = clamped(v[l] * (float)side - 0.5f, 0.0f, (float)(side - 1));
        const int x0 = clamped_index((int)x, side - 2);
        const int y0 = clamped_index((int)y, side - 2);
        const float right = x - (float)x0;
        const float up = y - (float)y0;
        const int low = 3 * (first + y0 * side + x0);
        const int high = low + 3 * side;
        const float a = (1.0f - right) * (1.0f - up);
        const float b = right * (1.0f - up);
        const float c = (1.0f - right) * up;
        const float d = right * up;
        carried[0][l] = texels[low] * a + texels[low + 3] * b + texels[high] * c + texels[high + 3] * d;
        carried[1][l] = texels[low + 1] * a + texels[low + 4] * b + texels[high + 1] * c + texels[high + 4] * d;
        carried[2][l] = texels[low + 2] * a + texels[low + 5] * b + texels[high + 2] * c + texels[high + 5] * d;
    }
};

// Blends the turns of a face's corners: quaternions xyzw of either sign, as long as the wrinkles' share.
auto blend_turns = [&](const float* turns, const Ints (&corner)[3], const Floats (&w)[3], Floats (&turn)[4]) INLINE {
    EACH_LANE {
        const int i = 4 * corner[0][l];
        const int j = 4 * corner[1][l];
        const int k = 4 * corner[2][l];
        const float ax = turns[i], ay = turns[i + 1], az = turns[i + 2], aw = turns[i + 3];
        const float bx = turns[j], by = turns[j + 1], bz = turns[j + 2], bw = turns[j + 3];
        const float cx = turns[k], cy = turns[k + 1], cz = turns[k + 2], cw = turns[k + 3];
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
