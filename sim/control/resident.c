#include "sim/control/resident.h"

#include <glib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

uint64_t lz_resident_peak_bytes(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (uint64_t)usage.ru_maxrss * 1024;
}

/* proc(5), statm: size, then resident, in pages. */
uint64_t lz_resident_bytes(void)
{
    g_autofree char *text = NULL;
    if (!g_file_get_contents("/proc/self/statm", &text, NULL, NULL)) {
        return lz_resident_peak_bytes();
    }
    const char *pages = strchr(text, ' ');
    return pages ? g_ascii_strtoull(pages, NULL, 10) * (uint64_t)sysconf(_SC_PAGESIZE) : lz_resident_peak_bytes();
}
