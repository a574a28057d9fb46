/* Numbers as whole numbers of 16 bits, and sums of their products, on processors with AVX2. */
#include <immintrin.h>
#define FOR_AVX2 __attribute__((target("arch=x86-64-v3")))
#define FAST static inline FOR_AVX2 __attribute__((always_inline))

/* Most rows of a tile. */
#define ROWS 6
/* Length of a row in whole numbers, which none of its numbers can pass, and the most of one. */
#define LENGTH 32760.0f
#define MOST 32766.0f

/* The length that a column of `depth` weights may have beside such rows: rounding adds half of
 * sqrt(depth) to both. */
FAST float column_length(int64_t depth)
{
    const double half = 0.5 * sqrt((double)depth) + 1;
    return (float)(2147483000.0 / (LENGTH + half) - half);
}

/* sixteen numbers, scaled and rounded */
FAST void round16(const float *from, float scale, int16_t *to)
{
    const lane_t one = *(const loose_t *)from * scale, two = *(const loose_t *)(from + 8) * scale;
    const __m256i both = _mm256_packs_epi32(
        _mm256_cvtps_epi32((__m256)one), _mm256_cvtps_epi32((__m256)two));
    _mm256_storeu_si256((__m256i *)to, _mm256_permute4x64_epi64(both, 0xd8));
}

FAST void add_square(lane_t x, lane_t *squares, lane_t *most)
{
    const lane_t size = (lane_t)((ilane_t)x & 0x7fffffff);
    *squares += x * x;
    *most = (lane_t)_mm256_max_ps((__m256)*most, (__m256)size);
}

/* What brings numbers to a length, none of them beyond MOST; `unit` is what one then stands for. */
FAST float to_length(float square, float most, float length, float *unit)
{
    const float own = sqrtf(square), scale = length / own;
    *unit = own / length;
    if (own < 1e-30f || !isfinite(own)) {
        *unit = own < 1e-30f ? 0 : NAN;
        return 0;
    }
    if (most * scale <= MOST)
        return scale;
    *unit = most / MOST;
    return MOST / most;
}

/* ---- sums of products ------------------------------------------------------------------- */

/* Sums over `steps` times four pairs of numbers, for six rows of `left` and two vectors of columns
 * of a panel (step, pair, column, 2), or for three rows and three vectors. Rows of `left` and of
 * `sums` are `apart` and `wide` bytes apart.
 * By hand: a compiler adds products up before it adds them to the sums, and then has not enough
 * registers for a loop whose sums take twelve of sixteen.
 */
#define CLEAR(sum) "vpxor %%ymm" sum ", %%ymm" sum ", %%ymm" sum "\n\t"
#define STORE(row, one, two) \
    "vmovdqu %%ymm" one ", " row "\n\tvmovdqu %%ymm" two ", 32" row "\n\t"
#define RIGHT(place, vector) "vmovdqu " place "(%[panel]), %%ymm" vector "\n\t"
#define LEFT(place, row) "vpbroadcastd " place row ", %%ymm14\n\t"
#define ADD_TO(sum, vector) \
    "vpmaddwd %%ymm" vector ", %%ymm14, %%ymm15\n\tvpaddd %%ymm15, %%ymm" sum ", %%ymm" sum "\n\t"
#define ROW_1 "(%[left])"
#define ROW_2 "(%[left], %[apart])"
#define ROW_3 "(%[left], %[apart], 2)"
#define ROW_4 "(%[lower])"
#define ROW_5 "(%[lower], %[apart])"
#define ROW_6 "(%[lower], %[apart], 2)"
#define CHANGED \
    "memory", "cc", "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", \
        "xmm9", "xmm10", "xmm11", "xmm12", "xmm13", "xmm14", "xmm15"

#define PAIR_6_2(place, one, two) \
    RIGHT(one, "12") RIGHT(two, "13") \
    LEFT(place, ROW_1) ADD_TO("0", "12") ADD_TO("1", "13") \
    LEFT(place, ROW_2) ADD_TO("2", "12") ADD_TO("3", "13") \
    LEFT(place, ROW_3) ADD_TO("4", "12") ADD_TO("5", "13") \
    LEFT(place, ROW_4) ADD_TO("6", "12") ADD_TO("7", "13") \
    LEFT(place, ROW_5) ADD_TO("8", "12") ADD_TO("9", "13") \
    LEFT(place, ROW_6) ADD_TO("10", "12") ADD_TO("11", "13")

FAST void sums_6_2(
    const int16_t *left, int64_t apart, const int16_t *panel, int64_t steps, int32_t *sums,
    int64_t wide)
{
    const char *lower = (const char *)left + 3 * apart;
    char *below = (char *)sums + 3 * wide;
    __asm__ volatile(
        CLEAR("0") CLEAR("1") CLEAR("2") CLEAR("3") CLEAR("4") CLEAR("5")
        CLEAR("6") CLEAR("7") CLEAR("8") CLEAR("9") CLEAR("10") CLEAR("11")
        ".p2align 6\n1:\n\t"
        PAIR_6_2("0", "0", "32") PAIR_6_2("4", "64", "96")
        PAIR_6_2("8", "128", "160") PAIR_6_2("12", "192", "224")
        "add $256, %[panel]\n\tadd $16, %[left]\n\tadd $16, %[lower]\n\t"
        "dec %[steps]\n\tjnz 1b\n\t"
        STORE("(%[sums])", "0", "1") STORE("(%[sums], %[wide])", "2", "3")
        STORE("(%[sums], %[wide], 2)", "4", "5") STORE("(%[below])", "6", "7")
        STORE("(%[below], %[wide])", "8", "9") STORE("(%[below], %[wide], 2)", "10", "11")
        : [panel] "+r"(panel), [left] "+r"(left), [lower] "+r"(lower), [steps] "+r"(steps)
        : [apart] "r"(apart), [sums] "r"(sums), [below] "r"(below), [wide] "r"(wide)
        : CHANGED);
}

#define PAIR_3_3(place, one, two, three) \
    RIGHT(one, "11") RIGHT(two, "12") RIGHT(three, "13") \
    LEFT(place, ROW_1) ADD_TO("0", "11") ADD_TO("1", "12") ADD_TO("2", "13") \
    LEFT(place, ROW_2) ADD_TO("3", "11") ADD_TO("4", "12") ADD_TO("5", "13") \
    LEFT(place, ROW_3) ADD_TO("6", "11") ADD_TO("7", "12") ADD_TO("8", "13")

FAST void sums_3_3(
    const int16_t *left, int64_t apart, const int16_t *panel, int64_t steps, int32_t *sums,
    int64_t wide)
{
    __asm__ volatile(
        CLEAR("0") CLEAR("1") CLEAR("2") CLEAR("3") CLEAR("4") CLEAR("5")
        CLEAR("6") CLEAR("7") CLEAR("8")
        ".p2align 6\n1:\n\t"
        PAIR_3_3("0", "0", "32", "64") PAIR_3_3("4", "96", "128", "160")
        PAIR_3_3("8", "192", "224", "256") PAIR_3_3("12", "288", "320", "352")
        "add $384, %[panel]\n\tadd $16, %[left]\n\tdec %[steps]\n\tjnz 1b\n\t"
        STORE("(%[sums])", "0", "1") STORE("(%[sums], %[wide])", "3", "4")
        STORE("(%[sums], %[wide], 2)", "6", "7") "vmovdqu %%ymm2, 64(%[sums])\n\t"
        "vmovdqu %%ymm5, 64(%[sums], %[wide])\n\tvmovdqu %%ymm8, 64(%[sums], %[wide], 2)\n\t"
        : [panel] "+r"(panel), [left] "+r"(left), [steps] "+r"(steps)
        : [apart] "r"(apart), [sums] "r"(sums), [wide] "r"(wide)
        : CHANGED);
}

/* The same for one row of two vectors: what is left over. */
FAST void sums_1_2(const int16_t *left, const int16_t *panel, int64_t steps, int32_t *sums)
{
    __m256i one = _mm256_setzero_si256(), two = one;
    for (int64_t i = 0; i < 4 * steps; i++) {
        int32_t pair;
        memcpy(&pair, left + 2 * i, sizeof pair);
        const __m256i both = _mm256_set1_epi32(pair);
        const __m256i *right = (const __m256i *)(panel + i * 2 * PANEL);
        one = _mm256_add_epi32(one, _mm256_madd_epi16(both, _mm256_loadu_si256(right)));
        two = _mm256_add_epi32(two, _mm256_madd_epi16(both, _mm256_loadu_si256(right + 1)));
    }
    _mm256_storeu_si256((__m256i *)sums, one);
    _mm256_storeu_si256((__m256i *)(sums + LANES), two);
}

FAST lane_t as_float(const int32_t *whole)
{
    return (lane_t)_mm256_cvtepi32_ps(_mm256_loadu_si256((const __m256i *)whole));
}
