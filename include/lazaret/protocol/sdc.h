/* An event report as devices of IEEE 11073 SDC send it: SOAP 1.2 with WS-Addressing, in it an EpisodicMetricReport of
 * BICEPS (IEEE 11073-10207). Shaped like it for its size and nesting; descriptors, versions and signatures are not kept. */
#ifndef LAZARET_PROTOCOL_SDC_H
#define LAZARET_PROTOCOL_SDC_H

#include "lazaret/probe.h"
#include "lazaret/protocol/wire.h"

/* As many metric states as fit, then blanks up to the wanted size; never less than one state. */
void lz_sdc_write_report(LzWriter *writer, LzMessageId message, LzTime wall_ns, size_t size_bytes);

#endif
