#include "ImageKernels.h"

/* One axis of a transform: `lines` places, each a row of `width` values. */
typedef struct {
    int lines, width;
    const double *cosines, *sines;
    double sign;
} axis;

/* y[k] = sum_j w^(jk) x[j step], k < n, by decimation in time; every place is a row of a->width values. */
static void transform(
    const axis *a, int n, int step, double *restrict yr, double *restrict yi, const double *restrict xr,
    const double *restrict xi) {
    const int width = a->width, turn = a->lines / n;
    if (n % 2 != 0) {
        for (int k = 0; k < n; k++) {
            double *or = yr + k * width, *oi = yi + k * width;
            for (int c = 0; c < width; c++) or[c] = oi[c] = 0;
            for (int j = 0; j < n; j++) {
                const int place = (int)((long)j * k % n) * turn;
                const double wr = a->cosines[place], wi = a->sign * a->sines[place];
                const double *ir = xr + (long)j * step * width, *ii = xi + (long)j * step * width;
                for (int c = 0; c < width; c++) {
                    or[c] += wr * ir[c] - wi * ii[c];
                    oi[c] += wr * ii[c] + wi * ir[c];
                }
            }
        }
        return;
    }
    const int half = n / 2;
    transform(a, half, 2 * step, yr, yi, xr, xi);
    transform(a, half, 2 * step, yr + half * width, yi + half * width, xr + step * width, xi + step * width);
    for (int k = 0; k < half; k++) {
        const double wr = a->cosines[k * turn], wi = a->sign * a->sines[k * turn];
        double *er = yr + k * width, *ei = yi + k * width;
        double *or = er + half * width, *oi = ei + half * width;
        for (int c = 0; c < width; c++) {
            const double tr = wr * or[c] - wi * oi[c], ti = wr * oi[c] + wi * or[c];
            or[c] = er[c] - tr;
            oi[c] = ei[c] - ti;
            er[c] += tr;
            ei[c] += ti;
        }
    }
}

static void transpose(double *restrict out, const double *restrict in, int rows, int columns) {
    for (int r = 0; r < rows; r++)
        for (int c = 0; c < columns; c++) out[c * rows + r] = in[r * columns + c];
}

void es_filter_plane(
    double *real, double *imaginary, const double *filter, int rows, int columns, const double *row_cos,
    const double *row_sin, const double *column_cos, const double *column_sin, double *scratch) {
    const int size = rows * columns;
    double *ar = scratch, *ai = scratch + size, *br = scratch + 2 * size, *bi = scratch + 3 * size;
    axis down = {rows, columns, row_cos, row_sin, -1}, across = {columns, rows, column_cos, column_sin, -1};
    transform(&down, rows, 1, ar, ai, real, imaginary);
    transpose(br, ar, rows, columns);
    transpose(bi, ai, rows, columns);
    transform(&across, columns, 1, ar, ai, br, bi);
    for (int r = 0; r < rows; r++) {
        for (int c = 0; c < columns; c++) {
            /* The spectrum is transposed here: [columns][rows]. */
            const double gain = filter[r * columns + c] / size;
            ar[c * rows + r] *= gain;
            ai[c * rows + r] *= gain;
        }
    }
    down.sign = across.sign = 1;
    transform(&across, columns, 1, br, bi, ar, ai);
    transpose(ar, br, columns, rows);
    transpose(ai, bi, columns, rows);
    transform(&down, rows, 1, real, imaginary, ar, ai);
}
