/* The stable codes of every mistake that a scenario can hold. */
#include "sim/scenario/explain.h"

#include <string.h>

#include "sim/scenario/load.h"

const LzExplanation lz_explanations[] = {
    {"E001", "The file cannot be read: it does not exist, is a folder, or its permissions forbid it."},
    {"E002", "The file is larger than 1 MiB. A scenario describes fleets by their count; it does not list\n"
             "devices one by one."},
    {"E003", "The file is not UTF-8 text, or holds the character NUL. Save it as UTF-8."},
    {"E004", "The text is not YAML. The message says what the YAML reader stumbled over; the mistake is often a\n"
             "line above: a missing space behind a colon, an unclosed bracket or quote, a tab in the\n"
             "indentation."},
    {"E005", "Lists and mappings are nested deeper than 32 levels. No scenario needs that; the limit protects\n"
             "against hostile files."},
    {"E006", "Aliases (`*name`) expand to more than the limits allow: 10,000 expansions, 1,000 anchors,\n"
             "2,000,000 values."},
    {"E007", "An alias (`*name`) stands before its anchor (`&name`), or the anchor is misspelt. An anchor must\n"
             "be complete before it is used."},
    {"E008", "The file holds more than one YAML document (`---`). A scenario is one document."},
    {"E009", "Tags (`!name`), and keys that are not single words, have no meaning in a scenario."},
    {"E010", "The first key names the format of the file: `lazaret: 1` for a scenario, `lazaret-device: 1` for a\n"
             "device profile, `lazaret-cpu: 1` for a CPU class."},
    {"E011", "A key that does not exist here. Keys are never ignored, because a misspelt limit would then never\n"
             "be checked; to keep notes of your own in the file, begin the key with `x-`."},
    {"E012", "A key is given twice in one mapping. YAML readers keep either one silently; here it is an error."},
    {"E013", "A key that must be given is missing. The note says what it means."},
    {"E014", "A value of another shape was expected: a mapping, a list or a single value."},
    {"E015", "`include` is reserved, and not supported by this version. Anchors (`&name`) and merge keys (`<<:\n"
             "*name`) share parts of one file."},
    {"E016", "An override on the command line is written -s PATH=VALUE: keys joined by dots, items of a list by\n"
             "their name, as in -s fleet.pump.count=200 or -s network.links.backbone.delay='5 ms'."},
    {"E020", "A number was expected. Quantities are written as a plain decimal number and a unit: `1.5 ms`, `0.2\n"
             "%`; counts without unit."},
    {"E021", "Every quantity has a unit, because `3` may be milliseconds to one reader and seconds to the next."},
    {"E022", "A key stands without a value."},
    {"E023", "The unit is not one of this quantity's. Time: ns us ms s min h d year. Size: B kB MB GB KiB MiB\n"
             "GiB. Rate of bits: bit/s kbit/s Mbit/s Gbit/s, B/s kB/s MB/s GB/s. Share: %. Rate of events: /s\n"
             "/min /h /d. Frequency: Hz kHz MHz GHz. CPU: cores."},
    {"E024", "The value is outside its range; the message gives the limits."},
    {"E025", "Quantities are kept as whole numbers: times in ns, sizes in bytes, shares in parts per billion.\n"
             "This one is finer than that."},
    {"E026", "Only `true` and `false` are truth values; `yes`, `on` and `1` are not."},
    {"E027", "The value is not one of the words that this key knows."},
    {"E028", "A date is written 2026-03-02T06:00:00Z or 2026-03-02, always in UTC."},
    {"E029", "Names are 1 to 64 of a-z, 0-9 and `-`, so that they can stand in metrics, topics, file names and\n"
             "on the command line."},
    {"E030", "Each value is allowed by itself, but not beside the others of this model; the message names the\n"
             "rule."},
    {"E101", "No model of that name. `lazaret list` shows the models; `lazaret describe NAME` shows one with its\n"
             "parameters."},
    {"E102", "No zone of that name in `network: zones:`."},
    {"E103", "No link of that name in `network: links:`."},
    {"E104", "No device profile of that name: neither models/devices/NAME.yaml beside the scenario nor one that\n"
             "is compiled in."},
    {"E105", "No CPU class of that name: neither models/cpus/NAME.yaml beside the scenario nor one that is\n"
             "compiled in."},
    {"E106", "No service of that name in `services:`."},
    {"E107", "No fleet of that name in `fleet:`."},
    {"E108", "Names are unique within their kind; attacks and faults share one kind, because both name windows\n"
             "of time, and so do fleets and attacks, because both name hosts."},
    {"E109", "A link is either an access link (`zone:`), on which hosts hang, or a backbone (`from:` and `to:`),\n"
             "which joins two zones."},
    {"E110", "Hosts hang on an access link of their own zone; a capture on a link is of one between two zones."},
    {"E111", "Every zone must have a way to every service, over backbone links."},
    {"E112", "A backbone link joins two different zones."},
    {"E113", "The warm-up is part of the run's duration and must leave something to measure."},
    {"E114", "Each kind of fault needs to know what fails: switch-off a zone, link-down a link, service-down a\n"
             "service, power-loss a fleet; and nothing else."},
    {"E115", "All fleets together have more devices than the limit of 1,000,000."},
    {"E116", "No handshake could succeed: the lowest TLS version is above the highest, or what else `tls` asks for does not\n"
             "exist in the versions that it allows."},
    {"E118", "A topic holds a word in braces that nothing replaces ({zone}, {fleet}, {id} and {device} are\n"
             "replaced), or a wildcard, which MQTT allows only in a subscription [MQTT-3.3.2-2]."},
    {"E119", "No such device. Devices are named FLEET[N], N from 1 to the fleet's count: \"pump[7]\"."},
    {"E120", "The name inside a data file must be the file's name."},
    {"E121", "A building is written out as zones and links: one zone for each closet and core. A network has at most\n"
             "10,000 zones, and names have at most 64 characters, of which a building's zones add up to 20."},
    {"E122", "No such place. Places are what zones name under `places:`, and the wards, floors, buildings and sites of\n"
             "`network.buildings`: north, north-f2, north-f2-w1."},
    {"E123", "The devices of a fleet hang on one access link (`link:`) or on the access links of a place (`place:`), those\n"
             "with the label given under `access:` or else the first of each zone."},
    {"E124", "No such hosts. A segment's members, and those between whom a rule decides, are named as fleets, services or\n"
             "attacks; a rule may name a segment as well."},
    {"E125", "Segments are VLANs: a fleet, service or attack is in at most one, and what goes from one to another passes a\n"
             "router, which is a zone with `router: true`. Identifiers (`vlan:`) go from 2 to 4094, one for each segment."},
    {"E126", "Under `dhcp:`, `ntp:`, `dns:` and `onboarding:` a fleet names a service of that kind: what its devices need before they\n"
             "connect. So does a service under `revocation:`, one of kind cert-status."},
    {"E127", "No such connection. A flow's `connection` is one that its fleet makes under `connections:`; a flow without it is\n"
             "carried by `connect`."},
    {"E131", "A differentiated services code point is written by its name (df, le, cs1 to cs7, af11 to af43, va, ef;\n"
             "RFC 2474, 2597, 3246, 5865, 8622) or as a number from 0 to 63."},
    {"E141", "Onboarding by eap-tls-est needs a service of kind nac, which the switches ask, and one of kind registrar, from\n"
             "which devices get the site's certificate; by mab a nac alone. What devices that speak no TLS would do with a\n"
             "certificate nobody knows."},
    {"E142", "No rhythm of the day of that name: neither models/diurnals/NAME.yaml beside the scenario nor one that is\n"
             "compiled in (`lazaret list diurnals`)."},
    {"E143", "A flow's `diurnal` changes the intervals between its messages. A behaviour whose intervals are fixed, as those\n"
             "of a sampled signal, cannot follow it."},
    {"E144", "A rhythm of the day says which share of the day falls into each of its 24 hours, from midnight on: `hours:\n"
             "[1 %, 1 %, ...]`. The shares must make 100 % together, so that a flow's rate is that of the whole day."},
    {"E145", "No hospital of that name: neither models/hospitals/NAME.yaml beside the scenario nor one that is compiled in\n"
             "(`lazaret list hospitals`)."},
    {"E151", "A service with `tls: {revocation: {method: crl}}` (or ocsp) asks another whether its clients' certificates are still\n"
             "good: `from:` names it, and it is of kind cert-status."},
    {"E161", "`carried: flow` asks for messages of one size that come evenly or each at random, because only their times and\n"
             "sizes are known to the ports on their way. What a `bulk`, a `study` or a behaviour with bursts or jitter sends must be\n"
             "in packets: `carried: packet`."},
    {"E162", "A flow that is carried as a flow is no packet, so whatever stands on its way must be able to reckon with it: wired\n"
             "links with fifo or priority queues, switches whose ports have their own buffers, and firewalls. Every backbone link\n"
             "counts as on its way, because routes change. Give the link another queue, or the flow `carried: packet`."},
    {"E210", "No such metric. A metric is SCOPE.NAME.METRIC, as flow.alarm.latency or link.backbone.utilisation;\n"
             "the scopes run, tls, tcp and onboarding have no NAME, as tls.handshake.time. `lazaret list metrics` shows all; the\n"
             "note lists the names that this scenario has."},
    {"E212", "The metric does not have that statistic. Counters have count and rate (or mean, which is\n"
             "the same); samples mean, min, max, percentiles and count; levels mean, min, max, last and\n"
             "recover_time; ratios ratio and count."},
    {"E214", "An expectation needs a limit that can be broken: `min`, `max`, or both with min below max; or `vs`\n"
             "with `max_drop`, `max_rise` or both."},
    {"E215", "No such window of time. Windows are `always`, `warmup`, an attack or fault by name, `before NAME`,\n"
             "`recovery NAME`, or an interval within the run such as `2 min..5 min`."},
    {"E216", "recover_time needs `to` (the level that counts as recovered) and `after` (an attack or fault);\n"
             "other statistics have no `to`, and `during` and `after` exclude each other."},
    {"E217", "Only metrics of flow, tls and tcp are kept per fleet, and only for flows that the fleet has."},
    {"E218", "An expectation compares itself with the results of an earlier run by `vs: {baseline: DIR}` with\n"
             "`max_drop`, `max_rise` or both. DIR stands below the scenario's folder: it is relative, without\n"
             "`..`, and complete (not DIR.partial). recover_time cannot be compared."},
    {"E219", "`abort_on_fail: true` ends the run, with exit code 1, as soon as the expectation can no longer hold. An\n"
             "expectation of `severity: warn` never decides the exit code, so it cannot end the run."},
    {"E501", "The results directory holds a complete run. Give another one with -o, or replace it with --force:\n"
             "the old one stays until the new one is complete."},
    {"E502", "The directory is not a results directory (it has no manifest.json of lazaret), so it is not touched,\n"
             "not even with --force. Give another one with -o."},
    {"E503", "Another run that is still going writes to the same results directory."},
    {"E504", "The results that an expectation is compared with (`vs`) cannot be used: they are not there, lie\n"
             "outside the scenario's folder, are no tables of ours, or do not hold this metric, statistic and\n"
             "window. To make a baseline, run the scenario once without the expectation: -s expect=[]."},
    {"E510", "A file could not be written: no space left, a quota, or no permission. What was complete by then is\n"
             "kept in `DIRECTORY.partial`, and its manifest says `failed`. Exit code 3."},
    {"E511", "The run took more memory than --max-rss allows and stopped between two events. What it had measured by\n"
             "then is in the results, whose manifest says `interrupted` and why; the exit code is 3. `lazaret check`\n"
             "estimates a run's memory before it begins."},
    {"W301", "An attack or fault is cut off by the end of the run: its recovery cannot be seen."},
    {"W302", "An attack or fault never begins, because the run ends before."},
    {"W303", "The window has no length in this run: an expectation over it sees no sample, and fails."},
    {"W304", "A fleet and its service cannot speak to each other as they are written: their TLS versions do not meet, or\n"
             "only one of them speaks TLS at all. A run shows it; a typing error would too."},
    {"W305", "A device profile says all that a device can send; what a fleet really sends is what it has connections for. To\n"
             "have the flow, give the fleet `connections: {NAME: {to: SERVICE, client: ...}}`, or send it over `connect` by a\n"
             "flow of the same name, without `connection`, under `traffic:`."},
    {NULL, NULL},
};

const char *lz_explain(const char *code)
{
    for (const LzExplanation *row = lz_explanations; row->code; row++) {
        if (strcmp(row->code, code) == 0) {
            return row->text;
        }
    }
    return NULL;
}
