/* The blocks of a transformer in whole numbers of 16 bits, whose products processors of 256-bit
 * vectors add up at one and a half times the rate of float32. Each row of numbers is scaled by
 * its length, each column of weights by its own, so that no sum of products passes 32 bits
 * (|a b| <= |a| |b|); what they lose by rounding is some 2e-4 of a product's size. Everything
 * between two products is float32. Plain C, see transformer.c.
 */
#include "transformer.h"

/* One version alone: without these instructions float32 is faster, so callers ask for them. */
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && __GNUC__ >= 12
#define WHOLE 1
#else
#define WHOLE 0
#endif

EXPORT const int64_t seqgen_fast = WHOLE;

#if WHOLE
#include "sums_int16.h"

/* ---- products with weights -------------------------------------------------------------- */

/* Weights (out, in) of panels [begin, end), sums of DEPTH numbers apart: (part, panel, pair,
 * column, 2), and what their columns' whole numbers are to be multiplied by, (part, out).
 */
EXPORT FOR_AVX2 void seqgen_pack16(
    const float *weight, int64_t in, int64_t out, int64_t begin, int64_t end, int16_t *panels,
    float *scales)
{
    int16_t whole[DEPTH];
    for (int64_t from = 0, part = 0; from < in; from += DEPTH, part++) {
        const int64_t depth = in - from < DEPTH ? in - from : DEPTH;
        const float longest = column_length(depth);
        for (int64_t column = begin * PANEL; column < end * PANEL; column++) {
            const float *w = weight + column * in + from;
            lane_t squares = {0}, most = {0};
            for (int64_t i = 0; i < depth; i += LANES)
                add_square(*(const loose_t *)(w + i), &squares, &most);
            float square = 0, top = 0;
            for (int k = 0; k < LANES; k++) {
                square += squares[k];
                top = most[k] > top ? most[k] : top;
            }
            const float scale = to_length(square, top, longest, scales + part * out + column);
            for (int64_t i = 0; i < depth; i += 2 * LANES)
                round16(w + i, scale, whole + i);
            int16_t *to = panels + from * out + column / PANEL * PANEL * depth + column % PANEL * 2;
            for (int64_t i = 0; i < depth; i += 2)
                memcpy(to + i * PANEL, whole + i, 2 * sizeof(int16_t));
        }
    }
}

typedef struct {
    int16_t *numbers; /* (rows, apart) */
    float *scales;    /* (parts, BLOCK): what a part of a row is to be multiplied by */
    int64_t apart;
} rows_t;

/* Numbers [from, from + depth) of a row, as part `part` of row `row` of `to`. */
FAST void shorten(const float *x, int64_t from, int64_t depth, const rows_t *to, int64_t row)
{
    lane_t squares = {0};
    for (int64_t i = 0; i < depth; i += LANES) {
        const lane_t one = *(const loose_t *)(x + i);
        squares += one * one;
    }
    float square = 0;
    for (int k = 0; k < LANES; k++)
        square += squares[k];
    const float length = sqrtf(square), scale = length > 1e-30f ? LENGTH / length : 0;
    to->scales[from / DEPTH * BLOCK + row] = length / LENGTH;
    for (int64_t i = 0; i < depth; i += 2 * LANES)
        round16(x + i, scale, to->numbers + row * to->apart + from + i);
}

FAST void shorten_all(const float *x, int64_t width, const rows_t *to, int64_t row)
{
    for (int64_t from = 0; from < width; from += DEPTH)
        shorten(x + from, from, width - from < DEPTH ? width - from : DEPTH, to, row);
}

/* Rows [row, row + rows) of a tile by part `part` of the sums. */
FAST void tile(
    const int rows, const dense_t *d, const rows_t *left, int64_t row, float *result,
    int64_t column, int64_t part, const int kind)
{
    const int64_t from = part * DEPTH, depth = d->in - from < DEPTH ? d->in - from : DEPTH;
    const float *scales = d->scales + part * d->out + column;
    const int16_t *numbers = left->numbers + row * left->apart + from;
    const int16_t *panel = (const int16_t *)d->panels + from * d->out + column * depth;
    int32_t sums[ROWS * PANEL];
    if (rows == ROWS)
        sums_6_2(numbers, 2 * left->apart, panel, depth / 8, sums, 4 * PANEL);
    else
        sums_1_2(numbers, panel, depth / 8, sums);
    const int bend = kind == GELU && from + depth == d->in;
    for (int r = 0; r < rows; r++)
        for (int v = 0; v < 2; v++) {
            loose_t *place = (loose_t *)(result + r * d->stride + v * LANES);
            lane_t found = as_float(sums + r * PANEL + v * LANES)
                * (*(const loose_t *)(scales + v * LANES) * left->scales[part * BLOCK + row + r]);
            if (!part && kind != MORE)
                found += *(const loose_t *)(d->bias + column + v * LANES);
            if (part || kind == ADD || kind == MORE)
                found += *place;
            *place = bend ? gelu(found) : found;
        }
}

/* Columns [begin, end) of all rows, by part `part` of the sums. */
FAST void columns16(
    const dense_t *d, int64_t rows, const rows_t *left, float *result, int64_t begin, int64_t end,
    int64_t part, const int kind)
{
    const int64_t whole = rows / ROWS * ROWS;
    for (int64_t column = begin; column < end; column += PANEL) {
        float *here = result + column - begin;
        for (int64_t row = 0; row < whole; row += ROWS)
            tile(ROWS, d, left, row, here + row * d->stride, column, part, kind);
        for (int64_t row = whole; row < rows; row++)
            tile(1, d, left, row, here + row * d->stride, column, part, kind);
    }
}

FAST void dense(
    const dense_t *d, int64_t rows, const rows_t *left, float *result, int64_t begin, int64_t end,
    const int kind)
{
    for (int64_t part = 0; part * DEPTH < d->in; part++)
        columns16(d, rows, left, result, begin, end, part, kind);
}

/* As in transformer.c; a step's weights are packed by seqgen_pack16. */
EXPORT FOR_AVX2 int64_t seqgen_run_block(const block_t *b, int64_t begin, int64_t end)
{
    const int64_t parts = b->width / DEPTH + 1;
    float *one = malloc((b->width + BLOCK * (DEPTH + parts + 1)) * sizeof(float)
                        + BLOCK * (b->width + DEPTH) * sizeof(int16_t));
    if (!one)
        return 1;
    float *between = one + b->width, *scales = between + BLOCK * DEPTH;
    int16_t *numbers = (int16_t *)(scales + BLOCK * (parts + 1));
    const rows_t left = {numbers, scales, b->width};
    const rows_t bent = {numbers + BLOCK * b->width, scales + BLOCK * parts, DEPTH};
    for (int64_t row = begin; row < end; row += BLOCK) {
        const int64_t rows = end - row < BLOCK ? end - row : BLOCK;
        float *hidden = b->hidden + row * b->width;
        if (b->out.out) {
            for (int64_t r = 0; r < rows; r++)
                shorten_all(b->mixed + (row + r) * b->width, b->width, &left, r);
            dense(&b->out, rows, &left, hidden, 0, b->out.out, ADD);
        }
        if (b->wide.out) {
            for (int64_t r = 0; r < rows; r++) {
                normalise(&b->before, hidden + r * b->width, 1, b->width, one);
                shorten_all(one, b->width, &left, r);
            }
            for (int64_t from = 0; from < b->wide.out; from += DEPTH) {
                const int64_t to = from + DEPTH < b->wide.out ? from + DEPTH : b->wide.out;
                dense(&b->wide, rows, &left, between, from, to, GELU);
                for (int64_t r = 0; r < rows; r++)
                    shorten(between + r * DEPTH, 0, to - from, &bent, r);
                const dense_t narrow = {
                    (const int16_t *)b->narrow.panels + from * b->width,
                    b->narrow.scales + from / DEPTH * b->width, b->narrow.bias,
                    to - from, b->width, b->narrow.stride,
                };
                if (from)
                    columns16(&narrow, rows, &bent, hidden, 0, b->width, 0, MORE);
                else
                    columns16(&narrow, rows, &bent, hidden, 0, b->width, 0, ADD);
            }
        }
        if (b->joined.out) {
            for (int64_t r = 0; r < rows; r++) {
                normalise(&b->next, hidden + r * b->width, 1, b->width, one);
                shorten_all(one, b->width, &left, r);
            }
            dense(&b->joined, rows, &left, b->queries + row * b->joined.stride, 0, b->joined.out,
                  SET);
        }
    }
    free(one);
    return 0;
}

/* ---- attention -------------------------------------------------------------------------- */

/* A key's or query's numbers in pairs, each `apart` numbers from the one before. */
FAST void spread(const float *from, const int64_t width, float scale, int16_t *to, int64_t apart)
{
    int16_t whole[64];
    for (int64_t d = 0; d < width; d += LANES) {
        const __m256i eight = _mm256_cvtps_epi32((__m256)(*(const loose_t *)(from + d) * scale));
        _mm_storeu_si128(
            (__m128i *)(whole + d),
            _mm_packs_epi32(_mm256_castsi256_si128(eight), _mm256_extracti128_si256(eight, 1)));
    }
    for (int64_t d = 0; d < width; d += 2)
        memcpy(to + d / 2 * apart, whole + d, 2 * sizeof(int16_t));
}

/* Keys of a head in panels of `columns`, (panel, pair, columns, 2); returns what a whole number
 * of theirs stands for. `turnt` has room for all of them. */
FAST float keys16(
    const attention_t *a, int64_t sequence, int64_t head, const int64_t width, int64_t columns,
    int64_t padded, float *turnt, int16_t *keys)
{
    float longest = 0, nothing = 0; /* not a number, as soon as one of theirs is not */
    for (int64_t k = 0; k < a->length; k++) {
        const float square = turned(a, sequence, k, 1, head, width, 1.0f, turnt + k * width);
        longest = square > longest ? square : longest;
        nothing += 0 * square;
    }
    longest = sqrtf(longest);
    const float scale = longest > 1e-30f ? LENGTH / longest : 0;
    memset(keys + padded / columns * columns * width - columns * width, 0,
           columns * width * sizeof(int16_t));
    for (int64_t k = 0; k < a->length; k++)
        spread(turnt + k * width, width, scale, keys + k / columns * columns * width
               + k % columns * 2, 2 * columns);
    return longest / LENGTH + nothing;
}

/* Values of a head in panels of `columns`, (panel, pair of keys, columns, 2), and what the whole
 * numbers of each column stand for. */
FAST void values16(
    const attention_t *a, int64_t sequence, int64_t head, const int64_t width, int64_t columns,
    int16_t *values, float *scales)
{
    const int64_t apart = 3 * a->heads * width, pairs = (a->length + 7) / 8 * 4;
    const float *first = a->joined
        + ((sequence * a->length * 3 + 2) * a->heads + head) * width;
    const float allowed = column_length(a->length);
    for (int64_t d = 0; d < width; d += LANES) {
        lane_t square = {0}, most = {0};
        for (int64_t k = 0; k < a->length; k++) {
            __builtin_prefetch(first + (k + AHEAD) * apart + d);
            add_square(*(const loose_t *)(first + k * apart + d), &square, &most);
        }
        lane_t scale = {0};
        for (int k = 0; k < LANES; k++)
            scale[k] = to_length(square[k], most[k], allowed, scales + d + k);
        for (int64_t pair = 0; pair < pairs; pair++) {
            const float *from = first + 2 * pair * apart + d;
            const int64_t left = a->length - 2 * pair;
            const lane_t none = {0};
            const lane_t one = left > 0 ? *(const loose_t *)from * scale : none;
            const lane_t other = left > 1 ? *(const loose_t *)(from + apart) * scale : none;
            const __m256i low = _mm256_cvtps_epi32((__m256)one);
            const __m256i high = _mm256_slli_epi32(_mm256_cvtps_epi32((__m256)other), 16);
            const __m256i both = _mm256_blend_epi16(low, high, 0xaa);
            int16_t *to = values + d / columns * columns * pairs * 2 + d % columns * 2
                + pair * columns * 2;
            _mm256_storeu_si256((__m256i *)to, both);
        }
    }
}

/* 2^x of x <= 0, of relative error 4e-6; below 2^-40, which rounds to nothing, as if there. */
FAST lane_t share_of(lane_t x)
{
    x = (lane_t)_mm256_max_ps(_mm256_set1_ps(-40.0f), (__m256)x); /* x, where it is no number */
    const lane_t shifted = x + MAGIC;
    const lane_t r = x - (shifted - MAGIC);
    lane_t p = r * 9.6181291e-3f + 5.5504109e-2f;
    p = p * r + 2.4022651e-1f;
    p = p * r + 6.9314718e-1f;
    p = p * r + 1.0f;
    return (lane_t)((ilane_t)p + ((ilane_t)shifted << 23));
}

FAST float total(lane_t x)
{
    const __m128 four = _mm_add_ps(_mm256_castps256_ps128((__m256)x),
                                   _mm256_extractf128_ps((__m256)x, 1));
    const __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
    return _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)));
}

FAST int32_t highest(__m256i x)
{
    const __m128i four = _mm_max_epi32(_mm256_castsi256_si128(x), _mm256_extracti128_si256(x, 1));
    const __m128i two = _mm_max_epi32(four, _mm_shuffle_epi32(four, 0x4e));
    return _mm_cvtsi128_si32(_mm_max_epi32(two, _mm_shuffle_epi32(two, 0xb1)));
}

/* Eight shares 2^((score - largest) factor) in place of the scores. */
FAST lane_t share8(int32_t *scores, __m256i largest, float factor, ilane_t there)
{
    const __m256i below = _mm256_sub_epi32(_mm256_loadu_si256((__m256i *)scores), largest);
    const lane_t share = share_of((lane_t)_mm256_cvtepi32_ps(below) * factor);
    const ilane_t kept = (ilane_t)share & there;
    _mm256_storeu_si256((__m256i *)scores, (__m256i)kept);
    return (lane_t)kept;
}

/* A row's shares exp(score - largest) as whole numbers; `unit` is what one of them stands for,
 * of shares that add up to 1. There is room for whole sixteens of scores. */
FAST void shares16(int32_t *scores, int64_t length, float factor, int16_t *shares, float *unit)
{
    const int64_t last = (length - 1) / 16 * 16;
    const ilane_t all = {-1, -1, -1, -1, -1, -1, -1, -1}, place = {0, 1, 2, 3, 4, 5, 6, 7};
    const ilane_t there[2] = {place < (int32_t)(length - last),
                              place + LANES < (int32_t)(length - last)};
    __m256i most = _mm256_set1_epi32(INT32_MIN);
    for (int64_t k = 0; k < last; k += LANES)
        most = _mm256_max_epi32(most, _mm256_loadu_si256((const __m256i *)(scores + k)));
    for (int v = 0; v < 2; v++) {
        const __m256i these = _mm256_loadu_si256((const __m256i *)(scores + last) + v);
        most = _mm256_max_epi32(most, _mm256_blendv_epi8(most, these, (__m256i)there[v]));
    }
    const __m256i largest = _mm256_set1_epi32(highest(most));
    lane_t sum[2], square[2];
    for (int v = 0; v < 2; v++) {
        sum[v] = share8(scores + last + v * LANES, largest, factor, there[v]);
        square[v] = sum[v] * sum[v];
    }
    for (int64_t k = 0; k < last; k += 16)
        for (int v = 0; v < 2; v++) {
            const lane_t share = share8(scores + k + v * LANES, largest, factor, all);
            sum[v] += share;
            square[v] += share * share;
        }
    const float size = sqrtf(total(square[0] + square[1]));
    for (int64_t k = 0; k < last + 16; k += 16)
        round16((const float *)scores + k, LENGTH / size, shares + k);
    *unit = size / (LENGTH * total(sum[0] + sum[1]));
}

typedef struct {
    float *turnt, *scales;
    int32_t *scores;
    int16_t *keys, *values, *queries, *shares;
} room_t;

/* One head of one sequence, `rows` queries at once. */
FAST void attend(
    const attention_t *a, int64_t item, const int rows, const int vectors, const int64_t width,
    const room_t *room)
{
    const int64_t length = a->length, columns = vectors * LANES;
    const int64_t steps = (length + 7) / 8;
    const int64_t sequence = item / a->heads, head = item % a->heads;
    void (*const add)(const int16_t *, int64_t, const int16_t *, int64_t, int32_t *, int64_t)
        = vectors == 2 ? sums_6_2 : sums_3_3;
    const int64_t padded = (length + 47) / 48 * 48;
    const int64_t held = (length + columns - 1) / columns * columns;
    const float key = keys16(a, sequence, head, width, columns, held, room->turnt, room->keys);
    values16(a, sequence, head, width, columns, room->values, room->scales);
    const int64_t asked = a->at ? 1 : length;
    const float root = 1.44269504f / sqrtf((float)width); /* powers of two, not of e */
    for (int64_t first = 0; first < asked; first += rows) {
        const int64_t here = asked - first < rows ? asked - first : rows;
        float factor[ROWS] = {0}, unit[ROWS] = {0}, query[64];
        memset(room->queries, 0, rows * width * sizeof(int16_t));
        for (int64_t r = 0; r < here; r++) {
            const int64_t token = a->at ? a->at[sequence] : first + r;
            const float size = sqrtf(turned(a, sequence, token, 0, head, width, 1.0f, query));
            factor[r] = size / LENGTH * key * root;
            spread(query, width, size > 1e-30f ? LENGTH / size : 0, room->queries + r * width, 2);
        }
        int32_t sums[ROWS * PANEL];
        for (int64_t k = 0; k < held; k += columns)
            add(room->queries, 2 * width, room->keys + k * width, width / 8, room->scores + k,
                4 * padded);
        for (int64_t r = 0; r < here; r++)
            shares16(room->scores + r * padded, length, factor[r], room->shares + r * padded,
                     unit + r);
        for (int64_t d = 0; d < width; d += columns) {
            add(room->shares, 2 * padded, room->values + d * steps * 8, steps, sums,
                4 * columns);
            for (int64_t r = 0; r < here; r++)
                for (int64_t k = 0; k < columns; k += LANES)
                    *(loose_t *)(a->out + ((sequence * asked + first + r) * a->heads + head) * width
                                 + d + k)
                        = as_float(sums + r * columns + k) * unit[r]
                        * *(const loose_t *)(room->scales + d + k);
        }
    }
}

/* As in transformer.c. */
EXPORT FOR_AVX2 int64_t seqgen_run_attention(const attention_t *a, int64_t begin, int64_t end)
{
    const int64_t padded = (a->length + 47) / 48 * 48, all = padded * a->width;
    char *memory = malloc((all + a->width + ROWS * padded) * 4
                          + (2 * all + ROWS * (a->width + padded)) * 2 + 64);
    if (!memory)
        return 1;
    room_t room;
    room.turnt = (float *)(((uintptr_t)memory + 63) & ~(uintptr_t)63); /* whole cache lines */
    room.scales = room.turnt + all;
    room.scores = (int32_t *)(room.scales + a->width);
    room.keys = (int16_t *)(room.scores + ROWS * padded);
    room.values = room.keys + all;
    room.queries = room.values + all;
    room.shares = room.queries + ROWS * a->width;
    for (int64_t item = begin; item < end; item++) {
        if (a->width == 16)
            attend(a, item, 6, 2, 16, &room);
        else if (a->width == 24)
            attend(a, item, 3, 3, 24, &room);
        else if (a->width == 32)
            attend(a, item, 6, 2, 32, &room);
        else
            attend(a, item, 6, 2, 64, &room);
    }
    free(memory);
    return 0;
}
#endif

/* Python loads an extension by this; its functions are called through ctypes. */
static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "_transformer_int16", NULL, -1, NULL,
                                    NULL, NULL, NULL, NULL};

PyMODINIT_FUNC PyInit__transformer_int16(void)
{
    return PyModule_Create(&module);
}
