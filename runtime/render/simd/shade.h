// Colours the pixels of a block of the picture that show a surface, rows `top` to before `bottom` and columns `first` to
// before `end`: those of one mesh after the other, so that what belongs to the mesh is the same for all lanes.
constexpr int MOST_PIXELS = LANES == 1 ? 1 : BLOCK_ROWS * STRIP;
constexpr float LEAST_OPEN = 0.12f;  // share of the fill that finds its way where no side sees, as under hair
constexpr float FARTHEST_WRAP = -0.4f;  // the sun gives nothing to what is turned away farther than any terminator

const int* corners = (const int*)faces.data;
const float* places = (const float*)vertices.data;
const float* places_on_screen = (const float*)screen.data;
const float* normal = (const float*)normals.data;
const float* openness_map = (const float*)openness.data;
const int open_columns = openness.shape[1];
const int open_rows = openness.shape[0];
const int row_length = color.strides[0] / (int)sizeof(float);
auto all_empty = [&](const long long* key) INLINE {
    long long nearest = EMPTY;
    for (int l = 0; l < LANES; ++l)
        nearest = key[l] < nearest ? key[l] : nearest;
    return nearest >= EMPTY;
};
// The uv of a face's corners: those of the first and the second, and of the second and the third.
auto take_uv = [&](const float* from, const Ints& face, Floats (&ab)[4], Floats (&bc)[4]) INLINE {
    Ints first_of_face;
    EACH_LANE { first_of_face[l] = 6 * face[l]; }
    take_fours(from, first_of_face, ab);
    take_fours(from + 2, first_of_face, bc);
};

// Of every pixel that shows a surface: where it is, its face, and its mesh, or -1 once it is coloured.
int shown_x[MOST_PIXELS], shown_y[MOST_PIXELS], shown_face[MOST_PIXELS], mesh_at[MOST_PIXELS];
int pixels = 0;
for (int y = top; y < bottom; ++y) {
    const long long* key_row = (const long long*)((const char*)keys.data + (size_t)y * keys.strides[0]);
    for (int x = first; x < end; ++x) {
        if (x + LANES <= end && all_empty(key_row + x)) {
            x += LANES - 1;
            continue;
        }
        if (key_row[x] < EMPTY) {
            const int face = (int)(key_row[x] & FACE_MASK);
            shown_x[pixels] = x;
            shown_y[pixels] = y;
            shown_face[pixels] = face;
            mesh_at[pixels++] = face_mesh.data[face];
            AHEAD(corners + 3 * face);
            AHEAD((const float*)face_uv.data + 6 * face);
            AHEAD((const float*)weave_uv.data + 6 * face);
            AHEAD((const float*)atlas_uv.data + 6 * face);
        }
    }
}
int chosen[MOST_PIXELS + LANES], done = 0;  // those of the mesh at hand
while (true) {
    while (done < pixels && mesh_at[done] < 0)
        ++done;
    if (done == pixels)
        return;
    const int mesh = mesh_at[done];
    int count = 0;
    for (int i = done; i < pixels; ++i)
        if (mesh_at[i] == mesh) {
            chosen[count++] = i;
            mesh_at[i] = -1;
        }
    for (int l = 0; l < LANES; ++l)
        chosen[count + l] = chosen[count - 1];
    const auto& surface = surfaces.data[mesh];

    for (int at = 0; at < count; at += LANES) {
        // what the vector after the next one reads is asked for now: points lie anywhere in memory
        for (int l = at + 2 * LANES; l < at + 3 * LANES && l < count; ++l) {
            const int* to = corners + 3 * shown_face[chosen[l]];
            for (int k = 0; k < 3; ++k) {
                AHEAD(places_on_screen + 3 * to[k]);
                AHEAD(normal + 3 * to[k]);
                AHEAD((const float*)turns.data + 4 * to[k]);
            }
        }
        Lit lit;
        Ints x, y, face, first_of[3], corner[4];
        Floats w[3], place[3], share, front, per_pixel, a[4], b[4], c[4], n_a[4], n_b[4], n_c[4];
        EACH_LANE {
            x[l] = shown_x[chosen[at + l]];
            y[l] = shown_y[chosen[at + l]];
            face[l] = shown_face[chosen[at + l]];
            first_of[0][l] = 3 * face[l];
        }
        take_fours(corners, first_of[0], corner);
        for (int k = 0; k < 3; ++k)
            EACH_LANE { first_of[k][l] = 3 * corner[k][l]; }
        take_fours(places_on_screen, first_of[0], a);
        take_fours(places_on_screen, first_of[1], b);
        take_fours(places_on_screen, first_of[2], c);
        take_fours(normal, first_of[0], n_a);
        take_fours(normal, first_of[1], n_b);
        take_fours(normal, first_of[2], n_c);
        EACH_LANE {
            const float px = (float)x[l] + 0.5f, py = (float)y[l] + 0.5f;
            const float ax = a[0][l] - px, ay = a[1][l] - py;
            const float bx = b[0][l] - px, by = b[1][l] - py;
            const float cx = c[0][l] - px, cy = c[1][l] - py;
            const float ea = bx * cy - cx * by, eb = cx * ay - ax * cy, ec = ax * by - bx * ay;
            const float wa = ea * a[2][l];
            const float wb = eb * b[2][l];
            const float wc = ec * c[2][l];
            const float scale = 1.0f / (wa + wb + wc);
            const float area = ea + eb + ec;
            w[0][l] = wa * scale;
            w[1][l] = wb * scale;
            w[2][l] = wc * scale;
            const float depth = area * scale;
            // The share of the face that the pixel covers: the larger, the deeper it is than the corners.
            const float nearness = a[2][l] * b[2][l] * c[2][l];
            share[l] = nearness * depth * depth * scale;
            const float ray_x = (px - view.center[0]) / view.focal;
            const float ray_y = (py - view.center[1]) / view.focal;
            const auto& r = view.rotation.data;
            const float dx = r[0][0] * ray_x + r[1][0] * ray_y + r[2][0];
            const float dy = r[0][1] * ray_x + r[1][1] * ray_y + r[2][1];
            const float dz = r[0][2] * ray_x + r[1][2] * ray_y + r[2][2];
            place[0][l] = view.eye[0] + dx * depth;
            place[1][l] = view.eye[1] + dy * depth;
            place[2][l] = view.eye[2] + dz * depth;
            const float back = -1.0f / wp::sqrt(dx * dx + dy * dy + dz * dz);
            lit.eye[0][l] = dx * back;
            lit.eye[1][l] = dy * back;
            lit.eye[2][l] = dz * back;
            const float nx = w[0][l] * n_a[0][l] + w[1][l] * n_b[0][l] + w[2][l] * n_c[0][l];
            const float ny = w[0][l] * n_a[1][l] + w[1][l] * n_b[1][l] + w[2][l] * n_c[1][l];
            const float nz = w[0][l] * n_a[2][l] + w[1][l] * n_b[2][l] + w[2][l] * n_c[2][l];
            const float length = nx * nx + ny * ny + nz * nz;
            const float unit = length > 0.0f ? 1.0f / wp::sqrt(length) : 0.0f;
            lit.n[0][l] = nx * unit;
            lit.n[1][l] = ny * unit;
            lit.n[2][l] = nz * unit;
        }

        if (surface.wrinkle_side > 0) {
            Floats u, v, turn[4], carried[3], uv_ab[4], uv_bc[4];
            take_uv((const float*)atlas_uv.data, face, uv_ab, uv_bc);
            EACH_LANE {
                u[l] = w[0][l] * uv_ab[0][l] + w[1][l] * uv_ab[2][l] + w[2][l] * uv_bc[2][l];
                v[l] = w[0][l] * uv_ab[1][l] + w[1][l] * uv_ab[3][l] + w[2][l] * uv_bc[3][l];
            }
            blend_turns((const float*)turns.data, corner, w, turn);
            wrinkle_texel((const float*)wrinkles.data, surface.wrinkle_first, surface.wrinkle_side, u, v, carried);
            mix_wrinkles(lit.n, carried, turn);
        }

        EACH_LANE {
            front[l] = facing.data[face[l]] > 0 ? 1.0f : -1.0f;
            const float nx = lit.n[0][l] * front[l], ny = lit.n[1][l] * front[l], nz = lit.n[2][l] * front[l];
            const float seen = nx * lit.eye[0][l] + ny * lit.eye[1][l] + nz * lit.eye[2][l];
            // Smooth normals may lean away from the eye at silhouettes; bend them back just enough.
            const float bend = most(0.02f - seen, 0.0f);
            const float bx = nx + lit.eye[0][l] * bend, by = ny + lit.eye[1][l] * bend, bz = nz + lit.eye[2][l] * bend;
            const float unit = 1.0f / wp::sqrt(bx * bx + by * by + bz * bz);
            lit.n[0][l] = bx * unit;
            lit.n[1][l] = by * unit;
            lit.n[2][l] = bz * unit;
            lit.nv[l] = most(seen, 0.02f);
            // A tilted pixel is taken for no narrower than half its length: grazing surfaces stay sharp along the view
            // without crawling across it.
            per_pixel[l] = most(1.0f, 0.5f / lit.nv[l]) * size_of(share[l]);
        }

        // Texels per pixel follow from the face's area in uv and the share of it that a pixel covers.
        Floats u, v, footprint, uv_ab[4], uv_bc[4];
        take_uv((const float*)face_uv.data, face, uv_ab, uv_bc);
        EACH_LANE {
            const float bu = uv_ab[2][l] - uv_ab[0][l], bv = uv_ab[3][l] - uv_ab[1][l];
            const float cu = uv_bc[2][l] - uv_ab[0][l], cv = uv_bc[3][l] - uv_ab[1][l];
            u[l] = uv_ab[0][l] + w[1][l] * bu + w[2][l] * cu;
            v[l] = uv_ab[1][l] + w[1][l] * bv + w[2][l] * cv;
            footprint[l] = size_of(bu * cv - bv * cu) * per_pixel[l];
        }
        sample_texture(surface, (const unsigned*)texels.data, levels.data, u, v, footprint, lit.albedo);
        EACH_LANE {
            lit.albedo[0][l] *= front[l] > 0.0f ? 1.0f : surface.inside.c[0];
            lit.albedo[1][l] *= front[l] > 0.0f ? 1.0f : surface.inside.c[1];
            lit.albedo[2][l] *= front[l] > 0.0f ? 1.0f : surface.inside.c[2];
            lit.roughness[l] = surface.roughness;
        }

        int woven = 0;
        if (surface.weave_first >= 0)
            for (int l = 0; l < LANES; ++l)
                woven += footprint[l] * surface.weave_gate < 1.0f;
        if (woven > 0) {
            Floats at_u, at_v, covered, uv_b[2], uv_c[2], edge_b[3], edge_c[3], threads[4], slope_u, slope_v;
            take_uv((const float*)weave_uv.data, face, uv_ab, uv_bc);
            EACH_LANE {
                uv_b[0][l] = uv_ab[2][l] - uv_ab[0][l];
                uv_b[1][l] = uv_ab[3][l] - uv_ab[1][l];
                uv_c[0][l] = uv_bc[2][l] - uv_ab[0][l];
                uv_c[1][l] = uv_bc[3][l] - uv_ab[1][l];
                at_u[l] = uv_ab[0][l] + w[1][l] * uv_b[0][l] + w[2][l] * uv_c[0][l];
                at_v[l] = uv_ab[1][l] + w[1][l] * uv_b[1][l] + w[2][l] * uv_c[1][l];
                covered[l] = size_of(uv_b[0][l] * uv_c[1][l] - uv_b[1][l] * uv_c[0][l]) * per_pixel[l];
            }
            sample_weave(surface, (const unsigned*)texels.data, levels.data, at_u, at_v, covered, threads);
            take_fours(places, first_of[0], a);
            take_fours(places, first_of[1], b);
            take_fours(places, first_of[2], c);
            for (int k = 0; k < 3; ++k)
                EACH_LANE {
                    edge_b[k][l] = b[k][l] - a[k][l];
                    edge_c[k][l] = c[k][l] - a[k][l];
                }
            EACH_LANE {
                const bool shown = footprint[l] * surface.weave_gate < 1.0f;
                slope_u[l] = shown ? threads[0][l] * front[l] : 0.0f;
                slope_v[l] = shown ? threads[1][l] * front[l] : 0.0f;
                const float cavity = shown ? threads[2][l] : 1.0f;
                lit.albedo[0][l] *= cavity;
                lit.albedo[1][l] *= cavity;
                lit.albedo[2][l] *= cavity;
                lit.roughness[l] = shown ? threads[3][l] : lit.roughness[l];
            }
            tilt_normal(lit.n, edge_b, edge_c, uv_b, uv_c, slope_u, slope_v);
            EACH_LANE {
                const float seen = lit.n[0][l] * lit.eye[0][l] + lit.n[1][l] * lit.eye[1][l]
                    + lit.n[2][l] * lit.eye[2][l];
                lit.nv[l] = footprint[l] * surface.weave_gate < 1.0f ? most(seen, 0.02f) : lit.nv[l];
            }
        }

        // The shadow is looked up a little off the surface; where light grazes it, by what it gains within the blur.
        Floats map_x, map_y, map_depth;
        EACH_LANE {
            const float nx = lit.n[0][l], ny = lit.n[1][l], nz = lit.n[2][l];
            lit.nl[l] = nx * light.toward[0] + ny * light.toward[1] + nz * light.toward[2];
            const float grazing = wp::sqrt(most(1.0f - lit.nl[l] * lit.nl[l], 0.0f));
            const float off = lifted_towards(surface, lit.nl[l]) * light.texel * (0.6f + light.slope * grazing);
            const float px = place[0][l] + nx * off, py = place[1][l] + ny * off, pz = place[2][l] + nz * off;
            const float right = frame.right[0] * px + frame.right[1] * py + frame.right[2] * pz;
            const float up = frame.up[0] * px + frame.up[1] * py + frame.up[2] * pz;
            const float toward = frame.toward[0] * px + frame.toward[1] * py + frame.toward[2] * pz;
            map_x[l] = frame.origin[0] + right * frame.texels_per_metre[0];
            map_y[l] = frame.origin[1] + up * frame.texels_per_metre[1];
            map_depth[l] = frame.origin[2] - toward - light.texel * 1.2f;
        }
        lit_share(depths, map_x, map_y, map_depth, light.blur, lit.share);
        veiled_share(map_x, map_y, map_depth, light.blur, lit.share);
        EACH_LANE {
            lit.share[l] = ((lit.nl[l] > FARTHEST_WRAP) | lit_from_behind(surface)) ? lit.share[l] : 0.0f;
            // The four nearest values of half resolution hold the four patterns of occlusion, one each.
            const int cell = clamped_index((y[l] - 1) >> 1, open_rows - 2) * open_columns
                + clamped_index((x[l] - 1) >> 1, open_columns - 2);
            const float above = openness_map[cell] + openness_map[cell + 1];
            lit.open[l] = 0.25f * (above + openness_map[cell + open_columns] + openness_map[cell + open_columns + 1]);
        }

        // Outside, what limbs and clothes keep away at every distance counts where it is more; in its place comes some of
        // the sun's light from them, in this surface's brightness for want of theirs.
        if (around.shape[0] > 1)
            EACH_LANE {
                const float* reached = (const float*)around.data;
                const float at_corners = w[0][l] * reached[corner[0][l]] + w[1][l] * reached[corner[1][l]]
                    + w[2][l] * reached[corner[2][l]];
                const float bright = LUMINANCE_R * lit.albedo[0][l] + LUMINANCE_G * lit.albedo[1][l]
                    + LUMINANCE_B * lit.albedo[2][l];
                const float reaching = at_corners + (1.0f - at_corners) * most(bright * light.bounce, LEAST_OPEN);
                lit.open[l] = front[l] > 0.0f ? least(lit.open[l], reaching) : lit.open[l];
            }

        Floats out[3];
        light_pixels(surface, light, (const float*)sh.data + 27 * mesh, lit, out);
        const int left = count - at < LANES ? count - at : LANES;
        for (int l = 0; l < left; ++l)
            for (int channel = 0; channel < 3; ++channel)
                ((float*)color.data)[(size_t)y[l] * row_length + 3 * x[l] + channel] = out[channel][l];
    }
}
