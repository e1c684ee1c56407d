/* Verdicts as JUnit XML. GitLab shows `classname` as the suite and ignores properties, file and line: so the
 * scenario goes in `classname`, and location and replay command stand in the failure's text as well. */
#include "sim/output/text.h"
#include "sim/output/verdict.h"

static void append_attribute(GString *xml, const char *name, const char *value)
{
    g_autofree char *escaped = lz_text_xml(value ? value : "");
    g_string_append_printf(xml, " %s=\"%s\"", name, escaped);
}

static void append_count(GString *xml, const char *name, uint64_t value)
{
    g_string_append_printf(xml, " %s=\"%" G_GUINT64_FORMAT "\"", name, value);
}

static void append_seconds(GString *xml, double seconds)
{
    char text[G_ASCII_DTOSTR_BUF_SIZE];
    g_string_append_printf(xml, " time=\"%s\"", g_ascii_formatd(text, sizeof text, "%.3f", seconds));
}

static void append_property(GString *xml, const char *name, const char *value)
{
    g_string_append(xml, "   <property");
    append_attribute(xml, "name", name);
    append_attribute(xml, "value", value);
    g_string_append(xml, "/>\n");
}

static void append_properties(GString *xml, const LzVerdicts *all)
{
    g_autofree char *seed = g_strdup_printf("%" G_GINT64_FORMAT, all->plan->run.seed);
    g_autofree char *virtual_s =
        g_strdup_printf("%" G_GINT64_FORMAT, all->plan->run.duration_ns / LZ_NS_PER_S * all->plan->run.repeat);
    g_string_append(xml, "  <properties>\n");
    append_property(xml, "seed", seed);
    append_property(xml, "run_id", all->run_id);
    append_property(xml, "virtual_s", virtual_s);
    g_string_append(xml, "  </properties>\n");
}

static bool is_failure(const LzVerdicts *all, unsigned index)
{
    return all->verdicts[index].state != LZ_VERDICT_HELD && !all->expectations[index].is_warning;
}

/* Location, what was seen, where it is and how to see it again. */
static char *explanation(const LzVerdicts *all, unsigned index)
{
    const LzExpectation *expectation = &all->expectations[index];
    const LzVerdict *verdict = &all->verdicts[index];
    g_autofree char *summary = lz_verdict_summary(all->plan, expectation, verdict);
    g_autofree char *replay = lz_verdict_replay(all->plan, verdict);
    g_autoptr(GString) text = g_string_new(NULL);
    g_string_append_printf(text, "%s:%u: %s: %s", expectation->file ? expectation->file : "", expectation->line,
                           expectation->name, summary);
    g_autofree char *head = lz_text_xml(text->str);
    g_autofree char *path = all->results_path ? lz_text_xml(all->results_path) : NULL;
    g_autofree char *command = lz_text_xml(replay);
    return g_strconcat(head, path ? "\nresults: " : "", path ? path : "", "\nreplay: ", command, NULL);
}

static void append_case(GString *xml, const LzVerdicts *all, unsigned index, double seconds)
{
    const LzExpectation *expectation = &all->expectations[index];
    const LzVerdict *verdict = &all->verdicts[index];
    g_string_append(xml, "  <testcase");
    append_attribute(xml, "classname", all->plan->name.text);
    append_attribute(xml, "name", expectation->name);
    append_attribute(xml, "file", expectation->file);
    append_count(xml, "line", expectation->line);
    append_seconds(xml, seconds);
    if (verdict->state == LZ_VERDICT_HELD) {
        g_string_append(xml, "/>\n");
        return;
    }
    g_autofree char *body = explanation(all, index);
    if (!is_failure(all, index)) {
        g_string_append_printf(xml, ">\n   <system-out>warning: %s</system-out>\n  </testcase>\n", body);
        return;
    }
    g_autofree char *summary = lz_verdict_summary(all->plan, expectation, verdict);
    g_string_append(xml, ">\n   <failure");
    append_attribute(xml, "type", verdict->state == LZ_VERDICT_NO_SAMPLE ? "no-sample" : "expectation");
    append_attribute(xml, "message", summary);
    g_string_append_printf(xml, ">%s</failure>\n  </testcase>\n", body);
}

static void append_totals(GString *xml, const LzVerdicts *all, double wall_s)
{
    uint64_t failures = 0;
    for (unsigned i = 0; i < all->count; i++) {
        failures += is_failure(all, i);
    }
    append_count(xml, "tests", all->count);
    append_count(xml, "failures", failures);
    g_string_append(xml, " errors=\"0\" skipped=\"0\"");
    append_seconds(xml, wall_s);
}

char *lz_verdicts_junit(const LzVerdicts *all, double wall_s, int64_t timestamp_unix_s)
{
    GString *xml = g_string_new("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"lazaret\"");
    g_autoptr(GDateTime) moment = g_date_time_new_from_unix_utc(timestamp_unix_s);
    g_autofree char *timestamp = moment ? g_date_time_format(moment, "%Y-%m-%dT%H:%M:%SZ") : NULL;
    append_totals(xml, all, wall_s);
    g_string_append(xml, ">\n <testsuite");
    append_attribute(xml, "name", all->plan->name.text);
    append_totals(xml, all, wall_s);
    append_attribute(xml, "timestamp", timestamp);
    append_attribute(xml, "hostname", "localhost");
    g_string_append(xml, ">\n");
    append_properties(xml, all);
    for (unsigned i = 0; i < all->count; i++) {
        append_case(xml, all, i, wall_s / all->count);
    }
    g_string_append(xml, " </testsuite>\n</testsuites>\n");
    return g_string_free(xml, FALSE);
}
