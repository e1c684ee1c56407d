/* Seeded random MQTT packets, and equality of packets: for the round-trip properties of the codec. */
#ifndef TESTS_LIB_MQTT_SAMPLES_H
#define TESTS_LIB_MQTT_SAMPLES_H

#include "lazaret/protocol/mqtt.h"
#include "lazaret/random.h"

/* A valid packet of the type; its strings live in `memory` (GBytes of the caller, freed with the array). */
LzMqttPacket lz_test_mqtt_packet(LzRandom *random, LzMqttVersion version, LzMqttType type, GPtrArray *memory);
/* An array for the above. */
GPtrArray *lz_test_mqtt_memory_new(void);
/* Fails the test when the two differ in any field. */
void lz_test_mqtt_assert_equal(const LzMqttPacket *a, const LzMqttPacket *b);
/* The packet's bytes; fails the test when it cannot be encoded. */
GByteArray *lz_test_mqtt_encode(const LzMqttPacket *packet);

#endif
