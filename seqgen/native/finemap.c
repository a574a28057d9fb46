/* One effect of a sum of single effects: its prior variance of greatest evidence, and the
 * posterior over the variants. Plain C without threads of its own; built without -ffast-math,
 * for the exponential below relies on the order of additions, and sums must not depend on the
 * build.
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

#define LANES 4
typedef double lane_t __attribute__((vector_size(LANES * 8), aligned(8)));
typedef int64_t ilane_t __attribute__((vector_size(LANES * 8), aligned(8)));

INLINE double lane_sum(lane_t v)
{
    return (v[0] + v[2]) + (v[1] + v[3]);
}

INLINE lane_t lane_max(lane_t a, lane_t b)
{
    const ilane_t more = a > b;
    return (lane_t)(((ilane_t)a & more) | ((ilane_t)b & ~more));
}

/* exp(x) to within two units in the last place for -708 < x <= 0, and 0 below that. */
INLINE lane_t lane_exp(lane_t x)
{
    const lane_t zero = {0};
    const double magic = 0x1.8p52; /* adding it rounds to a whole number in the lowest bits */
    const ilane_t counts = x > (zero - 708.0);
    const lane_t clamped = (lane_t)((ilane_t)x & counts);
    const lane_t shifted = clamped * 1.4426950408889634 + magic;
    const lane_t k = shifted - magic;
    const lane_t r = (clamped - k * 0x1.62e42fefa38p-1) - k * 0x1.ef35793c7673p-45;
    /* The Taylor series to degree 13, in halves, so that multiplications do not wait in line. */
    const lane_t r2 = r * r, r4 = r2 * r2;
    const lane_t low = (r + 1.0) + r2 * (r * (1.0 / 6.0) + 0.5);
    const lane_t middle = (r * (1.0 / 120.0) + 1.0 / 24.0) + r2 * (r * (1.0 / 5040.0) + 1.0 / 720.0);
    const lane_t high = (r * (1.0 / 362880.0) + 1.0 / 40320.0)
        + r2 * (r * (1.0 / 39916800.0) + 1.0 / 3628800.0)
        + r4 * (r * (1.0 / 6227020800.0) + 1.0 / 479001600.0);
    const lane_t p = low + r4 * (middle + r4 * high);
    return (lane_t)(((ilane_t)p + ((ilane_t)shifted << 52)) & counts);
}

/* ---- evidence -------------------------------------------------------------------------- */

/* Everything is padded to whole lanes with variants of weight zero. */
typedef struct {
    int64_t lanes;
    int uniform;            /* whether all variants share one error variance */
    double error;           /* that one */
    double largest;         /* greatest of `half_chi2` */
    double null_weight;     /* prior weight of no effect at all */
    double at_zero;         /* evidence without an effect */
    lane_t *half_chi2;      /* betahat^2 / (2 shat2) */
    lane_t *weights;
    lane_t *shat2;          /* unless uniform */
    lane_t *work;
} evidence_t;

/* Log evidence with the same error variance everywhere; leaves weight times likelihood, up to a
 * factor, in `work` if it is to be kept. */
INLINE double uniform_evidence(const evidence_t *e, double V, int keep)
{
    const double ratio = V / (V + e->error);
    lane_t sum = {0}, more = {0};
    int64_t j = 0;
    for (; j + 1 < e->lanes; j += 2) {
        const lane_t a = e->weights[j] * lane_exp((e->half_chi2[j] - e->largest) * ratio);
        const lane_t b = e->weights[j + 1] * lane_exp((e->half_chi2[j + 1] - e->largest) * ratio);
        if (keep) {
            e->work[j] = a;
            e->work[j + 1] = b;
        }
        sum += a;
        more += b;
    }
    for (; j < e->lanes; j++) {
        const lane_t a = e->weights[j] * lane_exp((e->half_chi2[j] - e->largest) * ratio);
        if (keep)
            e->work[j] = a;
        sum += a;
    }
    const double shift = e->largest * ratio - 0.5 * log1p(V / e->error);
    return log(lane_sum(sum + more) + e->null_weight * exp(-shift)) + shift;
}

INLINE double varying_evidence(const evidence_t *e, double V, int keep)
{
    lane_t top = {0}, sum = {0};
    const lane_t zero = {0};
    for (int64_t j = 0; j < e->lanes; j++) {
        e->work[j] = e->half_chi2[j] * (V / (e->shat2[j] + V));
        top = lane_max(top, e->work[j]);
    }
    double most = 0.0;
    for (int k = 0; k < LANES; k++)
        most = top[k] > most ? top[k] : most;
    for (int64_t j = 0; j < e->lanes; j++) {
        lane_t shrunk = e->shat2[j] / (e->shat2[j] + V);
        for (int k = 0; k < LANES; k++)
            shrunk[k] = sqrt(shrunk[k]);
        const lane_t a = e->weights[j] * shrunk * lane_exp(e->work[j] - (zero + most));
        if (keep)
            e->work[j] = a;
        sum += a;
    }
    return log(lane_sum(sum) + e->null_weight * exp(-most)) + most;
}

INLINE double evidence(const evidence_t *e, double V, int keep)
{
    if (V == 0.0)
        return e->at_zero;
    return e->uniform ? uniform_evidence(e, V, keep) : varying_evidence(e, V, keep);
}

/* Search interval of the log prior variance, and the precision, of R's optim(). */
#define LOWEST -30.0
#define HIGHEST 15.0
#define PRECISION 1.4901161193847656e-08

/* Minus log evidence at a minimum over log V, by Brent (1973), chapter 5, as R's optim() finds
 * it; `log_V` tells where. The same steps as in finemap/minimise.py. */
INLINE double brent(const evidence_t *e, double *log_V)
{
    const double golden = 0.5 * (3.0 - sqrt(5.0));
    double low = LOWEST, high = HIGHEST;
    double best = low + golden * (high - low), second = best, third = best;
    double f_best = -evidence(e, exp(best), 0), f_second = f_best, f_third = f_best;
    double step = 0.0, previous = 0.0;
    for (;;) {
        const double middle = 0.5 * (low + high);
        const double near = PRECISION * fabs(best) + PRECISION / 3.0;
        if (fabs(best - middle) <= 2.0 * near - 0.5 * (high - low))
            break;
        int parabola = 0;
        if (fabs(previous) > near) {
            const double r = (best - second) * (f_best - f_third);
            double q = (best - third) * (f_best - f_second);
            double numerator = (best - third) * q - (best - second) * r;
            q = 2.0 * (q - r);
            if (q > 0.0)
                numerator = -numerator;
            else
                q = -q;
            if (fabs(numerator) < fabs(0.5 * q * previous) && numerator > q * (low - best)
                && numerator < q * (high - best)) {
                parabola = 1;
                previous = step;
                step = numerator / q;
                const double trial = best + step;
                if (trial - low < 2.0 * near || high - trial < 2.0 * near)
                    step = best < middle ? near : -near;
            }
        }
        if (!parabola) {
            previous = (best < middle ? high : low) - best;
            step = golden * previous;
        }
        const double trial = best + (fabs(step) >= near ? step : copysign(near, step));
        const double f_trial = -evidence(e, exp(trial), 0);
        if (f_trial <= f_best) {
            if (trial < best)
                high = best;
            else
                low = best;
            third = second, f_third = f_second;
            second = best, f_second = f_best;
            best = trial, f_best = f_trial;
            continue;
        }
        if (trial < best)
            low = trial;
        else
            high = trial;
        if (f_trial <= f_second || second == best) {
            third = second, f_third = f_second;
            second = trial, f_second = f_trial;
        } else if (f_trial <= f_third || third == best || third == second) {
            third = trial, f_third = f_trial;
        }
    }
    *log_V = best;
    return f_best;
}

/* What becomes of the prior variance. */
enum { FIXED, OPTIMISED, EM, SIMPLE };
/* What `settings` hold: current prior variance; one of the above; by how many log units a
 * variance has to beat none; error variance of the bound's likelihood term, 0 where it is each
 * variant's own; prior weight of no effect at all. */
enum { VARIANCE, METHOD, THRESHOLD, ERROR, NULL_WEIGHT };

INLINE double chosen_variance(const evidence_t *e, const double *settings)
{
    const int method = (int)settings[METHOD];
    double V = settings[VARIANCE], best;
    if (method == FIXED || method == EM)
        return V;
    best = evidence(e, V, 0);
    if (method == OPTIMISED) {
        double log_V;
        const double found = -brent(e, &log_V);
        if (!(best > found)) {
            V = exp(log_V);
            best = found;
        }
    }
    return e->at_zero + settings[THRESHOLD] >= best ? 0.0 : V;
}

/* Fit one effect. `betahat` and `weights` have p entries; `shat2` has one if `uniform`, p
 * otherwise. Out: `alpha`, `mu`, `mu2`, `lbf_variable` (p each), and `told`: prior variance, log
 * Bayes factor, KL divergence. `work` has place for four times p, rounded up to whole lanes.
 */
EXPORT WIDEST void seqgen_single_effect(
    int64_t p, const double *betahat, int64_t uniform, const double *shat2, const double *weights,
    const double *settings, double *alpha, double *mu, double *mu2, double *lbf_variable,
    double *told, double *work)
{
    const int64_t lanes = (p + LANES - 1) / LANES, padded = lanes * LANES;
    double *half = work, *w = work + padded, *s = work + 2 * padded, *kept = work + 3 * padded;
    evidence_t e = {lanes, (int)uniform, shat2[0], 0.0, settings[NULL_WEIGHT], 0.0,
                    (lane_t *)half, (lane_t *)w, (lane_t *)s, (lane_t *)kept};
    double total = settings[NULL_WEIGHT];
    for (int64_t j = 0; j < p; j++) {
        const double error = uniform ? shat2[0] : shat2[j];
        half[j] = 0.5 * betahat[j] * betahat[j] / error;
        e.largest = half[j] > e.largest ? half[j] : e.largest;
        w[j] = weights[j];
        total += weights[j];
        if (!uniform)
            s[j] = error;
    }
    for (int64_t j = p; j < padded; j++) {
        half[j] = w[j] = 0.0;
        if (!uniform)
            s[j] = 1.0;
    }
    e.at_zero = log(total);

    const double V = chosen_variance(&e, settings);
    if (V == 0.0) {
        for (int64_t j = 0; j < p; j++) {
            alpha[j] = weights[j] / total;
            mu[j] = mu2[j] = lbf_variable[j] = 0.0;
        }
        told[0] = 0.0, told[1] = e.at_zero, told[2] = -e.at_zero;
        return;
    }
    const double lbf = evidence(&e, V, 1);
    double sum = 0.0, fit = 0.0, second = 0.0;
    for (int64_t j = 0; j < p; j++)
        sum += kept[j];
    if (e.null_weight > 0.0) {
        const double ratio = V / (V + shat2[0]);
        double shift = e.largest * ratio - 0.5 * log1p(V / shat2[0]);
        if (!uniform) {
            shift = 0.0;
            for (int64_t j = 0; j < p; j++) {
                const double top = half[j] * (V / (shat2[j] + V));
                shift = top > shift ? top : shift;
            }
        }
        sum += e.null_weight * exp(-shift);
    }
    const double everywhere = 0.5 * log1p(V / shat2[0]);
    for (int64_t j = 0; j < p; j++) {
        const double error = uniform ? shat2[0] : shat2[j];
        const double shrink = V / (V + error);
        alpha[j] = kept[j] / sum;
        mu[j] = shrink * betahat[j];
        mu2[j] = shrink * error + mu[j] * mu[j];
        lbf_variable[j] = half[j] * shrink - (uniform ? everywhere : 0.5 * log1p(V / error));
        second += alpha[j] * mu2[j];
        fit += alpha[j] * (mu[j] * betahat[j] - 0.5 * mu2[j])
            / (settings[ERROR] > 0.0 ? settings[ERROR] : error);
    }
    told[0] = (int)settings[METHOD] == EM ? second : V;
    told[1] = lbf, told[2] = fit - lbf;
}

/* ---- products ---------------------------------------------------------------------------- */

/* Adds to `out` the rows of the symmetric p x p matrix `R` times their entries of `b`, leaving
 * out entries up to `negligible`; returns the number of rows read. */
EXPORT WIDEST int64_t seqgen_add_rows(
    int64_t p, const double *R, const double *b, double negligible, double *out)
{
    const double *rows[4];
    double by[4];
    int64_t waiting = 0, read = 0;
    for (int64_t j = 0; j <= p; j++) {
        if (j < p) {
            if (!(fabs(b[j]) > negligible))
                continue;
            rows[waiting] = R + j * p;
            by[waiting++] = b[j];
            read++;
        } else {
            for (int64_t k = waiting; waiting && k < 4; k++)
                rows[k] = rows[0], by[k] = 0.0;
            waiting = waiting ? 4 : 0;
        }
        if (waiting < 4)
            continue;
        waiting = 0;
        const double *r0 = rows[0], *r1 = rows[1], *r2 = rows[2], *r3 = rows[3];
        const double b0 = by[0], b1 = by[1], b2 = by[2], b3 = by[3];
        for (int64_t k = 0; k < p; k++)
            out[k] += (b0 * r0[k] + b1 * r1[k]) + (b2 * r2[k] + b3 * r3[k]);
    }
    return read;
}

/* ---- module: nothing for Python itself -------------------------------------------------- */

static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT, "_finemap", NULL, -1, NULL, NULL, NULL, NULL, NULL};

PyMODINIT_FUNC PyInit__finemap(void)
{
    return PyModule_Create(&definition);
}
