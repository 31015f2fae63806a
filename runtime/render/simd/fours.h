// Loads of numbers that lie beside each other in memory: one load for each lane and a transposition, where a vector of
// every number by itself would take a load for each.

// Four numbers from `from + at[l]` on for each lane, out[k][l] = from[at[l] + k]. Of points of three numbers the fourth
// is the next one's first: arrays of them go on for one more, see `padded`.
auto take_fours = [&](const auto* from, const Ints& at, auto& out) INLINE {
#if defined(__CUDA_ARCH__)
    for (int k = 0; k < 4; ++k)
        EACH_LANE { out[k][l] = from[at[l] + k]; }
#else
    typedef __typeof__(from[0] + from[0]) Number;
    typedef Number Four __attribute__((vector_size(16), aligned(4)));
    typedef Number All __attribute__((vector_size(64), aligned(4)));
    All row[4];  // row k holds the numbers of lanes k, 4 + k, 8 + k and 12 + k
    for (int k = 0; k < 4; ++k) {
        const Four a = *(const Four*)(from + at[k]), b = *(const Four*)(from + at[4 + k]);
        const Four c = *(const Four*)(from + at[8 + k]), d = *(const Four*)(from + at[12 + k]);
        const auto low = __builtin_shufflevector(a, b, 0, 1, 2, 3, 4, 5, 6, 7);
        const auto high = __builtin_shufflevector(c, d, 0, 1, 2, 3, 4, 5, 6, 7);
        row[k] = __builtin_shufflevector(low, high, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
    }
#define LOW_PAIRS(a, b) __builtin_shufflevector(a, b, 0, 16, 1, 17, 4, 20, 5, 21, 8, 24, 9, 25, 12, 28, 13, 29)
#define HIGH_PAIRS(a, b) __builtin_shufflevector(a, b, 2, 18, 3, 19, 6, 22, 7, 23, 10, 26, 11, 27, 14, 30, 15, 31)
#define FIRST_HALVES(a, b) __builtin_shufflevector(a, b, 0, 1, 16, 17, 4, 5, 20, 21, 8, 9, 24, 25, 12, 13, 28, 29)
#define LAST_HALVES(a, b) __builtin_shufflevector(a, b, 2, 3, 18, 19, 6, 7, 22, 23, 10, 11, 26, 27, 14, 15, 30, 31)
    const All low_a = LOW_PAIRS(row[0], row[1]), low_b = LOW_PAIRS(row[2], row[3]);
    const All high_a = HIGH_PAIRS(row[0], row[1]), high_b = HIGH_PAIRS(row[2], row[3]);
    *(All*)out[0] = FIRST_HALVES(low_a, low_b);
    *(All*)out[1] = LAST_HALVES(low_a, low_b);
    *(All*)out[2] = FIRST_HALVES(high_a, high_b);
    *(All*)out[3] = LAST_HALVES(high_a, high_b);
#undef LOW_PAIRS
#undef HIGH_PAIRS
#undef FIRST_HALVES
#undef LAST_HALVES
#endif
};
