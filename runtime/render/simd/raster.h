// Triangles, LANES at a time: which pixels' centres each may cover. Few triangles of a figure cover more than a handful.

// What is needed of triangles that lie before the near plane whole: x, y and what is linear on the picture, per corner.
struct Triangles {
    Ints corner[3];
    Floats x[3], y[3], z[3];
    Floats area;  // twice it; negative in front of the eye
    Floats size;  // the longer side of their boxes [px]
    Ints x0, y0, x1, y1;  // pixels that their boxes reach
};
auto take_triangles = [&](const int* faces, const float* points, int first, int count, int width, int height,
                          Triangles& taken) INLINE {
    EACH_LANE {
        const int face = first + l < count ? first + l : count - 1;
        taken.corner[0][l] = faces[3 * face];
        taken.corner[1][l] = faces[3 * face + 1];
        taken.corner[2][l] = faces[3 * face + 2];
    }
    for (int corner = 0; corner < 3; ++corner)
        EACH_LANE {
            const int point = 3 * taken.corner[corner][l];
            taken.x[corner][l] = points[point];
            taken.y[corner][l] = points[point + 1];
            taken.z[corner][l] = points[point + 2];
        }
    EACH_LANE {
        const float ax = taken.x[0][l], bx = taken.x[1][l], cx = taken.x[2][l];
        const float ay = taken.y[0][l], by = taken.y[1][l], cy = taken.y[2][l];
        taken.area[l] = (bx - ax) * (cy - ay) - (by - ay) * (cx - ax);
        const float x_least = least(least(ax, bx), cx), x_most = most(most(ax, bx), cx);
        const float y_least = least(least(ay, by), cy), y_most = most(most(ay, by), cy);
        taken.size[l] = most(x_most - x_least, y_most - y_least);
        const float left = clamped(x_least - 0.5f, 0.0f, (float)width);
        const float right = clamped(x_most - 0.5f, -1.0f, (float)(width - 1));
        const float top = clamped(y_least - 0.5f, 0.0f, (float)height);
        const float bottom = clamped(y_most - 0.5f, -1.0f, (float)(height - 1));
        taken.x0[l] = (int)wp::ceil(left);
        taken.x1[l] = (int)wp::floor(right);
        taken.y0[l] = (int)wp::ceil(top);
        taken.y1[l] = (int)wp::floor(bottom);
    }
};

// Keeps, at each pixel whose centre a triangle covers, the least of what is there in `rows` and of `made_of(z)`.
auto keep_least = [&](const Triangles& of, int l, auto* rows, int row_length, auto made_of) INLINE {
    const float scale = 1.0f / of.area[l];
    const float px = (float)of.x0[l] + 0.5f;
    const float py = (float)of.y0[l] + 0.5f;
    const float ax = of.x[0][l], bx = of.x[1][l], cx = of.x[2][l];
    const float ay = of.y[0][l], by = of.y[1][l], cy = of.y[2][l];
    // Area coordinates at the first pixel, and their change per pixel to the right and down.
    const float a_right = (by - cy) * scale, b_right = (cy - ay) * scale, c_right = (ay - by) * scale;
    const float a_down = (cx - bx) * scale, b_down = (ax - cx) * scale, c_down = (bx - ax) * scale;
    const float a_first = ((bx - px) * (cy - py) - (cx - px) * (by - py)) * scale;
    const float b_first = ((cx - px) * (ay - py) - (ax - px) * (cy - py)) * scale;
    const float c_first = ((ax - px) * (by - py) - (bx - px) * (ay - py)) * scale;
    constexpr float TOLERANCE = 1.0e-5f;  // closes the hairline that rounding may leave between neighbours
#if defined(__CUDA_ARCH__)
    for (int y = of.y0[l]; y <= of.y1[l]; ++y)
        for (int x = of.x0[l]; x <= of.x1[l]; ++x) {
            const float right = (float)(x - of.x0[l]), down = (float)(y - of.y0[l]);
            const float a = a_first + a_down * down + a_right * right;
            const float b = b_first + b_down * down + b_right * right;
            const float c = c_first + c_down * down + c_right * right;
            if (least(least(a, b), c) >= -TOLERANCE)
                wp::atomic_min(rows + (size_t)y * row_length + x, made_of(a * of.z[0][l] + b * of.z[1][l] + c * of.z[2][l]));
        }
#else
    // a tile of 4 × 4 pixels at a time, without a branch for each
    typedef __typeof__(rows[0] + rows[0]) Kept;
    constexpr Kept NONE = sizeof(Kept) == 8 ? (Kept)0x7fffffffffffffffLL : (Kept)0x7fffffff;  // less than nothing
    const int columns = of.x1[l] - of.x0[l], rows_more = of.y1[l] - of.y0[l];
    for (int y = 0; y <= rows_more; y += 4)
        for (int x = 0; x <= columns; x += 4) {
            Floats z;
            Ints covered;
            for (int i = 0; i < LANES; ++i) {
                const int to_right = x + (i & 3), to_below = y + (i >> 2);
                const float right = (float)to_right, down = (float)to_below;
                const float a = a_first + a_down * down + a_right * right;
                const float b = b_first + b_down * down + b_right * right;
                const float c = c_first + c_down * down + c_right * right;
                const bool within = (to_right <= columns) & (to_below <= rows_more);
                z[i] = a * of.z[0][l] + b * of.z[1][l] + c * of.z[2][l];
                covered[i] = (least(least(a, b), c) >= -TOLERANCE) & within;
            }
            int any = 0;
            for (int i = 0; i < LANES; ++i)
                any |= covered[i];
            if (any == 0)
                continue;
            Kept value[LANES];
            for (int i = 0; i < LANES; ++i) {
                const Kept made = made_of(z[i]);
                value[i] = covered[i] != 0 ? made : NONE;
            }
            const int left = of.x0[l] + x;
            for (int j = 0; j < 4 && y + j <= rows_more; ++j) {
                auto* at = rows + (size_t)(of.y0[l] + y + j) * row_length + left;
                if (left + 4 <= row_length)
                    for (int i = 0; i < 4; ++i)
                        at[i] = value[4 * j + i] < at[i] ? value[4 * j + i] : at[i];
                else
                    for (int i = 0; i < row_length - left; ++i)
                        at[i] = value[4 * j + i] < at[i] ? value[4 * j + i] : at[i];
            }
        }
#endif
};
