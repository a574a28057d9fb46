/* The blocks of a transformer that see all tokens: products with weights, and attention of short
 * heads, softmax(Q K' / sqrt(d)) V, whose queries and keys are turned as they are read. Plain C
 * without threads of its own, see kernels.c; built without -ffast-math, for the exponential below
 * relies on the order of additions.
 */
#include "transformer.h"

/* One build serves old and new processors, see kernels.c. Without fused multiplication and
 * addition all this is slower than the libraries, so callers ask whether there is.
 */
#if defined(__x86_64__) && defined(__GLIBC__) && defined(__GNUC__) && !defined(__clang__) \
    && __GNUC__ >= 12
#define WIDEST __attribute__((target_clones("arch=x86-64-v3", "default")))
#define FUSED 1
#else
#define WIDEST
#ifdef __FMA__
#define FUSED 1
#else
#define FUSED 0
#endif
#endif

/* A tile of ROWS x 2 vectors leaves four of sixteen registers for what is multiplied. */
#define ROWS 6

EXPORT const int64_t seqgen_fast = FUSED;

/* ---- products with weights -------------------------------------------------------------- */

/* Weights (out, in) by panels of columns, each number beside those it is used with. */
EXPORT WIDEST void seqgen_pack(
    const float *weight, int64_t in, int64_t begin, int64_t end, float *panels)
{
    for (int64_t panel = begin; panel < end; panel++)
        for (int64_t c = 0; c < PANEL; c += 4) {
            const float *from = weight + (panel * PANEL + c) * in;
            float *to = panels + panel * PANEL * in + c;
            int64_t i = 0;
            for (; i + 4 <= in; i += 4) {
                const short_t one = *(const short_t *)(from + i);
                const short_t two = *(const short_t *)(from + in + i);
                const short_t three = *(const short_t *)(from + 2 * in + i);
                const short_t four = *(const short_t *)(from + 3 * in + i);
                for (int k = 0; k < 4; k++) {
                    const short_t across = {one[k], two[k], three[k], four[k]};
                    *(short_t *)(to + (i + k) * PANEL) = across;
                }
            }
            for (; i < in; i++)
                for (int k = 0; k < 4; k++)
                    to[i * PANEL + k] = from[k * in + i];
        }
}

/* Rows of a tile, numbers [from, to) of the sums; `left` starts at `from`. */
INLINE void tile(
    const int rows, const dense_t *d, const float *left, int64_t apart, float *result,
    int64_t column, int64_t from, int64_t to, const int kind)
{
    const float *panel = (const float *)d->panels + column * d->in + from * PANEL;
    lane_t sum[ROWS][2] = {{{0}}};
#pragma GCC unroll 4
    for (int64_t i = 0; i < to - from; i++) {
        const lane_t *right = (const lane_t *)(panel + i * PANEL);
        for (int r = 0; r < rows; r++)
            for (int v = 0; v < 2; v++)
                sum[r][v] += left[r * apart + i] * right[v];
    }
    const int bend = kind == GELU && to == d->in;
    for (int r = 0; r < rows; r++)
        for (int v = 0; v < 2; v++) {
            /* What is large comes last: each addition rounds by the size of the sum. */
            loose_t *place = (loose_t *)(result + r * d->stride + v * LANES);
            if (!from)
                sum[r][v] += *(const loose_t *)(d->bias + column + v * LANES);
            if (from || kind == ADD)
                sum[r][v] += *place;
            *place = bend ? gelu(sum[r][v]) : sum[r][v];
        }
}

/* Columns [begin, end) of all rows, by numbers [from, to) of the sums; see `tile`. */
INLINE void part(
    const dense_t *d, int64_t rows, const float *left, int64_t apart, float *result,
    int64_t begin, int64_t end, int64_t from, int64_t to, const int kind)
{
    const int64_t whole = rows / ROWS * ROWS;
    for (int64_t column = begin; column < end; column += PANEL) {
        float *here = result + column - begin;
        for (int64_t row = 0; row < whole; row += ROWS)
            tile(ROWS, d, left + row * apart, apart, here + row * d->stride, column, from, to,
                 kind);
        for (int64_t row = whole; row < rows; row++)
            tile(1, d, left + row * apart, apart, here + row * d->stride, column, from, to, kind);
    }
}

INLINE void dense(
    const dense_t *d, int64_t rows, const float *left, float *result, int64_t begin, int64_t end,
    const int kind)
{
    const int64_t parts = (d->in + DEPTH - 1) / DEPTH;
    for (int64_t k = 0; k < parts; k++) {
        const int64_t from = k * d->in / parts, to = (k + 1) * d->in / parts;
        part(d, rows, left + from, d->in, result, begin, end, from, to, kind);
    }
}

/* Rows [begin, end) of a block, some at a time, so that what is between stays in cache. Returns 1
 * where memory is short, else 0.
 */
EXPORT WIDEST int64_t seqgen_run_block(const block_t *b, int64_t begin, int64_t end)
{
    float *normed = malloc(BLOCK * (b->width + DEPTH) * sizeof(float));
    if (!normed)
        return 1;
    float *between = normed + BLOCK * b->width;
    for (int64_t row = begin; row < end; row += BLOCK) {
        const int64_t rows = end - row < BLOCK ? end - row : BLOCK;
        float *hidden = b->hidden + row * b->width;
        if (b->out.out)
            dense(&b->out, rows, b->mixed + row * b->out.in, hidden, 0, b->out.out, ADD);
        if (b->wide.out) {
            normalise(&b->before, hidden, rows, b->width, normed);
            for (int64_t from = 0; from < b->wide.out; from += DEPTH) {
                const int64_t to = from + DEPTH < b->wide.out ? from + DEPTH : b->wide.out;
                dense(&b->wide, rows, normed, between, from, to, GELU);
                part(&b->narrow, rows, between, DEPTH, hidden, 0, b->width, from, to, ADD);
            }
        }
        if (b->joined.out) {
            normalise(&b->next, hidden, rows, b->width, normed);
            dense(&b->joined, rows, normed, b->queries + row * b->joined.stride, 0, b->joined.out,
                  SET);
        }
    }
    free(normed);
    return 0;
}

/* ---- attention -------------------------------------------------------------------------- */

#define FAR 1e6f          /* whole numbers above some four million do not fit there */

/* 2^(x - less) for a whole number `less` and x <= less + 1, of relative error 2e-7; 0 where that
 * is below 2^-126. The difference is of whole numbers alone, so that nothing of x is rounded.
 */
INLINE lane_t power_of_two(lane_t x, float less)
{
    const ilane_t below = x < (lane_t){0} + (less - 126.0f);
    const float magic = MAGIC - less;
    const lane_t shifted = x + magic;
    const lane_t r = x - (shifted - magic);
    lane_t p = r * 1.3276470e-3f + 9.6755416e-3f;
    p = p * r + 5.5507133e-2f;
    p = p * r + 2.4022120e-1f;
    p = p * r + 6.9314697e-1f;
    p = p * r + 1.0000001f;
    return (lane_t)(((ilane_t)p + ((ilane_t)shifted << 23)) & ~below);
}

/* start + (rows x depth) times a panel (depth x vectors * LANES), all sums in registers. */
INLINE void product(
    const int rows, const int vectors, const float *start, const float *left, int64_t left_stride,
    const float *panel, int64_t depth, float *out, int64_t out_stride)
{
    lane_t sum[ROWS][3];
    for (int r = 0; r < rows; r++)
        for (int v = 0; v < vectors; v++)
            sum[r][v] = (lane_t){0} + start[r];
#pragma GCC unroll 4
    for (int64_t d = 0; d < depth; d++) {
        const lane_t *right = (const lane_t *)(panel + d * vectors * LANES);
        for (int r = 0; r < rows; r++)
            for (int v = 0; v < vectors; v++)
                sum[r][v] += left[r * left_stride + d] * right[v];
    }
    for (int r = 0; r < rows; r++)
        for (int v = 0; v < vectors; v++)
            *(lane_t *)(out + r * out_stride + v * LANES) = sum[r][v];
}

/* Scores 2^(start + Q K' - less) of rows; returns whether a row's sum is too small to trust. */
INLINE int score(
    const int rows, const int vectors, const int64_t width, const float *start, const float *less,
    const float *queries, const float *keys, int64_t length, float *scores, float *sums)
{
    const int64_t columns = vectors * LANES, padded = (length + columns - 1) / columns * columns;
    int small = 0;
    for (int64_t k = 0; k < padded; k += columns)
        product(rows, vectors, start, queries, width, keys + k * width, width, scores + k, padded);
    for (int r = 0; r < rows; r++) {
        for (int64_t k = length; k < padded; k++)
            scores[r * padded + k] = -1e30f;
        lane_t *x = (lane_t *)(scores + r * padded), sum = {0};
        for (int64_t k = 0; k < padded / LANES; k++) {
            x[k] = power_of_two(x[k], less[r]);
            sum += x[k];
        }
        sums[r] = 0;
        for (int k = 0; k < LANES; k++)
            sums[r] += sum[k];
        small |= !(sums[r] > 0x1p-60f);
    }
    return small;
}

/* Each row's largest score, as what starts it or what is taken off after. */
INLINE void largest(
    const int rows, const int64_t width, const float *queries, const float *keys, int64_t columns,
    int64_t length, float *start, float *less)
{
    for (int r = 0; r < rows; r++) {
        float most = -INFINITY;
        for (int64_t k = 0; k < length; k++) {
            const float *key = keys + k / columns * columns * width + k % columns;
            float sum = 0;
            for (int64_t d = 0; d < width; d++)
                sum += queries[r * width + d] * key[d * columns];
            most = sum > most ? sum : most;
        }
        const int far = !(fabsf(most) < FAR);
        start[r] = far ? -most : 0;
        less[r] = far ? 0 : (most + MAGIC) - MAGIC;
    }
}

/* One head of one sequence. Keys lie in panels of `rows x vectors` products: (panel, width,
 * columns); values likewise, (panel, length, columns).
 */
INLINE void attend(
    const attention_t *a, int64_t item, const int rows, const int vectors, const int64_t width,
    float *room)
{
    const int64_t length = a->length, columns = vectors * LANES;
    const int64_t sequence = item / a->heads, head = item % a->heads;
    const int64_t padded = (length + columns - 1) / columns * columns;
    float *keys = room, *values = keys + padded * width, *scores = values + padded * width;
    float *queries = scores + rows * padded, *mixed = queries + rows * width;
    float *one = mixed + rows * width;
    const float scale = 1.44269504f / sqrtf((float)width); /* powers of two, not of e */
    const float nothing[ROWS] = {0};

    float longest = 0;
    for (int64_t k = 0; k < padded; k++) {
        float *key = keys + k / columns * columns * width + k % columns;
        float square = 0;
        if (k < length)
            square = turned(a, sequence, k, 1, head, width, 1.0f, one);
        else
            memset(one, 0, width * sizeof(float));
        longest = square > longest ? square : longest;
        for (int64_t d = 0; d < width; d++)
            key[d * columns] = one[d];
    }
    for (int64_t k = 0; k < length; k++) {
        const float *from = a->joined
            + (((sequence * length + k) * 3 + 2) * a->heads + head) * width;
        for (int64_t d = 0; d < width; d += 16)
            __builtin_prefetch(from + AHEAD * 3 * a->heads * width + d);
        for (int64_t d = 0; d < width; d += columns)
            memcpy(values + d * length + k * columns, from + d, columns * sizeof(float));
    }
    const int64_t asked = a->at ? 1 : length;
    for (int64_t first = 0; first < asked; first += rows) {
        const int64_t here = asked - first < rows ? asked - first : rows;
        float start[ROWS] = {0}, less[ROWS] = {0}, sums[ROWS];
        int far = 0;
        memset(queries, 0, rows * width * sizeof(float));
        /* No score is above |q| |k|, which does for the softmax unless all are far below. */
        for (int64_t r = 0; r < here; r++) {
            const float bound = sqrtf(longest * turned(
                a, sequence, a->at ? a->at[sequence] : first + r, 0, head, width, scale,
                queries + r * width));
            far |= !(bound < FAR);
            less[r] = (bound + MAGIC) - MAGIC;
        }
        if (far || score(rows, vectors, width, start, less, queries, keys, length, scores, sums)) {
            largest(rows, width, queries, keys, columns, length, start, less);
            score(rows, vectors, width, start, less, queries, keys, length, scores, sums);
        }
        for (int64_t d = 0; d < width; d += columns)
            product(rows, vectors, nothing, scores, padded, values + d * length, length,
                    mixed + d, width);
        for (int64_t r = 0; r < here; r++) {
            float *to = a->out + ((sequence * asked + first + r) * a->heads + head) * width;
            const float share = 1.0f / sums[r];
            for (int64_t d = 0; d < width; d++)
                to[d] = mixed[r * width + d] * share;
        }
    }
}

/* Heads [begin, end) of all sequences' heads in a row; of 16, 24, 32 or 64 numbers. Returns 1
 * where memory is short, else 0.
 */
EXPORT WIDEST int64_t seqgen_run_attention(const attention_t *a, int64_t begin, int64_t end)
{
    const int64_t padded = a->length + 24;
    const size_t size = (2 * padded * a->width + ROWS * padded + (2 * ROWS + 1) * a->width + 64)
        * sizeof(float);
    char *memory = malloc(size);
    if (!memory)
        return 1;
    /* Whole cache lines. */
    float *room = (float *)(((uintptr_t)memory + 63) & ~(uintptr_t)63);
    for (int64_t item = begin; item < end; item++) {
        if (a->width == 16)
            attend(a, item, 6, 2, 16, room);
        else if (a->width == 24)
            attend(a, item, 4, 3, 24, room);
        else if (a->width == 32)
            attend(a, item, 6, 2, 32, room);
        else
            attend(a, item, 6, 2, 64, room);
    }
    free(memory);
    return 0;
}

/* Python loads an extension by this; its functions are called through ctypes. */
static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "_transformer", NULL, -1, NULL,
                                    NULL, NULL, NULL, NULL};

PyMODINIT_FUNC PyInit__transformer(void)
{
    return PyModule_Create(&module);
}
