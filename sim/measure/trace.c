/* The recorded events of a run: rows of interned strings. */
#include "sim/measure/trace.h"

static const char *const kind_names[] = {
    [LZ_TRACE_HANDSHAKE] = "handshake", [LZ_TRACE_SESSION] = "session", [LZ_TRACE_ATTACK] = "attack",
    [LZ_TRACE_FAULT] = "fault", [LZ_TRACE_DEFENCE] = "defence", [LZ_TRACE_EXPECT] = "expect",
    [LZ_TRACE_MESSAGE_LOST] = "message-lost",
};
G_STATIC_ASSERT(G_N_ELEMENTS(kind_names) == LZ_TRACE_KIND_COUNT);
G_STATIC_ASSERT(LZ_TRACE_KIND_COUNT <= 32);     /* bits of LzTraceLog.kinds */

const char *lz_trace_kind_name(LzTraceKind kind)
{
    g_assert(kind < LZ_TRACE_KIND_COUNT);
    return kind_names[kind];
}

void lz_trace_log_init(LzTraceLog *log, uint32_t kinds)
{
    *log = (LzTraceLog){
        .kinds = kinds,
        .rows = g_array_new(FALSE, FALSE, sizeof(LzTraceRow)),
        .exchanges = g_array_new(FALSE, FALSE, sizeof(LzExchangeRow)),
        .strings = g_string_chunk_new(4096),
    };
}

void lz_trace_log_clear(LzTraceLog *log)
{
    g_array_unref(log->rows);
    g_array_unref(log->exchanges);
    g_string_chunk_free(log->strings);
    *log = (LzTraceLog){0};
}

static const char *intern(LzTraceLog *log, const char *text)
{
    return text ? g_string_chunk_insert_const(log->strings, text) : NULL;
}

void lz_trace_log_add(LzTraceLog *log, LzTraceRow *row)
{
    row->sequence = log->sequence++;
    if (!(log->kinds & UINT32_C(1) << row->kind) || log->rows->len >= LZ_TRACE_ROWS_MAX) {
        return;
    }
    LzTraceRow kept = *row;
    kept.device = intern(log, row->device);
    kept.peer = intern(log, row->peer);
    kept.flow = intern(log, row->flow);
    kept.detail = intern(log, row->detail);
    g_array_append_val(log->rows, kept);
}

void lz_trace_log_add_exchange(LzTraceLog *log, const LzExchangeRow *row)
{
    if (log->exchanges->len >= LZ_TRACE_ROWS_MAX) {
        return;
    }
    LzExchangeRow kept = *row;
    kept.device = intern(log, row->device);
    kept.outcome = intern(log, row->outcome);
    g_array_append_val(log->exchanges, kept);
}
