// Pixels are worked on LANES at a time: a vector unit's worth on a CPU, one on a GPU. What is written once for each lane
// becomes vector instructions, so it has selections instead of branches, and arrays of LANES instead of values.
#if defined(__CUDA_ARCH__)
constexpr int LANES = 1;
#define INLINE
#define EACH_LANE for (int l = 0; l < LANES; ++l)
#define AHEAD(address)
#else
constexpr int LANES = 16;
#define INLINE __attribute__((always_inline))
#define EACH_LANE \
    _Pragma("clang loop vectorize(assume_safety) vectorize_width(16) interleave(disable) unroll(disable)") \
    for (int l = 0; l < LANES; ++l)
#define AHEAD(address) __builtin_prefetch(address)  // asks for what is read soon
#endif
typedef float Floats[LANES];
typedef int Ints[LANES];

auto most = [&](float a, float b) INLINE { return a > b ? a : b; };
auto least = [&](float a, float b) INLINE { return a < b ? a : b; };
auto clamped = [&](float value, float low, float high) INLINE {
    const float risen = value > low ? value : low;
    return risen < high ? risen : high;
};
auto clamped_index = [&](int value, int high) INLINE {
    const int risen = value > 0 ? value : 0;
    return risen < high ? risen : high;
};
auto size_of = [&](float value) INLINE { return value < 0.0f ? -value : value; };
