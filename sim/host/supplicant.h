/* 802.1X on the device's side: EAPOL with the switch, EAP-TLS (RFC 5216; with TLS 1.3 RFC 9190) with whoever stands behind it.
 * Private to sim/host. */
#ifndef SIM_HOST_SUPPLICANT_H
#define SIM_HOST_SUPPLICANT_H

#include "sim/host/host.h"

typedef struct LzSupplicant LzSupplicant;

/* settled() comes with each success and failure that the switch tells. */
LzSupplicant *lz_supplicant_new(LzHost *host, const LzHostOnboarding *options, void (*settled)(void *self, bool is_admitted),
                                void *self);
void lz_supplicant_free(LzSupplicant *supplicant);      /* accepts NULL */
/* Begins, or begins anew, with this credential; borrowed until the next one, or the end. */
void lz_supplicant_start(LzSupplicant *supplicant, LzCredential *credential);
/* From the next handshake on, whenever the switch asks for one. Likewise. */
void lz_supplicant_use(LzSupplicant *supplicant, LzCredential *credential);
void lz_supplicant_stop(LzSupplicant *supplicant);
void lz_supplicant_receive(LzSupplicant *supplicant, LzBytes frame);

#endif
