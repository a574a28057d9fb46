/* What the two kinds of a transformer's compiled blocks share: float32 and whole numbers. */
#include "module.h"

#define LANES 8
typedef float lane_t __attribute__((vector_size(LANES * 4)));
typedef int32_t ilane_t __attribute__((vector_size(LANES * 4)));
typedef float short_t __attribute__((vector_size(16), aligned(4)));
typedef float loose_t __attribute__((vector_size(LANES * 4), aligned(4)));

#define PANEL (2 * LANES)
#define DEPTH 320 /* numbers of a row that are summed at once: a panel of so many stays near */
#define BLOCK 96  /* rows that go through all panels together */

/* ---- a block but for its attention ------------------------------------------------------ */

typedef struct {
    const void *panels;  /* weights as the loops read them, see seqgen_pack and seqgen_pack16 */
    const float *scales; /* (parts of DEPTH numbers of `in`, out) of whole numbers */
    const float *bias;   /* (out) */
    int64_t in, out;
    int64_t stride; /* from one row of the result to the next */
} dense_t;

/* The result is left W' + b, gelu of it, more by it, or more by left W'. */
enum { SET, GELU, ADD, MORE };

typedef struct {
    const float *weight, *bias; /* (width) */
    double added;               /* to the variance */
} norm_t;

/* A block but for its attention: what attention gave goes through `out` to the rows that run
 * along, `narrow` of gelu of `wide` of these, normalised, is added to them, and the next block's
 * queries, keys and values are made of that, normalised. Steps whose columns are 0 are left out.
 */
typedef struct {
    float *hidden;      /* (rows, width) */
    const float *mixed; /* (rows, width) */
    float *queries;     /* (rows, joined) */
    int64_t width;
    dense_t out;
    norm_t before;
    dense_t wide, narrow;
    norm_t next;
    dense_t joined;
} block_t;

/* x times the normal distribution function, of absolute error 2e-7 |x|: erf(x / sqrt(2)) is a
 * ratio of polynomials of least largest error on [-5.6, 5.6], beyond which it is 1 in float32.
 */
INLINE lane_t gelu(lane_t x)
{
    const lane_t u = x * x;
    lane_t p = u * 4.4290765e-8f + 1.2713053e-5f, q = u * 1.1802136e-6f + 7.5101656e-5f;
    p = p * u + 3.4769974e-4f;
    q = q * u + 1.9129732e-3f;
    p = p * u + 9.4145080e-3f;
    q = q * u + 2.8940039e-2f;
    p = p * u + 6.8752043e-2f;
    q = q * u + 2.5283360e-1f;
    p = p * u + 7.9788446e-1f;
    q = q * u + 1.0f;
    const ilane_t inside = u < (lane_t){0} + 5.6f * 5.6f;
    const lane_t half = x * 0.5f, more = half * (x * p / q);
    const ilane_t most = (ilane_t)half & 0x7fffffff; /* |x| / 2 */
    return half + (lane_t)(((ilane_t)more & inside) | (most & ~inside));
}

/* Rows of `width` numbers less their mean over their standard deviation, times weights. */
INLINE void normalise(
    const norm_t *norm, const float *from, int64_t rows, int64_t width, float *to)
{
    for (int64_t row = 0; row < rows; row++, from += width, to += width) {
        lane_t sum = {0}, square = {0};
        for (int64_t i = 0; i < width; i += LANES)
            sum += *(const loose_t *)(from + i);
        float mean = 0, variance = 0;
        for (int k = 0; k < LANES; k++)
            mean += sum[k] / width;
        for (int64_t i = 0; i < width; i += LANES) {
            const lane_t off = *(const loose_t *)(from + i) - mean;
            square += off * off;
        }
        for (int k = 0; k < LANES; k++)
            variance += square[k] / width;
        const float scale = 1.0f / sqrtf(variance + (float)norm->added);
        for (int64_t i = 0; i < width; i += LANES)
            *(loose_t *)(to + i) = (*(const loose_t *)(from + i) - mean) * scale
                * *(const loose_t *)(norm->weight + i) + *(const loose_t *)(norm->bias + i);
    }
}

/* ---- attention -------------------------------------------------------------------------- */

typedef struct {
    const float *joined;        /* (sequences, length, 3, heads, width) */
    const float *cosine, *sine; /* (length, width / 2), or null: nothing is turned */
    const int64_t *at;          /* (sequences) the one token that asks, or null: all do */
    float *out;                 /* (sequences, tokens that ask, heads, width) */
    int64_t length, heads, width;
} attention_t;

#define AHEAD 8 /* tokens: those of a head are too far apart for a processor to foresee */

#define MAGIC 12582912.0f /* 1.5 * 2^23: adding it rounds to a whole number in the lowest bits */

/* A query (part 0) or key (part 1) of a token, turned by its place, times `scale`; returns its
 * squared length. */
INLINE float turned(
    const attention_t *a, int64_t sequence, int64_t token, int64_t part, int64_t head,
    const int64_t width, float scale, float *to)
{
    const int64_t half = width / 2;
    const float *from = a->joined
        + (((sequence * a->length + token) * 3 + part) * a->heads + head) * width;
    for (int64_t d = 0; d < width; d += 16)
        __builtin_prefetch(from + AHEAD * 3 * a->heads * width + d);
    const float *cosine = a->cosine + token * half, *sine = a->sine + token * half;
    short_t square = {0};
    for (int64_t d = 0; d < half; d += 4) {
        short_t one = *(const short_t *)(from + d), other = *(const short_t *)(from + d + half);
        if (a->cosine) {
            const short_t c = *(const short_t *)(cosine + d), s = *(const short_t *)(sine + d);
            const short_t before = one;
            one = one * c - other * s;
            other = other * c + before * s;
        }
        *(short_t *)(to + d) = one *= scale;
        *(short_t *)(to + d + half) = other *= scale;
        square += one * one + other * other;
    }
    return (square[0] + square[1]) + (square[2] + square[3]);
}
