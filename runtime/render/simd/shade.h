// Colours the pixels of a block of the picture that show a surface, rows `top` to before `bottom` and columns `first` to
// before `end`: those of one mesh after the other, so that what belongs to the mesh is the same for all lanes.
constexpr int MOST_PIXELS = LANES == 1 ? 1 : BLOCK_ROWS * STRIP;
constexpr float FARTHEST_WRAP = -0.4f;  // the sun gives nothing to what is turned away farther than any terminator

const int* corners = (const int*)faces.data;
const float* places = (const float*)vertices.data;
const float* places_on_screen = (const float*)screen.data;
const float* normal = (const float*)normals.data;
const float* openness_map = (const float*)openness.data;
const int open_columns = openness.shape[1];
const int open_rows = openness.shape[0];
const int row_length = color.strides[0] / (int)sizeof(float);

// Of every pixel that shows a surface: where it is, its face, and its mesh, or -1 once it is coloured.
int shown_x[MOST_PIXELS], shown_y[MOST_PIXELS], shown_face[MOST_PIXELS], mesh_at[MOST_PIXELS];
int pixels = 0;
for (int y = top; y < bottom; ++y) {
    const long long* key_row = (const long long*)((const char*)keys.data + (size_t)y * keys.strides[0]);
    for (int x = first; x < end; ++x)
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
        Ints x, y, face, corner[3];
        Floats w[3], place[3], share, front, per_pixel;
        EACH_LANE {
            x[l] = shown_x[chosen[at + l]];
            y[l] = shown_y[chosen[at + l]];
            face[l] = shown_face[chosen[at + l]];
            corner[0][l] = corners[3 * face[l]];
            corner[1][l] = corners[3 * face[l] + 1];
            corner[2][l] = corners[3 * face[l] + 2];
        }
        EACH_LANE {
            const float px = (float)x[l] + 0.5f, py = (float)y[l] + 0.5f;
            const int i = 3 * corner[0][l];
            const int j = 3 * corner[1][l];
            const int k = 3 * corner[2][l];
            const float ax = places_on_screen[i] - px, ay = places_on_screen[i + 1] - py;
            const float bx = places_on_screen[j] - px, by = places_on_screen[j + 1] - py;
            const float cx = places_on_screen[k] - px, cy = places_on_screen[k + 1] - py;
            const float ea = bx * cy - cx * by, eb = cx * ay - ax * cy, ec = ax * by - bx * ay;
            const float wa = ea * places_on_screen[i + 2];
            const float wb = eb * places_on_screen[j + 2];
            const float wc = ec * places_on_screen[k + 2];
            const float scale = 1.0f / (wa + wb + wc);
            const float area = ea + eb + ec;
            w[0][l] = wa * scale;
            w[1][l] = wb * scale;
            w[2][l] = wc * scale;
            const float depth = area * scale;
            // The share of the face that the pixel covers: the larger, the deeper it is than the corners.
            const float nearness = places_on_screen[i + 2] * places_on_screen[j + 2] * places_on_screen[k + 2];
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
            const float nx = w[0][l] * normal[i] + w[1][l] * normal[j] + w[2][l] * normal[k];
            const float ny = w[0][l] * normal[i + 1] + w[1][l] * normal[j + 1] + w[2][l] * normal[k + 1];
            const float nz = w[0][l] * normal[i + 2] + w[1][l] * normal[j + 2] + w[2][l] * normal[k + 2];
            const float length = nx * nx + ny * ny + nz * nz;
            const float unit = length > 0.0f ? 1.0f / wp::sqrt(length) : 0.0f;
            lit.n[0][l] = nx * unit;
            lit.n[1][l] = ny * unit;
            lit.n[2][l] = nz * unit;
        }

        if (surface.wrinkle_side > 0) {
            const float* uv = (const float*)atlas_uv.data;
            Floats u, v, turn[4], carried[3];
            EACH_LANE {
                const float* of = uv + 6 * face[l];
                u[l] = w[0][l] * of[0] + w[1][l] * of[2] + w[2][l] * of[4];
                v[l] = w[0][l] * of[1] + w[1][l] * of[3] + w[2][l] * of[5];
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
        Floats u, v, footprint;
        EACH_LANE {
            const float* of = (const float*)face_uv.data + 6 * face[l];
            const float bu = of[2] - of[0], bv = of[3] - of[1];
            const float cu = of[4] - of[0], cv = of[5] - of[1];
            u[l] = of[0] + w[1][l] * bu + w[2][l] * cu;
            v[l] = of[1] + w[1][l] * bv + w[2][l] * cv;
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
            EACH_LANE {
                const float* of = (const float*)weave_uv.data + 6 * face[l];
                uv_b[0][l] = of[2] - of[0];
                uv_b[1][l] = of[3] - of[1];
                uv_c[0][l] = of[4] - of[0];
                uv_c[1][l] = of[5] - of[1];
                at_u[l] = of[0] + w[1][l] * uv_b[0][l] + w[2][l] * uv_c[0][l];
                at_v[l] = of[1] + w[1][l] * uv_b[1][l] + w[2][l] * uv_c[1][l];
                covered[l] = size_of(uv_b[0][l] * uv_c[1][l] - uv_b[1][l] * uv_c[0][l]) * per_pixel[l];
            }
            sample_weave(surface, (const unsigned*)texels.data, levels.data, at_u, at_v, covered, threads);
            EACH_LANE {
                const int i = 3 * corner[0][l];
                const int j = 3 * corner[1][l];
                const int k = 3 * corner[2][l];
                edge_b[0][l] = places[j] - places[i];
                edge_b[1][l] = places[j + 1] - places[i + 1];
                edge_b[2][l] = places[j + 2] - places[i + 2];
                edge_c[0][l] = places[k] - places[i];
                edge_c[1][l] = places[k + 1] - places[i + 1];
                edge_c[2][l] = places[k + 2] - places[i + 2];
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
                const float bright = 0.2126f * lit.albedo[0][l] + 0.7152f * lit.albedo[1][l] + 0.0722f * lit.albedo[2][l];
                const float reaching = at_corners + (1.0f - at_corners) * bright * light.bounce;
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
