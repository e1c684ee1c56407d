/* The bar and the lines. */
#include "sim/cli/progress.h"

#include <stdio.h>
#include <unistd.h>

#define REPAINT_US 100000
#define BAR_CELLS 20

void lz_progress_init(LzProgressView *view, LzProgressMode mode, volatile sig_atomic_t *wants_line)
{
    if (mode == LZ_PROGRESS_AUTO) {
        bool is_dumb = g_strcmp0(g_getenv("TERM"), "dumb") == 0;
        mode = isatty(STDERR_FILENO) && !is_dumb ? LZ_PROGRESS_BAR : LZ_PROGRESS_LINES;
    }
    *view = (LzProgressView){.mode = mode, .wants_line = wants_line};
}

char *lz_progress_clock(LzTime time_ns)
{
    int64_t seconds = time_ns / LZ_NS_PER_S;
    int hours = (int)(seconds / 3600), minutes = (int)(seconds / 60 % 60), rest = (int)(seconds % 60);
    return hours > 0 ? g_strdup_printf("%d:%02d:%02d", hours, minutes, rest) : g_strdup_printf("%d:%02d", minutes, rest);
}

static char *describe(const LzProgress *progress)
{
    g_autofree char *now = lz_progress_clock(progress->now_ns);
    g_autofree char *end = lz_progress_clock(progress->end_ns);
    g_autofree char *window = progress->window ? g_ascii_strup(progress->window, -1) : g_strdup("");
    double wall_s = MAX(progress->wall_s, 1e-6);
    return g_strdup_printf("%s/%s virtual  %.0fx real  %.2f Mev/s  %u connected  %s", now, end,
                           (double)progress->now_ns / 1e9 / wall_s, (double)progress->events / 1e6 / wall_s,
                           progress->connected, window);
}

static void paint_bar(const LzProgress *progress)
{
    char bar[BAR_CELLS + 1];
    int filled = (int)(progress->now_ns * BAR_CELLS / MAX(progress->end_ns, 1));
    for (int i = 0; i < BAR_CELLS; i++) {
        bar[i] = i < filled ? '#' : i == filled ? '>' : '-';
    }
    bar[BAR_CELLS] = '\0';
    g_autofree char *text = describe(progress);
    fprintf(stderr, "\r\033[Krep %u/%u [%s] %s", progress->repetition, progress->repetitions, bar, text);
    fflush(stderr);
}

static void print_line(const LzProgress *progress)
{
    g_autofree char *text = describe(progress);
    fprintf(stderr, "rep %u/%u  %3d %%  %s\n", progress->repetition, progress->repetitions,
            (int)(progress->now_ns * 100 / MAX(progress->end_ns, 1)), text);
}

/* Lines at growing intervals: a log is for reading afterwards. */
static void show_lines(LzProgressView *view, const LzProgress *progress)
{
    static const unsigned percents[] = {1, 2, 5, 10, 20, 50, 100};
    if (view->repetition != progress->repetition) {
        view->repetition = progress->repetition;
        view->next_line = 0;
    }
    LzTime share = progress->now_ns * 100 / MAX(progress->end_ns, 1);
    if (view->next_line >= G_N_ELEMENTS(percents) || share < percents[view->next_line]) {
        return;
    }
    while (view->next_line < G_N_ELEMENTS(percents) && share >= percents[view->next_line]) {
        view->next_line++;
    }
    print_line(progress);
}

void lz_progress_show(void *self, const LzProgress *progress)
{
    LzProgressView *view = self;
    if (view->wants_line && *view->wants_line) {
        *view->wants_line = 0;
        lz_progress_clear(view);
        print_line(progress);
    }
    if (view->mode == LZ_PROGRESS_LINES) {
        show_lines(view, progress);
    } else if (view->mode == LZ_PROGRESS_BAR && g_get_monotonic_time() - view->painted_us >= REPAINT_US) {
        view->painted_us = g_get_monotonic_time();
        view->is_painted = true;
        paint_bar(progress);
    }
}

void lz_progress_clear(LzProgressView *view)
{
    if (view->is_painted) {
        fputs("\r\033[K", stderr);
        view->is_painted = false;
    }
}
