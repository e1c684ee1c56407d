/* lazaret describe: what one model, device profile, CPU class or hospital is, with every parameter and source. */
#include <stdio.h>

#include "sim/cli/command.h"
#include "sim/scenario/hospital.h"

#define BEDS_USUAL 500

int lz_cli_describe(int argc, char **argv)
{
    int beds = BEDS_USUAL;
    const GOptionEntry entries[] = {
        {"beds", 0, 0, G_OPTION_ARG_INT, &beds, "Of a hospital: the inventory of so many (default 500)", "N"},
        G_OPTION_ENTRY_NULL,
    };
    if (!lz_cli_options(
            "NAME...",
            "Examples:\n  lazaret describe fifo\n  lazaret describe infusion-pump\n  lazaret describe hospital --beds 250\n",
            entries, &argc, &argv)) {
        return LZ_EXIT_USAGE;
    }
    if (argc < 2) {
        fputs("lazaret: error: describe what? (`lazaret list` shows what there is)\n", stderr);
        return LZ_EXIT_USAGE;
    }
    if (beds < 1 || beds > LZ_HOSPITAL_BEDS_MAX) {
        fprintf(stderr, "lazaret: error: --beds %d: a hospital has 1 to %d\n", beds, LZ_HOSPITAL_BEDS_MAX);
        return LZ_EXIT_USAGE;
    }
    for (int i = 1; i < argc; i++) {
        bool is_hospital = g_str_equal(argv[i], "hospital");
        g_autofree char *hospital = lz_hospital_describe(is_hospital ? NULL : argv[i], (unsigned)beds);
        g_autofree char *text = hospital ? g_steal_pointer(&hospital) : lz_describe(argv[i]);
        if (!text) {
            fprintf(stderr, "lazaret: error: nothing is named `%s`; `lazaret list` shows what there is\n", argv[i]);
            return LZ_EXIT_USAGE;
        }
        fputs(text, stdout);
    }
    return LZ_EXIT_OK;
}
