/* HL7 FHIR R4 (4.0.1) as JSON: an Observation as a device posts it, and an answer, of a wanted size. Whoever wants a body
 * smaller than the smallest gets the smallest. */
#ifndef LAZARET_PROTOCOL_FHIR_H
#define LAZARET_PROTOCOL_FHIR_H

#include "lazaret/probe.h"
#include "lazaret/protocol/wire.h"

typedef struct LzFhirObservation {
    LzMessageId message;                /* becomes the identifier's value */
    LzTime wall_ns;
    const char *device;                 /* "pump[7]" */
} LzFhirObservation;

/* Vital signs (LOINC codes, UCUM units) as components, then a sampled waveform, as many bytes as are wanted. */
void lz_fhir_write_observation(LzWriter *writer, const LzFhirObservation *observation, size_t size_bytes);
/* OperationOutcome: what a server answers beside its status. */
void lz_fhir_write_outcome(LzWriter *writer, size_t size_bytes);

#endif
