// Sums over long rows, LANES entries at a time; the same order of additions every time.
auto total_of = [&](const Floats& parts) INLINE {
    float total = 0.0f;
    for (int l = 0; l < LANES; ++l)
        total += parts[l];
    return total;
};
auto dot_rows = [&](const float* a, const float* b, int count) INLINE {
    Floats parts;
    EACH_LANE parts[l] = 0.0f;
    int at = 0;
    for (; at + LANES <= count; at += LANES)
        EACH_LANE parts[l] += a[at + l] * b[at + l];
    float total = total_of(parts);
    for (; at < count; ++at)
        total += a[at] * b[at];
    return total;
};
auto squared_distance = [&](const float* a, const float* b, int count) INLINE {
    Floats parts;
    EACH_LANE parts[l] = 0.0f;
    int at = 0;
    for (; at + LANES <= count; at += LANES)
        EACH_LANE parts[l] += (a[at + l] - b[at + l]) * (a[at + l] - b[at + l]);
    float total = total_of(parts);
    for (; at < count; ++at)
        total += (a[at] - b[at]) * (a[at] - b[at]);
    return total;
};
