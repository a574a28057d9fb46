/* Many small effects at once, each with a mixture of normal distributions as its prior: sweeps of
 * coordinate ascent, which no array operation replaces. Plain C without threads of its own.
 */
#include "module.h"

/* What `settings` hold: residual variance; convergence tolerance; most sweeps; sum of squares of
 * the phenotype; number of people; whether the residual variance is estimated; X'X over R. */
enum { VARIANCE, TOLERANCE, SWEEPS, SQUARES, PEOPLE, ESTIMATE, TIMES };

/* Posterior mean of one effect; adds to `share` how much each of the K components holds it. */
static double one_effect(
    int64_t K, double estimate, double error, const double *relative, const double *weights,
    double precision, double *share, double *work)
{
    double top = -INFINITY, total = 0.0, mean = 0.0;
    for (int64_t k = 0; k < K; k++) {
        const double ratio = relative[k] * precision; /* prior variance over squared error */
        work[k] = weights[k] > 0.0
            ? log(weights[k]) - 0.5 * log1p(ratio)
                + 0.5 * estimate * estimate / error * (ratio / (1.0 + ratio))
            : -INFINITY;
        top = work[k] > top ? work[k] : top;
    }
    for (int64_t k = 0; k < K; k++) {
        work[k] = exp(work[k] - top);
        total += work[k];
    }
    for (int64_t k = 0; k < K; k++) {
        const double ratio = relative[k] * precision, part = work[k] / total;
        share[k] += part;
        mean += part * (ratio / (1.0 + ratio));
    }
    return mean * estimate;
}

/* Sweep until the effects stand still. `R` (p x p, symmetric) and `scale` (p) give X'X, `signal`
 * (p) is X'y, `left` (p) what the effects leave of it over `scale`; `relative` (K) are prior
 * variances over the residual one. Changes `weights` (K), `mu` and `left` (p). `told`: residual
 * variance, and whether the effects stand still. `work` has 2 K entries. Returns the number of
 * sweeps.
 */
EXPORT int64_t seqgen_mr_ash(
    int64_t p, int64_t K, const double *R, const double *scale, const double *signal,
    const double *relative, const double *settings, double *weights, double *mu, double *left,
    double *told, double *work)
{
    double *share = work + K, variance = settings[VARIANCE];
    int64_t sweep = 0, still = 0;
    while (!still && sweep < (int64_t)settings[SWEEPS]) {
        double moved = 0.0, size = 0.0, explained = 0.0;
        sweep++;
        for (int64_t k = 0; k < K; k++)
            share[k] = 0.0;
        for (int64_t j = 0; j < p; j++) {
            const double precision = settings[TIMES] * scale[j] * scale[j];
            const double estimate = scale[j] * left[j] / precision + mu[j];
            const double mean = one_effect(
                K, estimate, variance / precision, relative, weights, precision, share, work);
            const double step = mean - mu[j], by = settings[TIMES] * scale[j] * step;
            const double *row = R + j * p;
            mu[j] = mean;
            moved += step * step;
            size += mean * mean;
            explained += signal[j] * mean;
            if (step != 0.0)
                for (int64_t i = 0; i < p; i++)
                    left[i] -= by * row[i];
        }
        for (int64_t k = 0; k < K; k++)
            weights[k] = share[k] / (double)p;
        if (settings[ESTIMATE] > 0.0)
            variance = (settings[SQUARES] - explained) / settings[PEOPLE];
        size = sqrt(size) > 1.0 ? sqrt(size) : 1.0;
        still = sweep >= 2 && sqrt(moved) < settings[TOLERANCE] * size;
        if (!(variance > 0.0))
            break;
    }
    told[0] = variance;
    told[1] = (double)still;
    return sweep;
}

/* ---- module: nothing for Python itself -------------------------------------------------- */

static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT, "_mr_ash", NULL, -1, NULL, NULL, NULL, NULL, NULL};

PyMODINIT_FUNC PyInit__mr_ash(void)
{
    return PyModule_Create(&definition);
}
