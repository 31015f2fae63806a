// The answer of a surface to light: fill from nine coefficients, the sun, gloss, sheen, a coat.

typedef float Coefficients[9];  // of one channel
// Nine coefficients at a direction, in the order and convention of `harmonics`.
auto fill_light = [&](const Coefficients& h, float x, float y, float z) INLINE {
    const float flat = h[0] * SH_0 + (h[1] * y + h[2] * z + h[3] * x) * SH_1;
    const float curved = (h[4] * (x * y) + h[5] * (y * z) + h[7] * (x * z)) * SH_2
        + h[6] * (SH_20 * (3.0f * z * z - 1.0f)) + h[8] * (SH_22 * (x * x - y * y));
    return most(flat + curved, 0.0f);
};
// The first four of them alone: enough for gloss.
auto fill_blurred = [&](const Coefficients& h, float x, float y, float z) INLINE {
    return most(h[0] * SH_0 + (h[1] * y + h[2] * z + h[3] * x) * SH_1, 0.0f);
};
// GGX with Kelemen's visibility, without Fresnel's factor; `spread` is the square of its alpha.
auto glint = [&](float nl, float nh, float lh, float spread) INLINE {
    const float base = nh * nh * (spread - 1.0f) + 1.0f;
    return nl * spread / (base * base * 4.0f * lh * lh);
};
// The shoulder of `colour.soften_highlights`.
auto soften_highlight = [&](float value) INLINE {
    const float t = (value - SHOULDER) * (1.0f / (1.0f - SHOULDER));
    const float bent = 1.0f - (1.0f - SHOULDER) / (1.0f + t + 0.5f * t * t);
    return value <= SHOULDER ? value : bent;
};

// What a pixel's light depends on; directions are unit vectors.
struct Lit {
    Floats n[3];  // normal
    Floats eye[3];  // towards the eye
    Floats nv, nl;  // cosines of the normal with eye and sun
    Floats share;  // of the sun's light
    Floats open;  // share of the fill
    Floats albedo[3];
    Floats roughness;
};
// Linear light towards the eye, highlights softened.
auto light_pixels = [&](const auto& surface, const auto& light, const float* sh, const Lit& at, Floats (&out)[3]) INLINE {
    Floats mirror[3], fresnel_glint, varnish, rim, turned_back, away_3;
    const float sun_x = light.toward[0], sun_y = light.toward[1], sun_z = light.toward[2];
    const float specular = surface.specular;
    const float coat_alpha = surface.coat_roughness * surface.coat_roughness;
    EACH_LANE {
        const float twice = 2.0f * at.nv[l];
        mirror[0][l] = twice * at.n[0][l] - at.eye[0][l];
        mirror[1][l] = twice * at.n[1][l] - at.eye[1][l];
        mirror[2][l] = twice * at.n[2][l] - at.eye[2][l];
        const float away = 1.0f - at.nv[l];
        away_3[l] = away * away * away;
        // Gloss of the sun, and of the surroundings: the fill, seen in the mirror direction.
        const float hx = sun_x + at.eye[0][l], hy = sun_y + at.eye[1][l], hz = sun_z + at.eye[2][l];
        const float unit = 1.0f / wp::sqrt(most(hx * hx + hy * hy + hz * hz, 1.0e-12f));
        const float nh = (at.n[0][l] * hx + at.n[1][l] * hy + at.n[2][l] * hz) * unit;
        const float lh = most((sun_x * hx + sun_y * hy + sun_z * hz) * unit, 0.1f);
        const float lean = 1.0f - lh;
        const float fresnel = specular + (1.0f - specular) * lean * lean * lean * lean * lean;
        const float alpha = at.roughness[l] * at.roughness[l];
        const bool sunny = (at.nl[l] > 0.0f) & (at.share[l] > 0.0f);
        fresnel_glint[l] = sunny ? fresnel * glint(at.nl[l], nh, lh, most(alpha * alpha, 0.002f)) : 0.0f;
        varnish[l] = sunny ? 0.04f * glint(at.nl[l], nh, lh, most(coat_alpha * coat_alpha, 0.002f)) : 0.0f;
        // What a rough surface reflects of even light: a fit in the manner of Karis (2014, on mobile devices).
        const float smooth = 1.0f - at.roughness[l];
        rim[l] = specular * (0.468f + 0.572f * smooth) + smooth * smooth * smooth * away_3[l] * away * away;
        turned_back[l] = surface.coat * (0.04f + 0.96f * away_3[l] * away * away);
    }
    const float metal = surface.metallic;
    const float cloth = 1.0f - metal;  // metal has no matte light of its own, and its gloss is of its colour
    for (int channel = 0; channel < 3; ++channel) {
        const float sun = light.color[channel];
        const float wrap = surface.wrap.c[channel];
        const float wrap_scale = surface.wrap_scale.c[channel];
        const float sheen = surface.sheen.c[channel];
        Coefficients h;
        for (int k = 0; k < 9; ++k)
            h[k] = sh[3 * k + channel];
        EACH_LANE {
            const float tint = at.albedo[channel][l];
            const float open = at.open[l];
            // Light that bounces about in a crease takes on the surface's colour (Jimenez et al. 2016, their
            // multi-bounce fit).
            const float bounced = ((2.0404f * tint - 0.3324f) * open - 4.7951f * tint + 0.6417f) * open
                + 2.7552f * tint + 0.6903f;
            const float crease = most(open, bounced * open);
            const float ambient = fill_light(h, at.n[0][l], at.n[1][l], at.n[2][l]) * crease;
            // A soft terminator, redder and wider where light seeps through skin.
            const float reach = most(at.nl[l] + wrap, 0.0f) * wrap_scale;
            const float direct = sun * at.share[l] * reach * (1.0f - 0.5f * wrap * (1.0f - reach));
            const float matte = cloth * both_sides(surface, ambient + direct, [&]() INLINE {
                return fill_light(h, -at.n[0][l], -at.n[1][l], -at.n[2][l]) + sun * at.share[l] * most(-at.nl[l], 0.0f);
            });
            const float around = fill_blurred(h, mirror[0][l], mirror[1][l], mirror[2][l]) * open;
            const float gloss = sun * at.share[l] * fresnel_glint[l] + around * rim[l];
            const float bare = tint * matte + gloss * (cloth + tint * metal) + sheen * matte * away_3[l];
            const float coated = surface.coat * sun * at.share[l] * varnish[l] + around * turned_back[l];
            out[channel][l] = soften_highlight(bare * (1.0f - turned_back[l]) + coated);
        }
    }
};
