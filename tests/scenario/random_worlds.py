#!/usr/bin/env python3
"""Random valid scenarios that must run, and run alike: random_worlds.py LAZARET [--seeds A..B] [--keep DIR], prints TAP.

Each seed makes one small world: zones in a line, star or tree, wired and radio links good and bad, fleets of every
profile, a broker with limits, attacks, defences and overlapping faults; some have buildings, segments with firewalls between
them, redundant ways, datagrams, and DHCP, NTP and DNS that devices need. Of each run: it exits 0 or 1 (3 is a checker of
the world), a sanitizer says nothing, it ends in time, it has the same digest twice and from its own resolved scenario,
its SHA256SUMS are right, and tshark decrypts its capture to well-formed MQTT. A failing seed's scenario is kept."""
import argparse
import hashlib
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile

TIMEOUT_S = 120
PROFILES = ["infusion-pump", "patient-monitor", "smart-bed", "syringe-pump", "ventilator"]
CPUS = ["cortex-a53", "cortex-m33-150mhz", "cortex-m4-120mhz", "x86-server", "x86-server-mbedtls"]
TLS_RANGES = [{}, {}, {"min": "1.3"}, {"max": "1.2"}, {"min": "1.2", "max": "1.3"}]
KEYS = ["ecdsa-p256", "rsa-2048"]
TRACES = ["handshake", "session", "attack", "fault", "defence", "expect", "message-lost"]
CAPTURES_EVERY = 4      # seeds whose capture tshark reads: it takes longer than the run


class World:
    """The scenario of one seed, as a structure that JSON, and so YAML, can hold."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.seed = seed
        self.duration_ms = self.random.choice([1, 900, 5000, 10000, 20000, 30000, 45000, 60000])

    def chance(self, share):
        return self.random.random() < share

    def pick(self, *values):
        return self.random.choice(values)

    def some(self, mapping, share=0.3):
        """Every key with that chance; values are made only when taken."""
        return {key: make() for key, make in mapping.items() if self.chance(share)}

    def moment(self):
        """Often at an edge: at 0, at the end, after it."""
        edge = self.pick("0 ns", f"{self.duration_ms} ms", f"{self.duration_ms - 1} ms", f"{self.duration_ms + 1000} ms")
        return edge if self.chance(0.15) else f"{self.random.randrange(self.duration_ms * 1000)} us"

    def span(self):
        return f"{self.pick(1, 10, 200, 1500, 5000, self.duration_ms, 2 * self.duration_ms)} ms"

    # ---- network ----

    def delay_dist(self):
        return self.pick("0 ms", "3 ms", {"dist": "exponential", "mean": "2 ms"},
                         {"dist": "uniform", "min": "0 ms", "max": self.pick("0 ms", "40 ms")},
                         {"dist": "lognormal", "p50": "2 ms", "p99": self.pick("2 ms", "25 ms", "2 s")})

    def queue(self):
        if self.chance(0.4):
            return self.pick("1 B", "60 B", "1500 B", "3 kB", "64 kB", "1 MB")
        if self.chance(0.5):
            return {"model": "priority", "limit": self.pick("1 B", "2 kB", "128 kB")}
        if self.chance(0.5):
            return {"model": "fifo", "limit": self.pick("1600 B", "16 kB", "512 kB"), "limit_packets": self.pick(0, 1, 2, 50)}
        return self.managed_queue(self.chance(0.5))

    def managed_queue(self, may_hold_another):
        model = self.pick("cbs", "codel", "drr", "fq-codel", "priority", "red", "shaper", "policer")
        limit = self.pick("1 B", "2 kB", "16 kB", "512 kB")
        if model in ("shaper", "policer"):
            queue = {"model": model, "rate": self.pick("1 kbit/s", "1 Mbit/s", "50 Mbit/s"), "burst": self.pick("1 B", "1500 B", "30 kB"),
                     "queue": self.pick(limit, "fifo")}
            if may_hold_another:
                inner = self.managed_queue(False)
                queue["queue"] = inner if inner["model"] not in ("shaper", "policer") else limit
            return queue
        return {"model": model, "limit": limit, **{
            "cbs": {"idle_slope": "1 Mbit/s", "link_rate": "10 Mbit/s", "dscp": self.pick([], ["af21", 32])},
            "codel": {"target": self.pick("1 us", "5 ms"), "interval": self.pick("100 us", "100 ms"), "ecn": self.pick(True, False)},
            "drr": {"quantum": self.pick("64 B", "1542 B"), "by": self.pick("dscp", "pcp"), "turns": self.pick("bytes", "packets")},
            "fq-codel": {"flows": self.pick(1, 2, 1024), "quantum": self.pick("64 B", "1514 B"), "limit_packets": self.pick(1, 10, 10240)},
            "priority": {"by": self.pick("dscp", "pcp")},
            "red": {"min": self.pick(0, 5), "max": self.pick(6, 15), "weight": self.pick("0.2 %", "100 %"), "gentle": self.pick(True, False)},
        }[model]}

    def marking(self):
        return self.pick("none", "dscp", "pcp", {"trust": "none", "otherwise": "le", "rules": [
            {"name": "some", "port": self.pick(0, 8883), "protocol": self.pick("any", "tcp", "udp"), "mark": self.pick("ef", 18)}]})

    def wired(self, is_backbone):
        link = {"model": "wired"}
        link.update(self.some({
            "rate": lambda: self.pick("9600 bit/s", "256 kbit/s", "10 Mbit/s", "100 Mbit/s", "1 Gbit/s"),
            "delay": lambda: self.pick("500 ns", "1 us", "1 ms", "50 ms", "300 ms" if self.chance(0.3) else "5 ms"),
            "queue": self.queue}, 0.7))
        if self.chance(0.2):
            link["marking"] = self.marking()
        link.update(self.some({"jitter": self.delay_dist, "reorder": lambda: self.pick(True, False)}, 0.25))
        if self.chance(0.1 if is_backbone else 0.3):
            link["loss"] = self.pick("0.1 %", "1 %", "10 %", "50 %", "100 %")
        return link

    def cell(self):
        numerology = self.random.randrange(4)
        link = {"model": "nr", "numerology": numerology}
        link.update(self.some({
            "duplex": lambda: self.pick("fdd", "tdd"),
            "pattern": lambda: self.pick("DDDSU", "DU", "UD", "DDDDDDDSUU", "UUUD", "DSU"),
            "capability": lambda: self.pick("1", "2" if numerology < 3 else "1"),
            "uplink": lambda: self.pick("grant", "configured"),
            "sr_period": lambda: self.pick("125 us", "1 ms", "10 ms", "80 ms"),
            "cg_period": lambda: self.pick("0 ns", "5 ms", "640 ms"),
            "stagger": lambda: self.pick(True, False),
            "ue_processing": lambda: self.pick("0 ns", "100 ms"),
            "gnb_processing": lambda: self.pick("0 ns", "100 ms"),
            "n3_delay": lambda: self.pick("0 ns", "200 ms"),
            "ul_rate": lambda: self.pick("100 kbit/s", "1 Mbit/s", "1 Gbit/s"),
            "dl_rate": lambda: self.pick("100 kbit/s", "1 Mbit/s", "1 Gbit/s"),
            "header": lambda: self.pick("0 B", "100 B"),
            "first_grant": lambda: self.pick("1 B", "32 B", "1 kB"),
            "bler": lambda: self.pick("0 %", "50 %", "100 %"),
            "combining": lambda: self.pick("0 %", "100 %"),
            "transmissions": lambda: self.pick(1, 2, 32),
            "harq_slots": lambda: self.pick(1, 7, 80),
            "rlc": lambda: self.pick("um", "am"),
            "reassembly": lambda: self.pick("0 ns", "200 ms"),
            "rlc_attempts": lambda: self.pick(1, 32),
            "reordering": lambda: self.pick("1 ms", "3 s"),
            "inactivity": lambda: self.pick("1 ms", "500 ms", "10 s"),
            "queue": self.queue}, 0.25))
        return link

    def network(self):
        self.zones = [f"z{i}" for i in range(self.random.randint(1, 5))]
        self.access, links = [], {}
        shape = self.pick("line", "star", "tree")
        for i, zone in enumerate(self.zones):
            for j in range(self.random.randint(1, 2)):
                name = f"access-{i}-{j}"
                links[name] = dict(self.cell() if self.chance(0.3) else self.wired(False), zone=zone)
                self.access.append(name)
            if i:
                parent = {"line": i - 1, "star": 0, "tree": self.random.randrange(i)}[shape]
                ends = {"from": zone, "to": self.zones[parent]} if self.chance(0.5) else {"from": self.zones[parent], "to": zone}
                links[f"backbone-{i}"] = dict(self.wired(True), **ends)
        if len(self.zones) > 2 and self.chance(0.2):
            links["ring"] = dict(self.wired(True), **{"from": self.zones[0], "to": self.zones[-1]})
        links["rack"] = {"model": "wired", "zone": self.zones[0], "rate": "1 Gbit/s", "delay": "1 us"}
        self.access += ["rack"] * 2
        self.links = sorted(links)
        zones = {zone: {"forwarding": self.pick("0 ns", "5 us", "2 ms")} for zone in self.zones}
        return {"zones": zones if self.chance(0.5) else self.zones, "links": links}

    # ---- services ----

    def broker(self):
        service = {"kind": "mqtt-broker", "link": self.pick("rack", "rack", *self.access)}
        service.update(self.some({
            "port": lambda: self.pick(1, 1883, 8883, 65535),
            "cpu": lambda: self.pick(*CPUS),
            "cores": lambda: self.pick("1 core", "4 cores"),
            "backlog": lambda: self.pick(1, 2, 100),
            "handshake_timeout": lambda: self.pick("1 ms", "300 ms", "5 s"),
            "sessions_max": lambda: self.pick(1, 2, 5, 1000),
            "kept_sessions_max": lambda: self.pick(0, 1, 3),
            "publish_cost": lambda: self.pick("0 ns", "5 ms", "1 s"),
            "fan_out_cost": lambda: self.pick("0 ns", "20 ms"),
            "connect_cost": lambda: self.pick("0 ns", "100 ms", "3 s"),
            "subscribe_cost": lambda: self.pick("0 ns", "500 ms"),
            "control_cost": lambda: self.pick("0 ns", "10 ms"),
            "queue_max": lambda: self.pick(1, 2, 10),
            "packet_max": lambda: self.pick("16 B", "300 B", "2 kB"),
            "connect_timeout": lambda: self.pick("1 ms", "2 s"),
            "inflight_max": lambda: self.pick(1, 2),
            "subscriber_queue_max": lambda: self.pick(0, 1, 5),
            "send_buffer": lambda: self.pick("1 B", "1 kB"),
            "subscriptions_max": lambda: self.pick(0, 1, 2),
            "retained_max": lambda: self.pick(0, 1),
            "match_identity": lambda: self.pick(True, False)}, 0.15))
        tls = dict(self.pick(*TLS_RANGES)) if self.chance(0.5) else {}
        tls.update(self.some({
            "key": lambda: self.pick(*KEYS), "client_auth": lambda: self.pick("none", "required"),
            "resume": lambda: self.pick(True, False), "ticket_lifetime": lambda: self.pick("1 s", "7 d")}, 0.4))
        if self.chance(0.1):
            tls["enabled"] = False
        return dict(service, tls=tls) if tls else service

    # ---- fleets ----

    def flow(self, name, behaviour):
        flow = {"flow": name, "publish": self.pick("a", "ward/{zone}/{fleet}/{id}", "{device}/x", "shared/topic"),
                "behaviour": behaviour, "qos": self.random.randrange(3)}
        size = lambda: self.pick("24 B", "300 B", "5 kB", "60 kB" if self.chance(0.2) else "1 kB")
        if behaviour == "periodic":
            flow.update(size=size(), every=self.pick("40 ms", "1 s", "7 s"), jitter=self.pick("0 %", "30 %", "100 %"))
        elif behaviour == "poisson-alarm":
            flow.update(size=size(), rate=self.pick("1 /h", "20 /min", "5 /s"), burst=self.pick(1, 4), burst_gap=self.pick("1 ms", "1 s"))
        else:
            flow.update(sample_rate=self.pick("1 Hz", "250 Hz"), channels=self.pick(1, 12), block=self.pick("100 ms", "1 s"))
        flow.update(self.some({
            "deadline": lambda: self.pick("0 ns", "1 ms", "500 ms", "1 h"), "dscp": lambda: self.pick(0, 18, 46, 63),
            "criticality": lambda: self.pick("life", "administrative")}))
        return flow

    def traffic(self):
        known = {"alarm": "poisson-alarm", "status": "periodic", "wave": "waveform", "extra": "periodic"}
        return [self.flow(name, known[name]) for name in self.random.sample(sorted(known), self.random.randint(1, 3))]

    def connect(self):
        connect = {"to": self.pick(*self.services)}
        tls = dict(self.pick(*TLS_RANGES))
        tls.update(self.some({"key": lambda: self.pick(*KEYS), "resume": lambda: self.pick(True, False)}, 0.6))
        if self.chance(0.05):
            tls["enabled"] = False
        if tls:
            connect["tls"] = tls
        if self.chance(0.7):
            connect["start"] = self.pick({"spread": "2 s"}, {"spread": f"{2 * self.duration_ms} ms"}, "0 ns", "10 ms",
                                         {"dist": "exponential", "mean": "1 s"})
        if self.chance(0.2):
            is_short = self.duration_ms <= 5000         # a storm of handshakes costs real time
            connect.update(backoff="1 ms" if is_short else "100 ms", backoff_max=self.pick("100 ms" if is_short else "1 s", "5 s"))
        connect.update(self.some({
            "handshake_timeout": lambda: self.pick("1 ms", "1 s", "10 s"),
            "keepalive": lambda: self.pick("0 s", "1 s", "3 s", "5 ms"),
            "connack_timeout": lambda: self.pick("1 ms", "500 ms"),
            "jitter": lambda: self.pick("0 %", "50 %"),
            "clean_session": lambda: self.pick(True, False),
            "queue_max": lambda: self.pick(0, 1, 5),
            "inflight_max": lambda: self.pick(1, 3, 65000),
            "send_buffer": lambda: self.pick("1 B", "2 kB"),
            "subscribe": lambda: self.pick([], ["#"], ["shared/topic", "ward/+/+/1"], ["a"]),
            "subscribe_qos": lambda: self.random.randrange(3)}, 0.2))
        return connect

    def fleet(self, name):
        fleet = {"name": name, "profile": self.pick(*PROFILES), "link": self.pick(*self.access), "connect": self.connect()}
        fleet.update(self.some({"count": lambda: self.random.randint(1, 4), "cpu": lambda: self.pick(*CPUS),
                                "traffic": self.traffic}, 0.5))
        if self.chance(0.3):
            fleet["certificate"] = self.pick("valid", "expired", "not-yet-valid", "foreign-ca")
        return fleet

    # ---- what goes wrong ----

    def attack(self, name):
        attack = {"name": name, "kind": "tls-handshake-flood", "from": {"link": self.pick(*self.access), "hosts": self.random.randint(1, 3)},
                  "target": self.pick(*self.services), "at": self.moment(), "for": self.span(),
                  "rate": self.pick("1 /s", "20 /s", "60 /s")}
        attack.update(self.some({
            "spacing": lambda: self.pick("poisson", "even"), "hello": lambda: self.pick("fresh", "replayed"),
            "hold": lambda: self.pick("1 ms", "100 ms", "5 s"), "connections": lambda: self.pick(1, 3, 28000),
            "tls": lambda: dict(self.pick(*TLS_RANGES))}, 0.5))
        return attack

    def defence(self, name):
        return dict({"name": name, "kind": "source-rate-limit", "where": self.pick(*self.services)}, **self.some({
            "rate": lambda: self.pick("1 /min", "1 /s", "100 /s"), "burst": lambda: self.pick(1, 5),
            "block": lambda: self.pick("0 ns", "1 s", "1 h"), "sources": lambda: self.pick(1, 2, 100),
            "idle": lambda: self.pick("0 ns", "1 s"), "when_full": lambda: self.pick("admit", "refuse")}, 0.6))

    def fault(self, name):
        what = self.pick(("switch-off", "zone", self.zones, {}), ("link-down", "link", self.links, {}),
                         ("service-down", "service", self.services, {}),
                         ("power-loss", "fleet", self.fleets, {"boot": self.pick("1 ms", "2 s")}),
                         ("power-loss", "zone", self.zones, {}),
                         ("loss-burst", "link", self.links, {"loss": self.pick("0.1 %", "30 %", "100 %")}),
                         ("delay-step", "link", self.links, {"delay": self.pick("1 ns", "50 ms", "3 s")}),
                         ("clock-skew", "fleet", self.fleets, {"skew": self.pick("-1 h", "1 ms", "900 d")}))
        drawn = {"dist": "exponential", "mean": self.span()}
        fault = {"name": name, "kind": what[0], what[1]: self.pick(*what[2]), "at": self.moment(),
                 "for": self.pick(self.span(), drawn)}
        fault.update(what[3])
        fault.update(self.some({"flap": lambda: {"down": self.span(), "up": self.pick(self.span(), drawn)}}, 0.3))
        return fault

    def expectations(self, faults):
        windows = ["always", "warmup", f"0 ms..{self.duration_ms} ms"] + faults + ["before " + name for name in faults]
        asked = [("run.devices.connected", "max", "100000"), ("tls.handshake.time", "p99", "1 h"),
                 ("link.rack.utilisation", "mean", "100 %"), ("service.broker.cpu", "max", "100 %"),
                 ("fleet.f0.connected", "last", "100 %"), ("tls.handshake.refused", "ratio", "100 %")]
        expect = [{"name": f"e{i}", "metric": metric, "stat": stat, "max": limit, "during": self.pick(*windows)}
                  for i, (metric, stat, limit) in enumerate(asked) if self.chance(0.4)]
        if faults and self.chance(0.5):
            expect.append({"name": "recovers", "metric": "service.broker.availability", "stat": "recover_time", "to": "50 %",
                           "after": self.pick(*faults), "max": "1 h", "severity": self.pick("warn", "fail")})
        return expect

    # ---- what is drawn beside that, so that older seeds keep their worlds ----

    def building(self, plan):
        """A tower beside the zones, with some of the fleets in it."""
        cores = self.pick(1, 2)
        building = {"floors": self.pick(1, 3), "wards": self.pick(1, 2), "closets": self.pick(1, 2), "cores": cores,
                    "access": {"wired": self.wired(False), "air": self.pick(self.cell(), self.wired(False))},
                    "uplink": self.wired(True)}
        building.update(self.some({"core": lambda: {"router": self.pick(True, False), "buffer": self.pick("10 kB", "4 MB")},
                                   "closet": lambda: {"buffer": self.pick("3 kB", "1 MB"), "ports": self.pick(1, 24)},
                                   "site": lambda: "site"}, 0.5))
        network = plan["network"]
        network["buildings"] = {"tower": building}
        for core in range(1, cores + 1):
            if core == 1 or self.chance(0.7):
                network["links"][f"tower-way-{core}"] = dict(self.wired(True), **{
                    "from": "tower-core" if cores == 1 else f"tower-core-{core}", "to": self.pick(*self.zones)},
                    cost=self.pick(1, 10))
        for fleet in plan["fleet"]:
            if self.chance(0.5):
                del fleet["link"]
                fleet.update(place=self.pick("tower", "tower-f1", "tower-f1-w1"), access=self.pick("wired", "air"))

    def needs(self, plan):
        for name, kind in (("names", "dns"), ("leases", "dhcp"), ("clock", "ntp")):
            plan["services"][name] = dict({"kind": kind, "link": self.pick("rack", *self.access)}, **self.some({
                "cost": lambda: self.pick("0 ns", "10 ms"), "queue_max": lambda: self.pick(1, 100)}))
            plan["faults"] += [dict({"name": f"no-{name}", "kind": "service-down", "service": name, "at": self.moment(),
                                     "for": self.span()})] * self.chance(0.4)
        plan["services"]["leases"].update(self.some({"lease": lambda: self.pick("2 s", "1 d")}, 0.5))
        for fleet in plan["fleet"]:
            fleet.update(self.some({"dns": lambda: "names", "dhcp": lambda: "leases", "ntp": lambda: "clock",
                                    "clock_error": lambda: self.pick("1 ms", "800 d")}, 0.5))

    def segments(self, plan):
        zones = plan["network"]["zones"] = {zone: dict(more) for zone, more in plan["network"]["zones"].items()} \
            if isinstance(plan["network"]["zones"], dict) else {zone: {} for zone in plan["network"]["zones"]}
        for zone in self.random.sample(sorted(zones), self.random.randint(1, len(zones))):
            zones[zone]["router"] = True
        members = self.fleets + sorted(plan["services"]) + [attack["name"] for attack in plan["attacks"]]
        plan["segments"] = {name: dict({"members": []}, **self.some({"vlan": lambda: number})) for number, name in
                            ((100, "red"), (4094, "green"), (7, "blue"))}
        for member in members:
            if self.chance(0.8):
                plan["segments"][self.pick("red", "green", "blue")]["members"].append(member)
        names = members + ["red", "green", "blue"]
        for i in range(self.pick(0, 1, 2)):
            plan["defences"].append(dict({"name": f"wall-{i}", "kind": "firewall", "where": self.pick(*self.zones, *self.services),
                                          "rules": [self.rule(n, names) for n in range(self.pick(0, 1, 4))]}, **self.some({
                "otherwise": lambda: self.pick("allow", "deny"), "connections": lambda: self.pick(1, 2, 1000),
                "when_full": lambda: self.pick("refuse", "replace"), "picks_up": lambda: self.pick(True, False),
                "opening": lambda: self.pick("1 ms", "2 min"), "established": lambda: self.pick("1 s", "5 d"),
                "datagram": lambda: self.pick("1 ms", "30 s")}, 0.5)))

    def rule(self, number, names):
        return dict({"name": f"rule-{number}"}, **self.some({
            "from": lambda: self.pick(*names), "to": lambda: self.pick(*names), "protocol": lambda: self.pick("any", "tcp", "udp"),
            "port": lambda: self.pick(53, 67, 123, 8883), "action": lambda: self.pick("allow", "deny")}, 0.5))

    def datagrams(self, plan):
        plan["services"]["drain"] = {"kind": "sink", "link": self.pick("rack", *self.access), "tls": {"enabled": False}}
        plan["fleet"].append({"name": "waves", "profile": "patient-monitor", "link": self.pick(*self.access),
                              "count": self.random.randint(1, 3), "pcp": self.pick(0, 5, 7),
                              "connect": {"to": "drain", "client": "datagram", "tls": {"enabled": False}}})

    def more(self, plan):
        self.random = random.Random(f"{self.seed}/more")
        for part, share in ((self.building, 0.35), (self.datagrams, 0.3), (self.needs, 0.35), (self.segments, 0.4)):
            if self.chance(share):
                part(plan)
        if self.chance(0.4):
            plan["network"]["convergence"] = self.pick("1 ns", "500 ms", "40 s")
        backbones = [name for name, link in plan["network"]["links"].items() if "from" in link]
        if backbones and self.chance(0.3):
            plan["record"]["pcapng"]["link"] = self.pick(*backbones)
        return plan

    def scenario(self):
        plan = {"lazaret": 1, "name": f"random-{self.seed}", "live": {"bind": "off"},
                "run": {"seed": self.random.randrange(1 << 31), "duration": f"{self.duration_ms} ms"}, "network": self.network()}
        if self.chance(0.3):
            plan["run"]["warmup"] = f"{self.pick(0, self.duration_ms // 2, max(self.duration_ms - 1, 0))} ms"
        plan["run"].update(self.some({"repeat": lambda: self.pick(1, 2), "crypto_cost": lambda: self.pick("0 %", "20 %", "400 %")}, 0.2))
        plan["services"] = self.services = {name: self.broker() for name in ["broker", "second"][:self.pick(1, 1, 2)]}
        self.services = sorted(self.services)
        self.fleets = [f"f{i}" for i in range(self.random.randint(1, 4))]
        plan["fleet"] = [self.fleet(name) for name in self.fleets]
        if self.chance(0.3):
            plan["pki"] = self.some({"issuing": lambda: self.pick(*KEYS), "intermediates": lambda: self.random.randrange(4),
                                     "device_lifetime": lambda: self.pick("1 s", "1 d")}, 0.5)
        attacks = [f"attack-{i}" for i in range(self.pick(0, 0, 1, 2))]
        faults = [f"fault-{i}" for i in range(self.pick(0, 1, 2, 4, 8))]
        defences = [f"defence-{i}" for i in range(self.pick(0, 0, 1, 2))]
        plan["attacks"] = [self.attack(name) for name in attacks]
        plan["faults"] = [self.fault(name) for name in faults]
        plan["defences"] = [self.defence(name) for name in defences]
        plan["expect"] = self.expectations(attacks + faults)
        fleet = self.random.choice(plan["fleet"])
        plan["record"] = {"pcapng": {"fleet": fleet["name"], "first": fleet.get("count", 1), "secrets": "embed"},
                          "series": {"every": self.pick("10 ms", "1 s", "1 h")},
                          "events": self.random.sample(TRACES, self.random.randint(0, len(TRACES)))}
        return self.more(plan)


# ---- judging ----

class Trouble(Exception):
    pass


def run(lazaret, *words):
    """Standard output of a run that exits 0 or 1; all else is trouble."""
    command = [lazaret, "run", *words]
    try:
        done = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=TIMEOUT_S)
    except subprocess.TimeoutExpired:
        raise Trouble(f"{' '.join(command)}: not done after {TIMEOUT_S} s") from None
    said = [line for line in done.stderr.splitlines() if "Sanitizer" in line or "runtime error" in line or "CRITICAL" in line]
    if done.returncode not in (0, 1) or said:
        raise Trouble(f"{' '.join(command)}: exit {done.returncode}: {' | '.join(said) or done.stderr[-400:]}")
    return done.stdout


def check_sums(out):
    with open(os.path.join(out, "SHA256SUMS")) as sums:
        for line in sums:
            value, name = line.split()
            with open(os.path.join(out, name), "rb") as file:
                if hashlib.sha256(file.read()).hexdigest() != value:
                    raise Trouble(f"SHA256SUMS is wrong about {name}")


def tls_ports(plan):
    return {service.get("port", 8883) for service in plan["services"].values() if service.get("tls", {}).get("enabled", True)}


def check_capture(plan, out):
    """Readable by its secrets, nothing malformed. Application data before a gap in the capture cannot be judged."""
    if not os.path.exists(os.path.join(out, "capture.pcapng")):
        return                      # none of its devices had a packet
    ports = tls_ports(plan)
    fleet = next(fleet for fleet in plan["fleet"] if fleet["name"] == plan["record"]["pcapng"]["fleet"])
    is_plain = not fleet["connect"].get("tls", {}).get("enabled", True)
    command = ["tshark", "-r", os.path.join(out, "capture.pcapng"), "-o", "tcp.check_checksum:TRUE",
               "-o", "ip.check_checksum:TRUE", "-o", "tcp.reassemble_out_of_order:TRUE"]
    for port in sorted(ports):
        command += ["-d", f"tcp.port=={port},tls", "-d", f"tls.port=={port},mqtt"]
    filters = ["_ws.malformed", "ip.checksum.status == 0 || tcp.checksum.status == 0"]
    if not is_plain and "link" not in plan["record"]["pcapng"]:      # there, attackers pass, whose secrets nobody has
        filters.append("tls.record.content_type == 23 && !mqtt && !tls.segment.data")
    for display_filter in filters:
        done = subprocess.run(command + ["-Y", display_filter], capture_output=True, text=True, stdin=subprocess.DEVNULL)
        if done.returncode != 0 or done.stdout:
            raise Trouble(f"tshark: {display_filter}: {done.stdout.splitlines()[:3]} {done.stderr[-200:]}")


def judge(lazaret, seed, folder, has_tshark):
    plan = World(seed).scenario()
    path, out = os.path.join(folder, f"random-{seed}.yaml"), os.path.join(folder, f"out-{seed}")
    with open(path, "w") as file:
        json.dump(plan, file, indent=1)
    first = run(lazaret, path, "--print-digest")
    if run(lazaret, path, "--print-digest", "--check") != first:
        raise Trouble("a second run has another digest")
    run(lazaret, path, "-q", "--no-plots", "-o", out)
    check_sums(out)
    if run(lazaret, os.path.join(out, "scenario.resolved.yaml"), "--print-digest") != first:
        raise Trouble("the resolved scenario has another digest")
    if has_tshark and seed % CAPTURES_EVERY == 0:
        check_capture(plan, out)
    shutil.rmtree(out)
    os.unlink(path)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("lazaret")
    parser.add_argument("--seeds", default="1..15", help="first and last seed, as 1..500")
    parser.add_argument("--keep", help="where a failing seed's scenario is left (default: a new temporary folder)")
    options = parser.parse_args()
    first, last = (int(word) for word in options.seeds.split(".."))
    folder = options.keep or tempfile.mkdtemp(prefix="lazaret-random-")
    os.makedirs(folder, exist_ok=True)
    has_tshark = shutil.which("tshark") is not None
    print(f"1..{last - first + 1}")
    failures = 0
    for number, seed in enumerate(range(first, last + 1), 1):
        try:
            judge(options.lazaret, seed, folder, has_tshark)
            print(f"ok {number} - seed {seed}", flush=True)
        except Trouble as trouble:
            failures += 1
            print(f"not ok {number} - seed {seed}", flush=True)
            print(f"# {trouble}\n# {folder}/random-{seed}.yaml; again: random_worlds.py LAZARET --seeds {seed}..{seed}", flush=True)
    if not failures and not options.keep:
        shutil.rmtree(folder)
    return 1 if failures else 0


sys.exit(main())
