/* Loops that array libraries cannot express: counting like sequences, the pseudolikelihood of a
 * Potts model with its gradient, and looking through a product once. Plain C without threads of
 * its own: callers share the work among Python threads, for ctypes releases the interpreter lock
 * during a call.
 */
#include "module.h"

/* One build serves old and new processors: the loader picks the widest version. (By
 * instructions, not by "arch=haswell", which no processor but Intel's own answers to.) */
#if defined(__x86_64__) && defined(__GLIBC__) && defined(__GNUC__) && !defined(__clang__)
#if __GNUC__ >= 12
#define WIDEST __attribute__((target_clones("avx512f", "arch=x86-64-v3", "default")))
#else
#define WIDEST __attribute__((target_clones("avx512f", "avx2", "default")))
#endif
#else
#define WIDEST
#endif

/* ---- like sequences ------------------------------------------------------------------- */

#define BYTES 32
typedef uint8_t bytes_t __attribute__((vector_size(BYTES), aligned(1)));

/* Counts, for rows [begin, end), pairs (row, other) with other > row that agree in at least
 * `least` of `width` columns; both members of a pair gain one. Rows are padded to `stride`, a
 * multiple of 32, with equal bytes; `least` counts the padding as agreement.
 */
EXPORT WIDEST void seqgen_count_neighbours(
    const uint8_t *codes, int64_t n, int64_t stride, int64_t begin, int64_t end, int64_t least,
    int32_t *counts)
{
    const int64_t vectors = stride / BYTES, tile = 64;
    for (int64_t from = begin; from < n; from += tile) {
        const int64_t to = from + tile < n ? from + tile : n;
        for (int64_t row = begin; row < end && row < to; row++) {
            const bytes_t *a = (const bytes_t *)(codes + row * stride);
            for (int64_t other = from > row ? from : row + 1; other < to; other++) {
                const bytes_t *b = (const bytes_t *)(codes + other * stride);
                int64_t same = 0;
                for (int64_t first = 0; first < vectors; first += 255) {
                    const int64_t last = first + 255 < vectors ? first + 255 : vectors;
                    bytes_t agree = {0};
                    for (int64_t v = first; v < last; v++)
                        agree -= (bytes_t)(a[v] == b[v]);
                    for (int k = 0; k < BYTES; k++)
                        same += agree[k];
                }
                if (same >= least) {
                    counts[row]++;
                    counts[other]++;
                }
            }
        }
    }
}

/* ---- pseudolikelihood ----------------------------------------------------------------- */

/* Letters of a site are padded to 24 floats: three vectors of eight. */
#define WIDTH 24
#define LANES 8
#define VECTORS (WIDTH / LANES)
/* Columns whose table of (letters x 24) floats stays in the first-level cache. */
#define BLOCK 12
typedef float lane_t __attribute__((vector_size(LANES * 4)));
typedef int32_t ilane_t __attribute__((vector_size(LANES * 4)));

typedef struct {
    int64_t n, length, letters; /* sequences, columns, letters of the model (q) */
    int64_t inputs;             /* letters a column may hold: q, or q + 1 with a mute gap */
    const uint16_t *offsets;    /* (blocks, n, BLOCK): place of a letter in a block's table */
    const uint8_t *codes;       /* (length, n): letter of the model at each site, 255 if mute */
    const float *weights;       /* (n) */
    const float *fields;        /* (length, q) */
    const float *couplings;     /* (pairs, q, q) */
    double *loss;               /* (length) */
    float *field_gradient;      /* (length, q) */
    float *coupling_gradient;   /* (pairs, q, q), zero at the start */
    uint8_t *locks;             /* (length) zero at the start */
    uint32_t first_letter;      /* input letter of model letter 0: 0, or 1 with a mute gap */
} plm_t;

INLINE lane_t exp_lane(lane_t x)
{
    /* Powers of two by the exponent's bits, the rest by a polynomial; relative error 2e-7. */
    const lane_t low = {-87.f, -87.f, -87.f, -87.f, -87.f, -87.f, -87.f, -87.f};
    ilane_t below = x < low;
    x = (lane_t)(((ilane_t)x & ~below) | ((ilane_t)low & below));
    lane_t scaled = x * 1.44269504f;
    /* Adding 1.5 * 2^23 rounds to the nearest integer and leaves it in the low bits. */
    lane_t shifted = scaled + 12582912.f;
    ilane_t power = (ilane_t)shifted - 0x4B400000;
    lane_t whole = __builtin_convertvector(power, lane_t);
    lane_t r = x - whole * 0.693359375f + whole * 2.12194440e-4f;
    lane_t p = r * 1.9875691500e-4f + 1.3981999507e-3f;
    p = p * r + 8.3334519073e-3f;
    p = p * r + 4.1665795894e-2f;
    p = p * r + 1.6666665459e-1f;
    p = p * r + 5.0000001201e-1f;
    p = p * r * r + r + 1.0f;
    return p * (lane_t)((power + 127) << 23);
}

INLINE int64_t pair_of(int64_t i, int64_t j, int64_t length)
{
    return i * length - i * (i + 1) / 2 + (j - i - 1);
}

/* The couplings of site i to one block of columns: table[column][input letter][letter at i]. */
INLINE void fill_table(const plm_t *m, int64_t i, int64_t first, int64_t columns, float *table)
{
    const int64_t q = m->letters, stride = m->inputs * WIDTH;
    memset(table, 0, sizeof(float) * BLOCK * stride);
    for (int64_t k = 0; k < columns; k++) {
        const int64_t j = first + k;
        float *rows = table + k * stride + m->first_letter * WIDTH;
        if (j > i) {
            const float *pair = m->couplings + pair_of(i, j, m->length) * q * q;
            for (int64_t a = 0; a < q; a++)
                for (int64_t b = 0; b < q; b++)
                    rows[b * WIDTH + a] = pair[a * q + b];
        } else if (j < i) {
            const float *pair = m->couplings + pair_of(j, i, m->length) * q * q;
            for (int64_t b = 0; b < q; b++)
                memcpy(rows + b * WIDTH, pair + b * q, sizeof(float) * q);
        }
    }
}

INLINE void lock(uint8_t *flag)
{
    while (__atomic_test_and_set(flag, __ATOMIC_ACQUIRE))
        while (__atomic_load_n(flag, __ATOMIC_RELAXED)) {
        }
}

/* Adds one block of the gradient; a pair is the sum of two sites' parts, in whichever order. */
INLINE void add_table(const plm_t *m, int64_t i, int64_t first, int64_t columns, float *table)
{
    const int64_t q = m->letters, stride = m->inputs * WIDTH;
    for (int64_t k = 0; k < columns; k++) {
        const int64_t j = first + k;
        const float *rows = table + k * stride + m->first_letter * WIDTH;
        if (j == i)
            continue;
        const int64_t low = j > i ? i : j, high = j > i ? j : i;
        float *pair = m->coupling_gradient + pair_of(low, high, m->length) * q * q;
        lock(m->locks + low);
        if (j > i) {
            for (int64_t a = 0; a < q; a++)
                for (int64_t b = 0; b < q; b++)
                    pair[a * q + b] += rows[b * WIDTH + a];
        } else {
            for (int64_t b = 0; b < q; b++)
                for (int64_t a = 0; a < q; a++)
                    pair[b * q + a] += rows[b * WIDTH + a];
        }
        __atomic_clear(m->locks + low, __ATOMIC_RELEASE);
    }
}

/* Energies (n, 24) of all letters at a site: add one block's rows. */
INLINE void gather(const uint16_t *offsets, int64_t n, const float *table, float *energies)
{
    for (int64_t s = 0; s < n; s++) {
        const uint16_t *place = offsets + s * BLOCK;
        lane_t *e = (lane_t *)(energies + s * WIDTH);
        lane_t x0 = e[0], x1 = e[1], x2 = e[2];
        lane_t y0 = {0}, y1 = {0}, y2 = {0};
        for (int k = 0; k < BLOCK; k += 2) {
            const lane_t *a = (const lane_t *)(table + place[k]);
            const lane_t *b = (const lane_t *)(table + place[k + 1]);
            x0 += a[0];
            x1 += a[1];
            x2 += a[2];
            y0 += b[0];
            y1 += b[1];
            y2 += b[2];
        }
        e[0] = x0 + y0;
        e[1] = x1 + y1;
        e[2] = x2 + y2;
    }
}

/* The transpose of `gather`: each row of residuals is added where its letters point. */
INLINE void scatter(const uint16_t *offsets, int64_t n, const float *residuals, float *table)
{
    for (int64_t s = 0; s < n; s++) {
        const uint16_t *place = offsets + s * BLOCK;
        const lane_t *r = (const lane_t *)(residuals + s * WIDTH);
        const lane_t r0 = r[0], r1 = r[1], r2 = r[2];
        for (int k = 0; k < BLOCK; k++) {
            lane_t *t = (lane_t *)(table + place[k]);
            t[0] += r0;
            t[1] += r1;
            t[2] += r2;
        }
    }
}

/* Energies to weighted residuals p(a) - [a is there]; returns the weighted negative log
 * likelihood. Letters beyond q carry an energy of -1e30, so that their probability is zero.
 */
INLINE double to_residuals(const plm_t *m, int64_t i, float *energies, float *sums)
{
    double loss = 0;
    lane_t total[VECTORS] = {{0}};
    for (int64_t s = 0; s < m->n; s++) {
        lane_t *e = (lane_t *)(energies + s * WIDTH);
        float *flat = energies + s * WIDTH;
        const uint8_t there = m->codes[i * m->n + s];
        const float weight = m->weights[s];
        if (there == 255 || weight == 0) {
            memset(flat, 0, sizeof(float) * WIDTH);
            continue;
        }
        float most = flat[0];
        for (int a = 1; a < WIDTH; a++)
            most = flat[a] > most ? flat[a] : most;
        const float own = flat[there] - most;
        float norm = 0;
        for (int v = 0; v < VECTORS; v++)
            e[v] = exp_lane(e[v] - most);
        for (int a = 0; a < WIDTH; a++)
            norm += flat[a];
        loss += weight * (log(norm) - own);
        const float scale = weight / norm;
        for (int v = 0; v < VECTORS; v++)
            e[v] *= scale;
        flat[there] -= weight;
        for (int v = 0; v < VECTORS; v++)
            total[v] += e[v];
    }
    memcpy(sums, total, sizeof(float) * WIDTH);
    return loss;
}

/* Negative log pseudolikelihood of sites [begin, end) and its gradient, added to what is there.
 * `scratch` holds n * 24 + BLOCK * inputs * 24 floats, aligned to 32 bytes.
 */
EXPORT WIDEST void seqgen_plm_sites(const plm_t *m, int64_t begin, int64_t end, float *scratch)
{
    float *energies = scratch, *table = scratch + m->n * WIDTH;
    const int64_t q = m->letters;
    for (int64_t i = begin; i < end; i++) {
        float start[WIDTH], sums[WIDTH];
        for (int64_t a = 0; a < WIDTH; a++)
            start[a] = a < q ? m->fields[i * q + a] : -1e30f;
        for (int64_t s = 0; s < m->n; s++)
            memcpy(energies + s * WIDTH, start, sizeof(start));
        for (int64_t first = 0; first < m->length; first += BLOCK) {
            const int64_t left = m->length - first, columns = left < BLOCK ? left : BLOCK;
            fill_table(m, i, first, columns, table);
            gather(m->offsets + first * m->n, m->n, table, energies);
        }
        m->loss[i] = to_residuals(m, i, energies, sums);
        memcpy(m->field_gradient + i * q, sums, sizeof(float) * q);
        for (int64_t first = 0; first < m->length; first += BLOCK) {
            const int64_t left = m->length - first, columns = left < BLOCK ? left : BLOCK;
            memset(table, 0, sizeof(float) * BLOCK * m->inputs * WIDTH);
            scatter(m->offsets + first * m->n, m->n, energies, table);
            add_table(m, i, first, columns, table);
        }
    }
}

/* ---- steps of the optimiser over the couplings -------------------------------------------- */

/* The direction is kept in 16 bits (the upper half of a float): any direction serves, if the
 * step that is taken is along the one that was kept.
 */
INLINE float widen(uint16_t half)
{
    const uint32_t bits = (uint32_t)half << 16;
    float value;
    memcpy(&value, &bits, sizeof(value));
    return value;
}

INLINE uint16_t narrow(float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof(bits));
    return (uint16_t)((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16);
}

typedef struct {
    int64_t length, letters;
    const float *frequencies;    /* (length, q) weighted shares of the letters */
    const float *field_gradient; /* (length, q) */
    float *couplings, *gradient; /* (pairs, q, q) */
    uint16_t *direction;         /* (pairs, q, q) */
    float depth, penalty;        /* summed weights; lambda_J */
} step_t;

/* Curvature of the loss along one coupling, near independence. */
#define CURVATURE(fa, fb) (depth * (fa) * (fb) * (2.0f - (fa) - (fb)) + 2.0f * penalty)

/* Adds the penalty's gradient and centres the letters' indicators, for rows [begin, end) of
 * the triangle; sums: penalty, gradient . direction, gradient . gradient / curvature.
 */
EXPORT WIDEST void seqgen_plm_finish(const step_t *m, int64_t begin, int64_t end, double *sums)
{
    const int64_t q = m->letters;
    const float depth = m->depth, penalty = m->penalty;
    double cost = 0, slope = 0, norm = 0;
    for (int64_t i = begin; i < end; i++) {
        const float *fi = m->frequencies + i * q, *gi = m->field_gradient + i * q;
        for (int64_t j = i + 1; j < m->length; j++) {
            const float *fj = m->frequencies + j * q, *gj = m->field_gradient + j * q;
            const int64_t start = pair_of(i, j, m->length) * q * q;
            float c = 0, s = 0, n = 0;
            for (int64_t a = 0; a < q; a++) {
                const float *x = m->couplings + start + a * q;
                float *g = m->gradient + start + a * q;
                const uint16_t *d = m->direction + start + a * q;
                for (int64_t b = 0; b < q; b++) {
                    const float value =
                        g[b] + 2.0f * penalty * x[b] - gi[a] * fj[b] - gj[b] * fi[a];
                    g[b] = value;
                    c += x[b] * x[b];
                    s += value * widen(d[b]);
                    n += value * value / CURVATURE(fi[a], fj[b]);
                }
            }
            cost += c;
            slope += s;
            norm += n;
        }
    }
    sums[0] = cost * penalty;
    sums[1] = slope;
    sums[2] = norm;
}

/* direction = keep * direction - gradient / curvature, for rows [begin, end) of the triangle;
 * sums[0]: gradient . direction; shift (length, q) gains what centring takes off the fields.
 */
EXPORT WIDEST void seqgen_plm_turn(
    const step_t *m, int64_t begin, int64_t end, float keep, double *sums, float *shift)
{
    const int64_t q = m->letters;
    const float depth = m->depth, penalty = m->penalty;
    double slope = 0;
    for (int64_t i = begin; i < end; i++) {
        const float *fi = m->frequencies + i * q;
        for (int64_t j = i + 1; j < m->length; j++) {
            const float *fj = m->frequencies + j * q;
            const int64_t start = pair_of(i, j, m->length) * q * q;
            float s = 0;
            for (int64_t a = 0; a < q; a++) {
                const float *g = m->gradient + start + a * q;
                uint16_t *d = m->direction + start + a * q;
                float *shift_j = shift + j * q, own = 0;
                for (int64_t b = 0; b < q; b++) {
                    const uint16_t kept =
                        narrow(keep * widen(d[b]) - g[b] / CURVATURE(fi[a], fj[b]));
                    const float value = widen(kept);
                    d[b] = kept;
                    s += g[b] * value;
                    own += value * fj[b];
                    shift_j[b] += value * fi[a];
                }
                shift[i * q + a] += own;
            }
            slope += s;
        }
    }
    sums[0] = slope;
}

/* couplings += step * direction, for rows [begin, end) of the triangle. */
EXPORT WIDEST void seqgen_plm_move(const step_t *m, int64_t begin, int64_t end, float step)
{
    const int64_t q = m->letters, pairs = m->length * (m->length - 1) / 2;
    const int64_t from = begin < m->length - 1 ? pair_of(begin, begin + 1, m->length) : pairs;
    const int64_t to = end < m->length - 1 ? pair_of(end, end + 1, m->length) : pairs;
    for (int64_t k = from * q * q; k < to * q * q; k++)
        m->couplings[k] += step * widen(m->direction[k]);
}

/* ---- looking through a product ---------------------------------------------------------- */

#define STRETCH 256
/* Neighbours that fall into one cell would wait for each other in one table. */
#define TABLES 4
#define MOST_CELLS 4096

/* Counts the absolute values by their whole part, all from cells - 1 on in the last of at most
 * 4096 cells, and writes down the places of those of at least cut, of which there are as many as
 * returned. NaN is left out of both: by its bits, for the compiler is told that there is none.
 */
EXPORT WIDEST int64_t seqgen_look_through(
    const float *values, int64_t count, float cut, int64_t *counts, int64_t cells, int64_t *found)
{
    const int32_t last = (int32_t)(cells < MOST_CELLS ? cells : MOST_CELLS) - 1;
    const int32_t infinite = 0x7F800000;
    const float highest = (float)last;
    uint32_t tables[TABLES][MOST_CELLS + 1];
    int32_t least, cell[STRETCH];
    int64_t number = 0;
    /* Bits of floats that are not negative are ordered as the floats are. */
    memcpy(&least, &cut, sizeof(least));
    memset(tables, 0, sizeof(tables));
    for (int64_t first = 0; first < count; first += STRETCH) {
        const int64_t left = count - first;
        const int32_t length = (int32_t)(left < STRETCH ? left : STRETCH);
        int32_t any = 0;
        for (int32_t k = 0; k < length; k++) {
            int32_t bits;
            memcpy(&bits, values + first + k, sizeof(bits));
            bits &= 0x7FFFFFFF;
            const int32_t known = bits <= infinite;
            any |= known & (bits >= least);
            bits = known ? bits : 0;
            float value;
            memcpy(&value, &bits, sizeof(value));
            value = value < highest ? value : highest;
            cell[k] = known ? (int32_t)value : MOST_CELLS;
        }
        int32_t k = 0;
        for (; k + TABLES <= length; k += TABLES)
            for (int t = 0; t < TABLES; t++)
                tables[t][cell[k + t]]++;
        for (; k < length; k++)
            tables[0][cell[k]]++;
        for (k = 0; any && k < length; k++) {
            int32_t bits;
            memcpy(&bits, values + first + k, sizeof(bits));
            bits &= 0x7FFFFFFF;
            found[number] = first + k;
            number += (bits >= least) & (bits <= infinite);
        }
    }
    for (int64_t c = 0; c <= last; c++)
        for (int t = 0; t < TABLES; t++)
            counts[c] += tables[t][c];
    return number;
}

/* ---- the module: nothing but a file that the package's own build makes ------------------ */

static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "_kernels", NULL, -1, NULL};

PyMODINIT_FUNC PyInit__kernels(void)
{
    return PyModule_Create(&module);
}
