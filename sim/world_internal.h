/* What world_build.c makes and world.c runs. */
#ifndef SIM_WORLD_INTERNAL_H
#define SIM_WORLD_INTERNAL_H

#include "lazaret/attack.h"
#include "lazaret/defence.h"
#include "lazaret/service.h"
#include "sim/core/scheduler.h"
#include "sim/core/workers.h"
#include "sim/host/device.h"
#include "sim/host/status_client.h"
#include "sim/measure/check_time.h"
#include "sim/net/access_port.h"
#include "sim/net/guard.h"
#include "sim/net/marker.h"
#include "sim/net/mud_book.h"
#include "sim/net/packet.h"
#include "sim/net/segment.h"
#include "sim/net/switch.h"
#include "sim/net/tap.h"
#include "sim/world.h"

#define LZ_REPORT_EVERY_NS LZ_SECONDS(1)        /* levels of links, services and fleets */

#define LZ_ADDRESS_BASE UINT32_C(0x0a000000)    /* 10.0.0.0/8, RFC 1918 */
#define LZ_ADDRESS_BITS 24u

typedef struct Switch {
    LzSwitch *switch_;
    LzAddress prefix;
    uint32_t hosts;                     /* addresses given out */
    LzSharedBuffer buffer;              /* limit 0: every port has its own */
    GPtrArray *guards;                  /* LzGuard that everything passes, the first first; NULL: none */
    LzAuthenticator *authenticator;     /* NULL: its ports admit everybody */
    struct SwitchSeen *seen;            /* capture; NULL: none */
} Switch;

typedef struct Zone {
    const LzZonePlan *plan;
    unsigned first, count;              /* its switches, in LzWorld.switches: one, or what its ports require */
    uint32_t hosts;
    unsigned holds;                     /* faults that keep its switches without power */
} Zone;

typedef struct Medium {                 /* a link of the plan */
    const LzLinkPlan *plan;
    LzLink *link;
    LzMarking marking;
    LzMarker *markers;                  /* 2 * station + direction; NULL: it marks nothing */
    unsigned zone, to;                  /* index: of its zone; of the two that a backbone joins */
    unsigned stations, attached;
    unsigned holds;                     /* faults that keep it down */
} Medium;

/* What stands between a host and its station, both ways. */
typedef struct Attachment {
    LzTap *tap_in, *tap_out;            /* capture; NULL: none */
    void *secrets;                      /* who shows those of TLS; NULL: nobody */
    LzTagger *tagger;                   /* NULL: frames have no tag */
    GPtrArray *guards;                  /* LzGuard, innermost first; NULL: none */
} Attachment;

typedef struct Service {
    LzWorld *world;
    const LzServicePlan *plan;
    LzHost *host;
    Attachment attachment;
    LzCredential *credential;
    LzTlsProfile *tls;
    LzTlsProfile **segment_tls;         /* by segment: for its members in the place of tls; NULL: none is stricter */
    LzStatusClient *status;             /* NULL: it does not ask about certificates */
    void *state;
    LzScope scope;
    unsigned zone;
    LzTcpOptions tcp;
    unsigned devices, connected;        /* legitimate devices that use it */
    unsigned holds;                     /* faults that keep it down */
} Service;

typedef struct FleetConnection {        /* of its devices, beside their first */
    Service *service;
    LzTlsProfile *tls;                  /* NULL: plain TCP */
} FleetConnection;

typedef struct Fleet {
    LzWorld *world;
    const LzFleetPlan *plan;
    Service *service;
    LzDeviceFlow *flows;
    unsigned flow_count;
    LzHostNeeds needs;                  /* of its devices */
    LzTlsProfile *tls;                  /* of the first connection of all its devices; NULL: plain TCP */
    LzConnect connect;                  /* of that connection, but for the device's credential */
    FleetConnection *more;              /* plan->connections.count */
    LzDeviceConnection *more_options;   /* the same as devices see them */
    LzTlsProfile *onboarding_tls;       /* with the two below; NULL: not at all */
    Service *nac, *registrar;           /* NULL: they ask none */
    char *mud_file;                     /* NULL: nobody has asked for it */
    LzTime *free_at_ns;                 /* technicians; NULL: there are none, or nobody has called them */
    LzScope scope, tls_scope, onboarding_scope;
    LzTcpOptions tcp;
    uint64_t *warmup_bytes;             /* of each device: acknowledged during the warm-up; NULL: there is none */
    unsigned connected;
    LzTime busy_ns;                     /* CPU time of all devices at the last report */
} Fleet;

typedef struct Onboarding {             /* of one device */
    struct Device *device;
    LzAccessPort *port;
    struct Device *victim;              /* whom it pretends to be; NULL: nobody */
    LzCredential *device_id;            /* NULL: it has none */
    LzHostOnboarding options;           /* of a device that does it by itself */
    bool is_bad, has_begun, is_enrolled, was_admitted, was_ready;
    LzTime begun_ns;
    LzRandom random;                    /* of the people who do it by hand; then the next two */
    LzEvent handling, correction;
} Onboarding;

typedef struct Device {
    Fleet *fleet;
    LzDevice *device;
    LzHost *host;
    const char *name;
    Attachment attachment;
    LzCredential *credential;           /* NULL: speaks no TLS, or gets its certificate by itself */
    Onboarding *onboarding;             /* NULL: it is in the network from the start */
    LzEvent start;
    LzTime start_ns;
    const Medium *medium;
    unsigned zone;
    unsigned holds;                     /* faults that keep power from it */
    bool has_started;                   /* since then it is on while it has power, once it has booted */
    bool is_cut;                        /* without power by lz_world_fleet_power() */
} Device;

typedef struct Attack {
    LzWorld *world;
    const LzAttackPlan *plan;
    LzHost **hosts;
    unsigned host_count;
    LzTlsProfile *tls;
    void *state;
    LzEvent start, stop;
    bool is_running;
} Attack;

typedef struct Fault {
    LzWorld *world;
    const LzFaultPlan *plan;
    LzEvent start, stop, flap;
    LzRandom random;                    /* of its flapping */
    bool is_running, is_down;           /* down: it fails now; a flapping one comes and goes */
    uint32_t times;                     /* that it went down */
} Fault;

typedef struct LzWorldRevocation LzWorldRevocation;
typedef struct LzWorldBackground LzWorldBackground;

struct LzWorld {
    const LzPlan *plan;
    uint64_t seed;
    LzWorldObserver observer;
    LzScheduler *scheduler;
    LzPacketPool *packets;
    LzWorkers *workers;                 /* NULL: one thread does everything */
    LzProbes *probes;
    LzDigest digest;
    LzPki *pki, *manufacturer;          /* the latter NULL: nobody asks for its certificates */
    LzSite site;
    LzMudBook *mud;
    LzWorldRevocation *revocation;      /* NULL: no certificate is taken back, nor asked about */
    GHashTable *bought, *bought_by_address;     /* Device, by name and address; look-up only; NULL: none is onboarded */
    Zone *zones;
    Switch *switches;                   /* zone by zone */
    unsigned switch_count;
    Medium *media;
    Service *services;
    Fleet *fleets;
    Device *devices;
    Attack *attacks;
    Fault *faults;
    unsigned device_count;
    unsigned host_bits;                 /* of a switch's prefix */
    GPtrArray *names;                   /* char *: of devices and attackers */
    LzAddressBook *addresses;
    GHashTable *segment_of;             /* name of a fleet, service or attack -> LzGroup, look-up only */
    GPtrArray *segment_ports;           /* LzSegmentPort */
    GPtrArray *link_taps;               /* LzTap; NULL: no link is captured */
    GHashTable *by_name;                /* host name -> LzHost, look-up only */
    GHashTable *legitimate;             /* addresses of services and devices, look-up only */
    LzScope run_scope;
    LzEvent report;
    LzLaws laws;
    LzStreamCheck *streams;             /* observes all hosts; NULL: nobody watches */
    LzTimeCheck time_check;
    LzWorldBackground *background;      /* flows that are not in packets; NULL: there are none */
    LzEvent reroute;                    /* the network has noticed that it changed */
    LzWindowPlan *windows;              /* the plan's, with this repetition's times */
    unsigned connected;
    bool is_finished;
};

static inline LzEnv lz_world_env(const LzWorld *world, const char *entity)
{
    return (LzEnv){world->scheduler, world->packets, world->probes, world->seed, lz_entity_id(entity)};
}

#define LZ_PLAN_ITEMS(list, Type) ((const Type *)(list).items)

/* Fills an empty world from its plan. */
gboolean lz_world_build(LzWorld *world, GError **error);
void lz_world_build_faults(LzWorld *world);
/* The service of that name, which the loader has checked. */
Service *lz_world_service(LzWorld *world, const char *name);
/* Of a server when there is a credential: clients bring theirs along with each connection. */
LzTlsProfile *lz_world_tls_profile(LzWorld *world, const LzTlsPlan *tls, LzCredential *credential, const char *entity,
                                   GError **error);
/* Where the fleet's devices connect to, and how; its service and flows are known. */
gboolean lz_world_build_connections(LzWorld *world, Fleet *fleet, GError **error);
bool lz_world_fleet_speaks_tls(const Fleet *fleet);
Service *lz_world_service_of_connection(const Fleet *fleet, unsigned connection);
void lz_world_clear_connections(Fleet *fleet);
/* Segments, and defences in the switches of zones. First the address book, with all groups; then, as hosts come,
 * each into it; output: where the host sends to, returned as it is or behind its segment's port. */
/* In world_network.c: from the numbers of hosts on each medium to switches with their addresses; then the media. */
gboolean lz_world_build_switches(LzWorld *world, GError **error);
void lz_world_build_media(LzWorld *world);
Medium *lz_world_medium(LzWorld *world, const char *name);
/* What a switch queues at this station and direction lies in its buffer. */
void lz_world_set_buffer(const Medium *medium, unsigned station, LzDirection direction, Switch *from);
void lz_world_build_addresses(LzWorld *world);
LzElement *lz_world_join_segment(LzWorld *world, const char *owner, LzAddress address, LzElement *output);
void lz_world_build_zone_guards(LzWorld *world);
LzGuard *lz_world_guard_new(LzWorld *world, const LzDefencePlan *plan, LzElement *next);
/* Onboarding: of the world, of each fleet, each device and its port; see world_onboarding.c. */
const LzSite *lz_world_build_site(LzWorld *world);
gboolean lz_world_build_manufacturer(LzWorld *world, GError **error);
gboolean lz_world_build_fleet_onboarding(LzWorld *world, Fleet *fleet, GError **error);
gboolean lz_world_build_onboarding(LzWorld *world, Device *device, unsigned number, GError **error);
LzAccessPort *lz_world_add_port(Onboarding *onboarding, Switch *one, LzAddress address, LzElement *to_device, bool is_captured);
char *lz_world_mud_url(const LzFleetPlan *plan);
void lz_world_enforce_mud(LzWorld *world, const Device *device, const char *url);
void lz_world_note_device(LzWorld *world, Device *device);
void lz_world_onboarded(void *owner, LzOnboardingEvent event);
void lz_world_onboarding_began(Device *device);         /* it is switched on for the first time */
bool lz_world_onboarding_holds(const Device *device);   /* nobody has got to it yet */
void lz_world_onboarding_ready(Device *device);
void lz_world_onboarding_free(Onboarding *onboarding);  /* accepts NULL */
void lz_world_free_authenticator(Switch *one);
/* world_revocation.c: as LzSite has it; taking certificates back; devices as they come and go; who asks about them, for a service
 * that has its TLS. */
void lz_world_issued(void *owner, const char *name, uint64_t serial);
const LzRevoked *lz_world_revoked(void *owner, unsigned *ret_count);
bool lz_world_is_barred(void *owner, const char *name);
bool lz_world_uses_revocation(const LzWorld *world);
void lz_world_revoke(LzWorld *world, const LzFaultPlan *fault);
void lz_world_note_standing(LzWorld *world, const Device *device);      /* when it is built */
void lz_world_note_presence(const Device *device, bool is_in);          /* admitted, or no more, as one of the site's */
void lz_world_session_opened(void *owner, const char *name);            /* of LzPeerPolicy; owner: the service */
void lz_world_build_status(LzWorld *world, Service *service);
void lz_world_clear_revocation(LzWorld *world);
LzAddress lz_world_address_of(void *owner, const char *service);        /* 0: it is not there yet */
/* world_tls.c: names as the enums whose words they are, each once; whether an exchange is written out. */
LzTlsChoices lz_tls_choices(const LzNameList *names, const char *const *words);
bool lz_tls_plan_has(const LzTlsPlan *tls, LzTlsExchange exchange);
/* What segments ask of their members, in front of a service: its host's options; then, when it has a profile, the profiles
 * beside it. own: options of the service's; NULL: it speaks in the clear. */
LzPeerPolicy lz_world_policy(Service *service);
gboolean lz_world_build_policy(LzWorld *world, Service *service, const LzTlsProfileOptions *own, GError **error);
void lz_world_clear_policy(Service *service);
/* Fills the tables of all switches by what works now. */
void lz_world_route(LzWorld *world);
void lz_world_topology_changed(LzWorld *world);
/* world_background.c: flows that are not in packets, of all fleets; a device's connection opened or ended; the network is
 * not what it was. */
void lz_world_build_background(LzWorld *world);
void lz_world_free_background(LzWorld *world);          /* the devices are gone */
void lz_world_background_ready(Device *device, unsigned connection, bool is_ready);
void lz_world_background_changed(LzWorld *world);
/* Puts a device on or off, as its power is now. */
void lz_world_device_update(Device *device);
void lz_world_device_ready(void *owner, LzDevice *device, unsigned connection, bool is_ready);
/* In world_capture.c. Each returns the tap in front of the element, or the element when nobody observes. name lives as
 * long as the world. */
LzElement *lz_world_tap_output(LzWorld *world, const char *name, Attachment *attachment, LzElement *output);
LzElement *lz_world_tap_input(LzWorld *world, const char *name, Attachment *attachment, LzElement *input);
LzElement *lz_world_tap_link(LzWorld *world, const Medium *medium, LzDirection direction, LzElement *sink);
void lz_world_show_secrets(LzWorld *world, const char *name, LzHost *host, Attachment *attachment);
void lz_world_attachment_clear(Attachment *attachment);
/* Reads the plan's marking of a link whose zones have their addresses. */
void lz_world_build_marking(const LzWorld *world, Medium *medium);
void lz_world_clear_marking(Medium *medium);
/* Where what leaves the link there goes: to a switch, past the marker of this edge if it has one. */
LzElement *lz_world_marked(const Medium *medium, unsigned station, LzDirection direction, LzElement *switch_input);

#endif
