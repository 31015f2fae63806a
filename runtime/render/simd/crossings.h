// Of LANES edges from `first` on, a bit for each that may pass between the centres of neighbouring pixels as a
// silhouette: where the faces beside it look different ways, or a drawn face ends.
const int count = edge_faces.shape[0];
const int* pairs = (const int*)edge_faces.data;
const int* ends = (const int*)edges.data;
const signed char* sides = (const signed char*)facing.data;
const float* places = (const float*)screen.data;
Ints edge, crosses;
EACH_LANE {
    edge[l] = first + l < count ? first + l : count - 1;
    const int face = pairs[2 * edge[l]];
    const int other = pairs[2 * edge[l] + 1];
    const int here = sides[face];
    const int there = sides[other < 0 ? face : other];
    crosses[l] = other < 0 ? here != 0 : here != there;
}
int found = 0;
for (int l = 0; l < LANES; ++l)
    found += crosses[l];
if (found == 0)
    return 0;
EACH_LANE {
    const int a = 3 * ends[2 * edge[l]];
    const int b = 3 * ends[2 * edge[l] + 1];
    // centres lie at halves: between two places there is one in a row, or a column, if their whole parts differ
    const float far = 1.0e6f;
    const int across = (int)wp::ceil(clamped(places[a] - 0.5f, -far, far))
        - (int)wp::ceil(clamped(places[b] - 0.5f, -far, far));
    const int along = (int)wp::ceil(clamped(places[a + 1] - 0.5f, -far, far))
        - (int)wp::ceil(clamped(places[b + 1] - 0.5f, -far, far));
    crosses[l] &= (across != 0) | (along != 0);
}
int bits = 0;
for (int l = 0; l < LANES && first + l < count; ++l)
    bits |= crosses[l] != 0 ? 1 << l : 0;
return bits;
