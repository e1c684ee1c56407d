#include "lazaret/protocol/fhir.h"

#include "lazaret/protocol/text.h"

/* A component: the vital-sign profile's codes (FHIR R4, Vital Signs, table of 8.10.2); the values are examples. */
static const struct { const char *code, *display, *value, *unit; } vitals[] = {
    {"8867-4", "Heart rate", "72", "/min"},
    {"9279-1", "Respiratory rate", "16", "/min"},
    {"2708-6", "Oxygen saturation in Arterial blood", "97", "%"},
    {"8480-6", "Systolic blood pressure", "118", "mm[Hg]"},
    {"8462-4", "Diastolic blood pressure", "76", "mm[Hg]"},
    {"8478-0", "Mean blood pressure", "90", "mm[Hg]"},
    {"8310-5", "Body temperature", "37.1", "Cel"},
};

#define SAMPLED_BEGIN ",{\"code\":{\"coding\":[{\"system\":\"urn:iso:std:iso:11073:10101\",\"code\":\"131329\"," \
                      "\"display\":\"MDC_ECG_ELEC_POTL_II\"}]},\"valueSampledData\":{\"origin\":{\"value\":2048}," \
                      "\"period\":4,\"factor\":1.612,\"lowerLimit\":0,\"upperLimit\":4095,\"dimensions\":1,\"data\":\""
#define SAMPLED_END "\"}}"
#define SAMPLES "2041 2043 2037 2025 2027 2034 2033 2040 2047 2047 2053 2058 2064 2059 2063 2061 2052 2053 2038 "
#define END "]}"

static void write_begin(LzWriter *writer, const LzFhirObservation *observation)
{
    lz_write_text(writer, "{\"resourceType\":\"Observation\",\"identifier\":[{\"system\":\"urn:lazaret:test-data\",\"value\":\"");
    lz_write_text_mark(writer, observation->message);
    lz_write_text(writer, "\"}],\"status\":\"final\",\"category\":[{\"coding\":[{\"system\":"
                          "\"http://terminology.hl7.org/CodeSystem/observation-category\",\"code\":\"vital-signs\"}]}],"
                          "\"code\":{\"coding\":[{\"system\":\"http://loinc.org\",\"code\":\"85353-1\"}]},"
                          "\"subject\":{\"reference\":\"Patient/test\"},\"effectiveDateTime\":\"");
    lz_write_date(writer, observation->wall_ns, true);
    lz_write_text(writer, "\",\"device\":{\"display\":\"");
    lz_write_text(writer, observation->device);
    lz_write_text(writer, "\"},\"component\":[");
}

static void write_component(LzWriter *writer, unsigned index)
{
    lz_write_text(writer, index > 0 ? "," : "");
    lz_write_text(writer, "{\"code\":{\"coding\":[{\"system\":\"http://loinc.org\",\"code\":\"");
    lz_write_text(writer, vitals[index].code);
    lz_write_text(writer, "\",\"display\":\"");
    lz_write_text(writer, vitals[index].display);
    lz_write_text(writer, "\"}]},\"valueQuantity\":{\"value\":");
    lz_write_text(writer, vitals[index].value);
    lz_write_text(writer, ",\"system\":\"http://unitsofmeasure.org\",\"code\":\"");
    lz_write_text(writer, vitals[index].unit);
    lz_write_text(writer, "\"}}");
}

static size_t component_bytes(unsigned index)
{
    LzWriter writer = lz_writer_counting();
    write_component(&writer, index);
    return writer.size;
}

/* Blanks between the parts of JSON mean nothing. */
static void pad(LzWriter *writer, size_t from, size_t size_bytes, const char *end)
{
    const size_t written = writer->size - from + strlen(end);
    lz_write_filler(writer, size_bytes > written ? size_bytes - written : 0, " ");
    lz_write_text(writer, end);
}

void lz_fhir_write_observation(LzWriter *writer, const LzFhirObservation *observation, size_t size_bytes)
{
    const size_t from = writer->size;
    write_begin(writer, observation);
    unsigned count = 0;
    do {
        write_component(writer, count++);
    } while (count < sizeof vitals / sizeof *vitals &&
             writer->size - from + component_bytes(count) + strlen(END) <= size_bytes);
    const size_t written = writer->size - from + strlen(SAMPLED_BEGIN SAMPLED_END END);
    if (written < size_bytes) {
        lz_write_text(writer, SAMPLED_BEGIN);
        lz_write_filler(writer, size_bytes - written, SAMPLES);
        lz_write_text(writer, SAMPLED_END);
    }
    pad(writer, from, size_bytes, END);
}

void lz_fhir_write_outcome(LzWriter *writer, size_t size_bytes)
{
    const size_t from = writer->size;
    lz_write_text(writer, "{\"resourceType\":\"OperationOutcome\",\"issue\":[{\"severity\":\"information\",\"code\":\"informational\"}]");
    pad(writer, from, size_bytes, "}");
}
