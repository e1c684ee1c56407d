/* The firewall as a model by itself: rules in order, connections that are known, time-outs, a full table. */
#include <glib.h>
#include <string.h>

#include "lazaret/defence.h"
#include "sim/net/address_book.h"
#include "tests/lib/test_config.h"

extern const LzModel lz_defence_model_firewall;

#define PUMP 0x0a000101u
#define LAPTOP 0x0a000102u
#define BROKER 0x0a000201u
#define VIEWER 0x0a000202u

typedef struct Rule {                   /* as in firewall.c */
    LzText name, from, to;
    int protocol;
    int64_t port, port_to;
    int action;
} Rule;

typedef struct Wall {
    const LzDefenceOps *ops;
    void *config, *state;
    LzAddressBook *book;
} Wall;

static void add_host(LzAddressBook *book, LzAddress address, const char *segment, const char *owner)
{
    LzGroup in = lz_address_book_group(book, segment);
    in = in ? in : lz_address_book_add_group(book, segment);
    lz_address_book_add(book, address, in, lz_address_book_add_group(book, owner));
}

static void setting(Wall *wall, const char *field, double value)
{
    lz_test_config_set(&lz_defence_model_firewall, wall->config, field, value);
}

static void wall_begin(Wall *wall)
{
    const LzEnv env = {.seed = 1};
    const LzDefenceContext context = {"wall", wall->book, NULL};
    wall->state = g_malloc0(lz_defence_model_firewall.state_size);
    wall->ops->init(wall->state, wall->config, &env, 0);
    wall->ops->begin(wall->state, &context);
}

/* Devices may reach the broker on 8883 and all servers by UDP 5000 to 5009; the laptop nothing. */
static Wall wall_new(void)
{
    static Rule rules[] = {
        {.name = {.text = "no-laptop"}, .from = {.text = "laptop"}, .action = 1},
        {.name = {.text = "mqtt"}, .from = {.text = "devices"}, .to = {.text = "broker"}, .protocol = 1, .port = 8883},
        {.name = {.text = "syslog"}, .from = {.text = "devices"}, .to = {.text = "servers"}, .protocol = 2, .port = 5000, .port_to = 5009},
    };
    Wall wall = {.ops = lz_defence_model_firewall.ops, .config = lz_test_config_new(&lz_defence_model_firewall)};
    *(LzList *)lz_test_config_field(&lz_defence_model_firewall, wall.config, "rules") = (LzList){rules, G_N_ELEMENTS(rules)};
    wall.book = lz_address_book_new(0x0a000000, 1024);
    add_host(wall.book, PUMP, "devices", "pump");
    add_host(wall.book, LAPTOP, "devices", "laptop");
    add_host(wall.book, BROKER, "servers", "broker");
    add_host(wall.book, VIEWER, "servers", "viewer");
    g_assert_null(lz_defence_model_firewall.check(wall.config));
    return wall;
}

static void wall_free(Wall *wall)
{
    wall->ops->clear(wall->state);
    g_free(wall->state);
    g_free(wall->config);
    lz_address_book_free(wall->book);
}

typedef struct Ports { uint16_t from, to; } Ports;

static bool passes(Wall *wall, LzAddress from, LzAddress to, Ports ports, int flags, LzTime now_ns)
{
    LzPacket packet = {.source = from, .destination = to, .source_port = ports.from, .destination_port = ports.to,
                       .protocol = flags < 0 ? LZ_IP_UDP : LZ_IP_TCP, .tcp_flags = flags < 0 ? 0 : (uint8_t)flags};
    return wall->ops->admit(wall->state, &packet, now_ns);
}

#define SYN LZ_TCP_SYN
#define ACK LZ_TCP_ACK
#define UDP_PACKET (-1)
#define MQTT ((Ports){50000, 8883})
#define BACK ((Ports){8883, 50000})

static void test_rules_in_order(void)
{
    Wall wall = wall_new();
    wall_begin(&wall);
    g_assert_true(passes(&wall, PUMP, BROKER, MQTT, SYN, 0));
    g_assert_false(passes(&wall, LAPTOP, BROKER, MQTT, SYN, 0));
    g_assert_false(passes(&wall, PUMP, VIEWER, MQTT, SYN, 0));
    g_assert_false(passes(&wall, PUMP, BROKER, ((Ports){50000, 1883}), SYN, 0));
    g_assert_false(passes(&wall, BROKER, PUMP, MQTT, SYN, 0));          /* only devices begin */
    g_assert_true(passes(&wall, PUMP, VIEWER, ((Ports){1, 5000}), UDP_PACKET, 0));
    g_assert_true(passes(&wall, PUMP, VIEWER, ((Ports){1, 5009}), UDP_PACKET, 0));
    g_assert_false(passes(&wall, PUMP, VIEWER, ((Ports){1, 5010}), UDP_PACKET, 0));
    g_assert_true(passes(&wall, PUMP, LAPTOP, MQTT, SYN, 0));           /* within a segment it sees nothing */
    wall_free(&wall);
}

static void test_connections(void)
{
    Wall wall = wall_new();
    wall_begin(&wall);
    g_assert_false(passes(&wall, BROKER, PUMP, BACK, SYN | ACK, 0));
    g_assert_false(passes(&wall, PUMP, BROKER, MQTT, ACK, 0));          /* in its middle */
    g_assert_true(passes(&wall, PUMP, BROKER, MQTT, SYN, 0));
    g_assert_true(passes(&wall, BROKER, PUMP, BACK, SYN | ACK, 1));
    g_assert_true(passes(&wall, PUMP, BROKER, MQTT, ACK, 2));
    g_assert_false(passes(&wall, BROKER, PUMP, ((Ports){8883, 50001}), ACK, 2));
    g_assert_true(passes(&wall, BROKER, PUMP, BACK, ACK, LZ_SECONDS(3600)));        /* established: days */
    g_assert_true(passes(&wall, BROKER, PUMP, BACK, LZ_TCP_RST | ACK, LZ_SECONDS(3601)));
    g_assert_true(passes(&wall, PUMP, BROKER, MQTT, ACK, LZ_SECONDS(3720)));
    g_assert_false(passes(&wall, PUMP, BROKER, MQTT, ACK, LZ_SECONDS(3840)));       /* 120 s after the last */
    wall_free(&wall);
}

/* Both sides close, and the ports are used again at once. */
static void test_closing(void)
{
    Wall wall = wall_new();
    wall_begin(&wall);
    g_assert_true(passes(&wall, PUMP, BROKER, MQTT, SYN, 0));
    g_assert_true(passes(&wall, PUMP, BROKER, MQTT, ACK, 1));
    g_assert_true(passes(&wall, PUMP, BROKER, MQTT, LZ_TCP_FIN | ACK, 2));
    g_assert_true(passes(&wall, BROKER, PUMP, BACK, ACK, LZ_SECONDS(1000)));        /* half closed: still established */
    g_assert_true(passes(&wall, BROKER, PUMP, BACK, LZ_TCP_FIN | ACK, LZ_SECONDS(1001)));
    g_assert_true(passes(&wall, PUMP, BROKER, MQTT, SYN, LZ_SECONDS(1002)));
    g_assert_true(passes(&wall, PUMP, BROKER, MQTT, ACK, LZ_SECONDS(1003)));
    g_assert_true(passes(&wall, PUMP, BROKER, MQTT, ACK, LZ_SECONDS(3000)));
    wall_free(&wall);
}

static void test_timeouts(void)
{
    Wall wall = wall_new();
    setting(&wall, "opening_ns", 5e9);
    setting(&wall, "datagram_ns", 30e9);
    setting(&wall, "datagram_answered_ns", 120e9);
    wall_begin(&wall);
    const Ports log = {40000, 5000}, answer = {5000, 40000};
    g_assert_true(passes(&wall, PUMP, BROKER, MQTT, SYN, 0));
    g_assert_false(passes(&wall, BROKER, PUMP, BACK, SYN | ACK, LZ_SECONDS(5)));
    g_assert_true(passes(&wall, PUMP, BROKER, log, UDP_PACKET, LZ_SECONDS(10)));
    g_assert_false(passes(&wall, BROKER, PUMP, answer, UDP_PACKET, LZ_SECONDS(40)));
    g_assert_true(passes(&wall, PUMP, BROKER, log, UDP_PACKET, LZ_SECONDS(50)));
    g_assert_true(passes(&wall, BROKER, PUMP, answer, UDP_PACKET, LZ_SECONDS(51)));
    g_assert_true(passes(&wall, BROKER, PUMP, answer, UDP_PACKET, LZ_SECONDS(170)));
    g_assert_false(passes(&wall, BROKER, PUMP, answer, UDP_PACKET, LZ_SECONDS(290)));
    wall_free(&wall);
}

/* Two places: refused when full, or the never-answered gives way; the established never does. */
static void test_full_table(void)
{
    for (int replaces = 0; replaces < 2; replaces++) {
        Wall wall = wall_new();
        setting(&wall, "connections", 2);
        setting(&wall, "when_full", replaces);
        wall_begin(&wall);
        g_assert_true(passes(&wall, PUMP, BROKER, ((Ports){1, 8883}), SYN, 0));
        g_assert_true(passes(&wall, PUMP, BROKER, ((Ports){1, 8883}), ACK, 1));
        g_assert_true(passes(&wall, PUMP, BROKER, ((Ports){2, 8883}), SYN, 2));
        g_assert_cmpint(passes(&wall, PUMP, BROKER, ((Ports){3, 8883}), SYN, 3), ==, replaces);
        g_assert_true(passes(&wall, PUMP, BROKER, ((Ports){1, 8883}), ACK, 4));
        g_assert_cmpint(passes(&wall, PUMP, BROKER, ((Ports){2, 8883}), ACK, 5), ==, !replaces);
        wall_free(&wall);
    }
}

static void test_picks_up(void)
{
    Wall wall = wall_new();
    setting(&wall, "picks_up", 1);
    setting(&wall, "otherwise", 0);
    wall_begin(&wall);
    g_assert_true(passes(&wall, PUMP, BROKER, MQTT, ACK, 0));
    g_assert_true(passes(&wall, BROKER, PUMP, ((Ports){8883, 60000}), ACK, 0));
    g_assert_false(passes(&wall, LAPTOP, BROKER, MQTT, ACK, 0));
    wall_free(&wall);
}

static void test_rules_that_cannot_be(void)
{
    Rule rules[] = {{.name = {.text = "a"}, .port = 10, .port_to = 9}, {.name = {.text = "b"}}};
    void *config = lz_test_config_new(&lz_defence_model_firewall);
    LzList *list = lz_test_config_field(&lz_defence_model_firewall, config, "rules");
    *list = (LzList){rules, 2};
    g_autofree char *backwards = lz_defence_model_firewall.check(config);
    g_assert_cmpstr(backwards, ==, "rule a ends at port 9, before it begins");
    rules[0] = rules[1];
    g_autofree char *twice = lz_defence_model_firewall.check(config);
    g_assert_cmpstr(twice, ==, "two rules are named b");
    g_free(config);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/firewall/rules-in-order", test_rules_in_order);
    g_test_add_func("/firewall/connections", test_connections);
    g_test_add_func("/firewall/closing", test_closing);
    g_test_add_func("/firewall/timeouts", test_timeouts);
    g_test_add_func("/firewall/full-table", test_full_table);
    g_test_add_func("/firewall/picks-up", test_picks_up);
    g_test_add_func("/firewall/rules-that-cannot-be", test_rules_that_cannot_be);
    return g_test_run();
}
