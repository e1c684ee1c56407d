#include "lazaret/protocol/sdc.h"

#include "lazaret/protocol/text.h"

#define BEGIN \
    "<?xml version=\"1.0\" encoding=\"UTF-8\"?><s12:Envelope xmlns:s12=\"http://www.w3.org/2003/05/soap-envelope\"" \
    " xmlns:wsa=\"http://www.w3.org/2005/08/addressing\" xmlns:msg=\"http://standards.ieee.org/downloads/11073/11073-10207-2017/message\"" \
    " xmlns:pm=\"http://standards.ieee.org/downloads/11073/11073-10207-2017/participant\"" \
    " xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\"><s12:Header><wsa:Action s12:mustUnderstand=\"true\">" \
    "http://standards.ieee.org/downloads/11073/11073-20701-2018/StateEventService/EpisodicMetricReport</wsa:Action><wsa:MessageID>urn:lazaret:"
#define MIDDLE "</wsa:MessageID></s12:Header><s12:Body><msg:EpisodicMetricReport SequenceId=\"urn:lazaret:test-data\"><msg:ReportPart>"
#define END "</msg:ReportPart></msg:EpisodicMetricReport></s12:Body></s12:Envelope>"

static void write_state(LzWriter *writer, unsigned index, LzTime wall_ns)
{
    lz_write_text(writer, "<msg:MetricState xsi:type=\"pm:NumericMetricState\" DescriptorHandle=\"metric-");
    lz_write_decimal(writer, index, 4);
    lz_write_text(writer, "\" ActivationState=\"On\"><pm:MetricValue DeterminationTime=\"");
    lz_write_decimal(writer, (uint64_t)(wall_ns / 1000000), 13);
    lz_write_text(writer, "\" Value=\"");
    lz_write_decimal(writer, 60 + index % 40, 2);
    lz_write_text(writer, "\"><pm:MetricQuality Validity=\"Vld\"/></pm:MetricValue></msg:MetricState>");
}

void lz_sdc_write_report(LzWriter *writer, LzMessageId message, LzTime wall_ns, size_t size_bytes)
{
    const size_t from = writer->size;
    lz_write_text(writer, BEGIN);
    lz_write_text_mark(writer, message);
    lz_write_text(writer, MIDDLE);
    LzWriter state = lz_writer_counting();
    write_state(&state, 0, wall_ns);
    unsigned count = 0;
    do {
        write_state(writer, count % 10000, wall_ns);
        count++;
    } while (writer->size - from + state.size + strlen(END) <= size_bytes && !writer->failed);
    const size_t written = writer->size - from + strlen(END);
    lz_write_filler(writer, size_bytes > written ? size_bytes - written : 0, " ");
    lz_write_text(writer, END);
}
