// Sums the upper three rows of the transforms that move a point, by its weights, which descend and end at the first
// that is 0.
auto blend_transforms = [&](const int* joints, const float* weights, int influences, const float* rows,
                            float* total) INLINE {
    for (int entry = 0; entry < 12; ++entry)
        total[entry] = 0.0f;
    for (int k = 0; k < influences && weights[k] > 0.0f; ++k)
        for (int entry = 0; entry < 12; ++entry)
            total[entry] += weights[k] * rows[16 * joints[k] + entry];
};
